"""Agreements: terms come from the decision, bind both sides, and close for good."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from staithe.base.errors import BadInput, Conflict, Damaged, NotAllowed, NotSignedIn
from staithe.ledger.models import Event
from staithe.people.models import Membership, Notice
from staithe.sharing import actions
from staithe.sharing.grant import compile_terms
from staithe.sharing.models import Agreement
from staithe.sharing.output_rules import OutputRules
from staithe.sharing.terms import get_stored_terms


START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEXT_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def last_event(name):
    event = Event.objects.filter(name__startswith="sharing:").order_by("-number")[0]
    assert event.name == name
    return event, json.loads(event.body)


def told(person, words):
    return Notice.objects.filter(person=person, title__contains=words).exists()


def stored(agreement):
    return get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)


def test_terms_are_drafted_from_the_decision_and_not_from_the_request(cast, story):
    flow = story.waiting()
    actions.add_project_member(
        project=flow.request.project, person=cast.bob, by=cast.ann, at=START
    )
    story.decide(flow, "agree-in-part", conditions="Only in the safe room.")
    agreement = story.offered(flow)
    terms = stored(agreement)
    assert terms.columns == ("sector",)
    assert terms.link_columns == ("surname", "born")
    assert terms.people == (cast.ann.ledger_id, cast.bob.ledger_id)
    assert (terms.holder, terms.recipient) == ("revenue", "statistics")
    assert terms.route_citation == "DEA 2017 s64"
    assert terms.conditions == "Only in the safe room."
    assert (terms.starts_on, terms.ends_on) == (date(2026, 1, 6), date(2026, 12, 31))
    assert terms.output == OutputRules()
    assert told(cast.ann, "Revenue offers terms")
    event, body = last_event("sharing:agreement:offered")
    assert event.subject == agreement.ledger_id
    assert body["terms_sha256"] == agreement.terms_sha256
    assert (body["holder"], body["recipient"]) == ("revenue", "statistics")


def test_the_terms_compile_to_the_grant_that_the_holder_decided(cast, story):
    grant = compile_terms(stored(story.offered(output_policy={"threshold": 20})))
    assert grant.columns == ("sector", "pay_band")
    assert grant.output.threshold == 20
    assert grant.closes_at == datetime(2027, 1, 1, tzinfo=UTC)


def test_copies_are_kept_no_shorter_than_the_agreement_runs(cast, story):
    request = story.ready()
    actions.edit_request(
        request=request, retention_until=date(2027, 6, 1), by=cast.ann, at=START
    )
    actions.submit_request(request=request, by=cast.ann, at=START)
    flow = request.flows.get()
    story.decide(flow)
    assert stored(story.offered(flow)).retention_until == date(2027, 6, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_on": date(2026, 1, 6)}, "ends_on"),
        ({"ends_on": date(2046, 1, 6)}, "terms"),
        ({"output_policy": {"threshold": 1}}, "output"),
        ({"onward": "anyone"}, "terms"),
    ],
)
def test_terms_that_make_no_sense_are_not_offered(story, changes, field):
    flow = story.agreed()
    with pytest.raises(BadInput) as refusal:
        story.offered(flow, **changes)
    assert refusal.value.field == field
    assert not Agreement.objects.exists()


@pytest.mark.parametrize("who", ["ann", "ada", "ben", "vera", "zed"])
def test_only_the_holder_offers_terms(cast, story, who):
    flow = story.agreed()
    with pytest.raises(NotAllowed):
        story.offered(flow, by=getattr(cast, who))


def test_terms_are_offered_once_and_only_after_a_yes(cast, story):
    flow = story.waiting()
    with pytest.raises(Conflict):
        story.offered(flow)
    story.decide(flow)
    story.offered(flow)
    with pytest.raises(Conflict):
        story.offered(flow)
    refused = story.sent(cast.claims).flows.get()
    story.decide(refused, "refuse", by=cast.ben)
    with pytest.raises(Conflict):
        story.offered(refused, by=cast.ben)


def test_the_recipient_accepts_what_it_read_and_the_holder_is_told(cast, story):
    agreement = story.offered()
    actions.accept_agreement(
        agreement=agreement,
        seen_sha256=agreement.terms_sha256,
        by=cast.bob,
        at=START + DAY,
    )
    assert (agreement.state, agreement.accepted_by) == ("in-force", cast.bob)
    assert told(cast.olive, "Statistics accepts your terms")
    _, body = last_event("sharing:agreement:accepted")
    assert body["terms_sha256"] == agreement.terms_sha256
    with pytest.raises(Conflict):
        actions.accept_agreement(agreement=agreement, by=cast.bob, at=START + DAY)


@pytest.mark.parametrize("who", ["olive", "sam", "ben", "vera", "zed"])
def test_only_the_recipient_accepts(cast, story, who):
    agreement = story.offered()
    with pytest.raises(NotAllowed):
        actions.accept_agreement(agreement=agreement, by=getattr(cast, who), at=START)
    with pytest.raises(NotSignedIn):
        actions.accept_agreement(agreement=agreement, by=None, at=START)


def test_who_offered_the_terms_cannot_accept_them_for_the_other_side(cast, story):
    agreement = story.offered()
    Membership.objects.create(
        person=cast.olive,
        organisation=cast.statistics,
        role="analyst",
        created_at=START,
    )
    with pytest.raises(NotAllowed, match="someone else must accept"):
        actions.accept_agreement(agreement=agreement, by=cast.olive, at=START)


def test_terms_other_than_those_read_or_run_out_are_not_accepted(cast, story):
    agreement = story.offered()
    with pytest.raises(Conflict, match="have changed"):
        actions.accept_agreement(
            agreement=agreement, seen_sha256="0" * 64, by=cast.ann, at=START
        )
    with pytest.raises(Conflict, match="run out"):
        actions.accept_agreement(agreement=agreement, by=cast.ann, at=NEXT_YEAR)
    agreement.refresh_from_db()
    assert agreement.state == "offered"


def test_terms_altered_in_the_database_are_not_accepted(cast, story):
    agreement = story.offered()
    terms = agreement.terms | {"columns": ["sector", "pay_band", "year"]}
    Agreement.objects.update(terms=terms)
    with pytest.raises(Damaged):
        actions.accept_agreement(agreement=agreement, by=cast.ann, at=START)


def test_the_holder_revokes_with_a_reason_and_the_project_is_told(cast, story):
    agreement = story.in_force()
    with pytest.raises(BadInput) as refusal:
        actions.revoke_agreement(
            agreement=agreement, reason=" ", by=cast.olive, at=START + 3 * DAY
        )
    assert refusal.value.field == "reason"
    actions.revoke_agreement(
        agreement=agreement, reason="A breach.", by=cast.sam, at=START + 3 * DAY
    )
    assert (agreement.state, agreement.end_reason) == ("revoked", "A breach.")
    assert told(cast.ann, "Revenue revokes")
    _, body = last_event("sharing:agreement:revoked")
    assert "breach" not in json.dumps(body)
    for act in (
        lambda: actions.revoke_agreement(
            agreement=agreement, reason="x", by=cast.olive, at=START + 3 * DAY
        ),
        lambda: actions.accept_agreement(
            agreement=agreement, by=cast.ann, at=START + 3 * DAY
        ),
        lambda: actions.end_agreement(
            agreement=agreement, reason="x", by=cast.ann, at=START + 3 * DAY
        ),
    ):
        with pytest.raises(Conflict):
            act()


@pytest.mark.parametrize("who", ["ann", "ada", "ben", "vera", "zed"])
def test_only_the_holder_revokes(cast, story, who):
    agreement = story.in_force()
    with pytest.raises(NotAllowed):
        actions.revoke_agreement(
            agreement=agreement, reason="x", by=getattr(cast, who), at=START + 3 * DAY
        )


def test_an_offer_is_taken_back_or_declined(cast, story):
    offer = story.offered()
    actions.revoke_agreement(
        agreement=offer, reason="A mistake.", by=cast.olive, at=START + 2 * DAY
    )
    assert offer.state == "revoked"
    other = story.offered(story.agreed())
    actions.end_agreement(
        agreement=other, reason="Too few columns.", by=cast.ann, at=START + 2 * DAY
    )
    assert other.state == "ended"
    assert told(cast.olive, "has ended")
    last_event("sharing:agreement:ended")


@pytest.mark.parametrize("who", ["olive", "ben", "vera", "zed"])
def test_only_the_recipient_hands_data_back(cast, story, who):
    agreement = story.in_force()
    with pytest.raises(NotAllowed):
        actions.end_agreement(
            agreement=agreement, reason="x", by=getattr(cast, who), at=START + 3 * DAY
        )


def test_the_clock_ends_an_agreement_after_its_last_day_and_not_on_it(cast, story):
    agreement = story.in_force()
    last_moment = NEXT_YEAR - timedelta(microseconds=1)
    assert actions.end_expired(at=last_moment) == []
    with pytest.raises(Conflict, match="runs until"):
        actions.end_agreement(agreement=agreement, reason="x", by=None, at=last_moment)
    assert actions.end_expired(at=NEXT_YEAR) == [agreement]
    agreement.refresh_from_db()
    assert (agreement.state, agreement.ended_at) == ("ended", NEXT_YEAR)
    event, _ = last_event("sharing:agreement:ended")
    assert event.actor == "service"
    assert actions.end_expired(at=NEXT_YEAR) == []
