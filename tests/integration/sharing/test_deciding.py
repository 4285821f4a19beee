"""Answers and silence: who may decide, what a refusal needs, where lateness goes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from staithe.base.errors import BadInput, Conflict, NotAllowed, NotSignedIn
from staithe.ledger.models import Event
from staithe.people.models import Membership, Notice
from staithe.sharing import actions
from staithe.sharing.models import Decision, Escalation, Flow, Project, Request


START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = START + 14 * DAY
ENCOURAGE = DUE + 7 * DAY
ENFORCE = DUE + 14 * DAY


def last_event(name):
    event = Event.objects.order_by("-number").first()
    assert event.name == name
    return event, json.loads(event.body)


def told(person, words):
    return Notice.objects.filter(person=person, title__contains=words).exists()


def give_role(person, role, organisation):
    Membership.objects.create(
        person=person, organisation=organisation, role=role, created_at=START
    )


# --- review ---


def test_a_flow_is_taken_into_review_by_one_person_and_the_clock_runs_on(cast, story):
    flow = story.waiting()
    due = flow.due_at
    actions.start_review(flow=flow, by=cast.olive, at=START)
    assert (flow.state, flow.decider, flow.due_at) == ("in-review", cast.olive, due)
    last_event("sharing:review:started")
    with pytest.raises(Conflict):
        actions.start_review(flow=flow, by=cast.sam, at=START)


@pytest.mark.parametrize("who", ["ann", "ada", "ben", "vera", "zed"])
def test_only_a_decider_of_the_holder_reviews_or_decides(cast, story, who):
    flow = story.waiting()
    with pytest.raises(NotAllowed):
        actions.start_review(flow=flow, by=getattr(cast, who), at=START)
    with pytest.raises(NotAllowed):
        story.decide(flow, by=getattr(cast, who))
    with pytest.raises(NotSignedIn):
        story.decide(flow, by=None)
    assert not Decision.objects.exists()


# --- answers ---


def test_yes_is_the_default_and_gives_what_was_asked(cast, story):
    flow = story.waiting()
    decision = story.decide(flow)
    assert decision.columns == flow.columns
    assert decision.link_columns == flow.link_columns
    assert flow.state == "agreed"
    assert told(cast.ann, "Revenue agrees to share Jobs")
    event, body = last_event("sharing:decision:recorded")
    assert event.organisation == "revenue"
    assert body["outcome"] == "agree"
    assert body["columns"] == 2
    assert body["days"] == 1
    assert body["step"] == "none"
    assert body["review_on"] is None


def test_a_yes_beside_open_questions_of_the_law_says_why(cast, story):
    flow = story.waiting()
    with pytest.raises(BadInput, match="what settles it") as refused:
        story.decide(flow, reason=" ")
    assert refused.value.field == "reason"
    assert not Decision.objects.exists()


def test_agreeing_to_part_gives_fewer_columns(cast, story):
    decision = story.decide(story.waiting(), "agree-in-part", reason_code="ethics")
    assert decision.columns == ["sector"]
    assert decision.link_columns == ["surname", "born"]
    assert decision.reason_code == ""
    fewer_links = story.decide(
        story.sent(cast.jobs).flows.get(),
        "agree-in-part",
        columns=None,
        link_columns=["born"],
    )
    assert fewer_links.columns == ["sector", "pay_band"]


@pytest.mark.parametrize(
    ("outcome", "changes", "field"),
    [
        ("maybe", {}, "outcome"),
        ("agree", {"columns": ["sector"]}, "columns"),
        ("agree-in-part", {"columns": ["sector", "pay_band"]}, "columns"),
        ("agree-in-part", {"columns": None}, "columns"),
        ("agree-in-part", {"columns": []}, "columns"),
        ("agree-in-part", {"columns": ["year"]}, "columns"),
        ("agree-in-part", {"link_columns": ["sector"]}, "link_columns"),
        ("agree-in-part", {"reason": " "}, "reason"),
        ("refuse", {"reason": ""}, "reason"),
        ("refuse", {"reason_code": ""}, "reason_code"),
        ("refuse", {"reason_code": "because"}, "reason_code"),
        ("refuse", {"review_on": None}, "review_on"),
        ("refuse", {"review_on": date(2026, 1, 6)}, "review_on"),
    ],
)
def test_an_incomplete_answer_is_refused_and_nothing_is_kept(
    story, outcome, changes, field
):
    flow = story.waiting()
    before = Event.objects.count()
    with pytest.raises(BadInput) as refusal:
        story.decide(flow, outcome, **changes)
    assert refusal.value.field == field
    flow.refresh_from_db()
    assert flow.state == "submitted"
    assert not Decision.objects.exists()
    assert Event.objects.count() == before


def test_a_refusal_is_coded_dated_and_told(cast, story):
    flow = story.waiting()
    decision = story.decide(flow, "refuse", conditions="ignored")
    assert (decision.columns, decision.conditions) == ([], "")
    assert flow.state == "refused"
    assert told(cast.ann, "Revenue refuses to share Jobs")
    _, body = last_event("sharing:decision:recorded")
    assert body["reason_code"] == "not-necessary"
    assert body["review_on"] == "2026-07-01"
    assert "It serves" not in json.dumps(body)


def test_a_flow_is_answered_once_even_from_a_stale_page(cast, story):
    flow = story.waiting()
    stale = Flow.objects.get(pk=flow.pk)
    story.decide(flow)
    with pytest.raises(Conflict):
        story.decide(stale, "refuse", by=cast.sam)
    assert Decision.objects.get().outcome == "agree"


def test_the_request_is_decided_when_its_last_flow_is(cast, story):
    request = story.sent(cast.jobs, cast.claims)
    story.decide(request.flows.get(asset=cast.jobs))
    request.refresh_from_db()
    assert request.state == Request.State.SUBMITTED
    story.decide(request.flows.get(asset=cast.claims), "refuse", by=cast.ben)
    request.refresh_from_db()
    assert request.state == Request.State.DECIDED
    assert request.closed_at == START + DAY


# --- both sides ---


def test_who_works_on_the_project_cannot_decide_for_the_holder(cast, story):
    flow = story.waiting()
    give_role(cast.ann, "data-owner", cast.revenue)
    with pytest.raises(NotAllowed, match="someone else must decide"):
        story.decide(flow, by=cast.ann)


def test_who_acts_for_the_asking_organisation_cannot_decide_for_another(cast, story):
    flow = story.waiting()
    give_role(cast.olive, "reviewer", cast.statistics)
    with pytest.raises(NotAllowed, match="also act for Statistics"):
        story.decide(flow, by=cast.olive)
    story.decide(flow, by=cast.sam)


def test_an_organisation_may_decide_on_its_own_data_but_not_by_who_asks(cast, story):
    give_role(cast.bob, "data-owner", cast.statistics)
    give_role(cast.ann, "data-owner", cast.statistics)
    cast.jobs.organisation = cast.statistics
    cast.jobs.save()
    flow = story.waiting()
    with pytest.raises(NotAllowed):
        story.decide(flow, by=cast.ann)
    story.decide(flow, by=cast.bob)


# --- silence ---


def steps(flow):
    return list(flow.escalations.values_list("step", "person__name", "days_waited"))


def test_silence_climbs_one_step_at_a_time_on_its_days(cast, story):
    flow = story.waiting()
    moment = timedelta(microseconds=1)
    expected = []
    for at, step, days in (
        (DUE, "facilitate", 10),
        (ENCOURAGE, "encourage", 15),
        (ENFORCE, "enforce", 20),
    ):
        assert actions.escalate_overdue(at=at - moment) == []
        (moved,) = actions.escalate_overdue(at=at)
        assert moved == flow
        expected.append((step, "Sam", days))
        assert steps(flow) == expected
        event, body = last_event("sharing:flow:escalated")
        assert event.actor == "service"
        assert (body["step"], body["days"]) == (step, days)
        assert body["person"] == cast.sam.ledger_id
        assert told(cast.ann, "Revenue: ")
    assert actions.escalate_overdue(at=ENFORCE + 300 * DAY) == []
    assert told(cast.olive, "Late: first reminder (Jobs)")
    assert told(cast.sam, "Late: first reminder (Jobs)")


def test_a_service_that_slept_takes_every_step_that_is_due(story):
    flow = story.waiting()
    moved = actions.escalate_overdue(at=ENFORCE)
    assert len(moved) == 3
    assert [step for step, _, _ in steps(flow)] == [
        "facilitate",
        "encourage",
        "enforce",
    ]


def test_a_step_is_not_taken_early_twice_or_after_an_answer(story):
    flow = story.waiting()
    with pytest.raises(Conflict):
        actions.escalate_flow(flow=flow, at=DUE - DAY)
    actions.escalate_flow(flow=flow, at=DUE)
    with pytest.raises(Conflict):
        actions.escalate_flow(flow=flow, at=DUE)
    story.decide(flow)
    with pytest.raises(Conflict):
        actions.escalate_flow(flow=flow, at=ENFORCE)
    assert actions.escalate_overdue(at=ENFORCE) == []
    assert Escalation.objects.count() == 1


def test_until_enforced_the_usual_people_decide_and_then_only_one(cast, story):
    flow = story.waiting()
    actions.start_review(flow=flow, by=cast.sam, at=START)
    actions.escalate_overdue(at=ENFORCE)
    flow.refresh_from_db()
    # Sam had it and was silent, so it goes past Sam to the administrator.
    assert flow.decider == cast.ada
    assert flow.step == "enforce"
    for person in (cast.olive, cast.sam):
        with pytest.raises(NotAllowed):
            story.decide(flow, by=person, at=ENFORCE)
    decision = story.decide(flow, "refuse", by=cast.ada, at=ENFORCE)
    assert decision.by == cast.ada
    _, body = last_event("sharing:decision:recorded")
    assert (body["step"], body["days"]) == ("enforce", 20)


def test_a_late_flow_may_be_decided_by_the_usual_people_before_enforcement(cast, story):
    flow = story.waiting()
    actions.escalate_overdue(at=ENCOURAGE)
    assert story.decide(flow, by=cast.olive, at=ENCOURAGE).by == cast.olive


def test_when_the_accountable_person_leaves_another_who_answers_decides(cast, story):
    flow = story.waiting()
    actions.escalate_overdue(at=ENFORCE)
    flow.refresh_from_db()
    assert flow.decider == cast.sam
    with pytest.raises(NotAllowed, match="passed to Sam"):
        story.decide(flow, by=cast.ada, at=ENFORCE)
    Membership.objects.filter(person=cast.sam).update(ended_at=ENFORCE)
    assert story.decide(flow, by=cast.ada, at=ENFORCE).by == cast.ada


def test_the_accountable_person_offers_terms_after_an_enforced_yes(cast, story):
    flow = story.waiting()
    actions.start_review(flow=flow, by=cast.sam, at=START)
    actions.escalate_overdue(at=ENFORCE)
    story.decide(flow, by=cast.ada, at=ENFORCE)
    agreement = story.offered(flow, by=cast.ada, at=ENFORCE)
    assert agreement.offered_by == cast.ada


def test_a_holder_with_nobody_is_passed_to_whoever_runs_the_service(cast, story):
    flow = story.waiting()
    Membership.objects.filter(organisation=cast.revenue).update(ended_at=START)
    assert actions.escalate_overdue(at=ENFORCE) == []
    with pytest.raises(Conflict, match="nobody who answers"):
        actions.escalate_flow(flow=flow, at=DUE)
    operator = cast.vera.memberships.get().organisation
    give_role(cast.vera, "administrator", operator)
    assert len(actions.escalate_overdue(at=ENFORCE)) == 3
    flow.refresh_from_db()
    assert flow.decider == cast.vera
    with pytest.raises(NotAllowed):
        story.decide(flow, by=cast.vera, at=ENFORCE)
    assert told(cast.vera, "Two weeks late: passed up (Jobs)")


def test_who_asks_is_never_the_one_to_whom_silence_is_passed(cast, story):
    give_role(cast.ann, "data-sharing-officer", cast.revenue)
    flow = story.waiting()
    actions.escalate_overdue(at=ENFORCE)
    flow.refresh_from_db()
    assert flow.decider == cast.sam


def test_both_clocks_are_recurring_jobs_that_do_their_work(cast, story):
    from staithe.jobs.run import run_pending
    from staithe.jobs.schedule import tick

    in_force = story.in_force()
    waiting = story.sent(cast.claims).flows.get()
    Flow.objects.filter(pk=waiting.pk).update(due_at=START)
    Project.objects.update(title="Late")
    type(in_force).objects.update(ends_on=date(2026, 1, 7))
    tick(at=datetime.now(UTC))
    run_pending()
    waiting.refresh_from_db()
    in_force.refresh_from_db()
    assert waiting.step == "enforce"
    assert in_force.state == "ended"


def test_what_has_become_an_identifier_is_not_given(cast, story):
    """The request was right when it was sent; the data have changed since."""
    flow = story.waiting()
    version = cast.jobs.versions.get()
    version.columns = [
        column | {"semantic_type": "person_id"}
        if column["name"] == "sector"
        else column
        for column in version.columns
    ]
    version.save()
    with pytest.raises(BadInput, match="sector is a number of a person"):
        story.decide(flow)
    story.decide(flow, "agree-in-part", columns=["pay_band"])
