"""Anyone says what is wrong; the owner answers; everyone sees how well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from staithe.base import clock
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.jobs.run import run_pending
from staithe.people.models import Notice
from staithe.people.roles import Role
from staithe.registers import corrections, queries_corrections, strangers, updates
from staithe.registers.actions import append_entries
from staithe.registers.models import Correction, Support


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROPOSE = "/registers/town/records/1/propose"
HOUR = timedelta(hours=1)


@pytest.fixture
def form():
    """Return a form of the record 1 as someone fills it in without an account."""
    opened = clock.now() - timedelta(minutes=2)
    return {
        "f1": "Ayr", "f2": "", "f3": "", "f4": "1205", "f5": "",
        "evidence": "The charter", "website": "", "contact_email": "",
        "started": strangers.start_token(at=opened),
    }  # fmt: skip


def propose(register, source="a", at=AT, **changes):
    return corrections.propose_correction(
        register=register, key="1", changes=changes or {"start-date": "1205"},
        evidence="The charter", by=None, at=at, source=source,
    )  # fmt: skip


def decide(correction, by, outcome="accept", **given):
    return corrections.decide_correction(
        correction=correction, outcome=outcome, by=by, at=given.pop("at", AT),
        reason=given.pop("reason", "The charter says so"), **given,
    )  # fmt: skip


# ---------------------------------------------------------------- proposing


def test_anyone_proposes_follows_and_hears_what_came_of_it(
    towns, owner, client, form, held
):
    sent = client.post(PROPOSE, form | {"contact_email": "me@example.com"})
    proposal = Correction.objects.get()
    assert proposal.reference in sent.text
    assert proposal.changes == {"start-date": "1205"}
    place = f"/registers/town/corrections/{proposal.reference}"
    assert client.get(place).status_code == 404  # it is not for the public yet
    assert client.get(place + "?follow=guess").status_code == 404
    follow = sent.text.partition("?follow=")[2].partition('"')[0]
    assert "The charter" in client.get(f"{place}?follow={follow}").text
    assert "is proposed" in Notice.objects.get(person=owner).title
    client.force_login(owner)
    decided = client.post(
        place, {"f4": "1205", "outcome": "accept", "reason": "So it is"}
    )
    assert decided.status_code == 302
    assert held(towns, "1")["start-date"] == "1205"
    client.logout()
    assert "So it is" in client.get("/registers/town/corrections").text
    page = client.get(place).text
    assert "So it is" in page
    assert "The charter" not in page  # evidence may name people: not for the public
    mail.outbox.clear()
    run_pending()
    (told,) = [m for m in mail.outbox if m.to == ["me@example.com"]]
    assert "Accepted. So it is" in told.body
    proposal.refresh_from_db()
    assert (proposal.state, proposal.entry_number) == ("accepted", 4)
    assert proposal.contact_email == ""


def test_a_change_cites_what_it_came_from(towns, owner, client):
    decide(propose(towns), owner)
    page = client.get("/registers/town/records/1").text
    assert Correction.objects.get().reference in page
    assert "The charter says so" in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"f4": ""}, "Change at least one value"),
        ({"evidence": " "}, "Answer the question “How do you know?”"),
        ({"website": "x"}, "Leave the hidden field empty"),
        ({"started": ""}, "The form was not opened here"),
        ({"started": "forged"}, "The form was not opened here"),
        ({"f4": "long ago"}, "start-date is “long ago”"),
        ({"f3": "town:77"}, "town has no record 77"),
        ({"f1": "x" * 2001}, "2,000 characters or fewer"),
        ({"evidence": "https://a.b " * 4}, "at most 3 addresses"),
        ({"contact_email": "nobody"}, "valid email address"),
    ],
)
def test_what_no_owner_could_use_is_refused_in_a_sentence(
    towns, client, form, changed, says
):
    answer = client.post(PROPOSE, form | changed)
    assert (answer.status_code, says in answer.text) == (422, True), answer.text
    assert not Correction.objects.exists()


def test_a_form_filled_faster_than_people_read_or_a_day_later_is_sent_again(
    towns, client, form
):
    for ago, says in ((0, "very quick"), (25 * 3600, "more than a day")):
        opened = clock.now() - timedelta(seconds=ago)
        token = strangers.start_token(at=opened)
        answer = client.post(PROPOSE, form | {"started": token})
        assert says in answer.text
    assert not Correction.objects.exists()


def test_one_source_proposes_no_more_than_a_person_would(towns):
    for number in range(5):
        propose(towns, at=AT, name=f"Ayr {number}")
    with pytest.raises(strangers.TooMany, match="Try again in an hour"):
        propose(towns, at=AT, name="Ayr 9")
    propose(towns, source="b", at=AT, name="Ayr 9")
    propose(towns, at=AT + HOUR + timedelta(seconds=1), name="Ayr 10")


def test_a_register_is_not_flooded_from_many_sources(towns, monkeypatch):
    monkeypatch.setattr(strangers, "MAX_AN_HOUR_IN_ALL", 3)
    monkeypatch.setattr(strangers, "MAX_OPEN", 4)
    for number in range(3):
        propose(towns, source=str(number), name=f"Ayr {number}")
    with pytest.raises(strangers.TooMany, match="Many changes"):
        propose(towns, source="x", name="Ayr x")
    propose(towns, source="y", at=AT + 2 * HOUR, name="Ayr y")
    with pytest.raises(strangers.TooMany, match="wait already"):
        propose(towns, source="z", at=AT + 4 * HOUR, name="Ayr z")


def test_keepers_hear_once_in_an_hour_not_of_each(towns, owner):
    for number in range(3):
        propose(towns, source=str(number), name=f"Ayr {number}")
    assert Notice.objects.filter(person=owner).count() == 1


def test_of_an_address_only_a_hash_is_kept_that_changes_every_day(towns, client, form):
    client.post(PROPOSE, form, REMOTE_ADDR="203.0.113.9")
    kept = Correction.objects.get().source_hash
    assert len(kept) == 64
    tomorrow = clock.now() + timedelta(days=1)
    assert strangers.source_hash("203.0.113.9", at=tomorrow) != kept


def test_whoever_says_the_same_supports_the_first_and_is_told_too(towns, owner, client):
    first = propose(towns)
    with pytest.raises(Conflict, match="You proposed this already"):
        propose(towns)
    again = corrections.propose_correction(
        register=towns, key="1", changes={"start-date": "1205"},
        evidence="My grandmother's map", contact_email="she@example.com",
        by=None, at=AT, source="b",
    )  # fmt: skip
    assert again == first
    assert Support.objects.count() == 1
    client.force_login(owner)
    page = client.get("/registers/town/corrections").text
    assert "2 people" in page
    place = f"/registers/town/corrections/{first.reference}"
    assert "grandmother" in client.get(place).text
    decide(first, owner)
    run_pending()
    assert ["she@example.com"] in [m.to for m in mail.outbox]


def test_a_missing_record_is_proposed_and_the_owner_gives_its_key(
    towns, owner, client, form, held
):
    assert "missing" in client.get("/registers/town/propose").text
    sent = client.post("/registers/town/propose", form | {"f1": "Oban", "key": ""})
    made = Correction.objects.get()
    assert made.reference in sent.text
    assert (made.key, made.number_seen) == ("", 0)
    taken = client.post("/registers/town/propose", form | {"f1": "x", "key": "1"})
    assert "There is a record 1 already" in taken.text
    client.force_login(owner)
    place = f"/registers/town/corrections/{made.reference}"
    said = {"f1": "Oban", "f4": "1205", "outcome": "accept", "reason": "Yes"}
    assert "is not a key" in client.post(place, said).text
    assert client.post(place, said | {"key": "OBN"}).status_code == 302
    assert held(towns, "OBN") == {"town": "OBN", "name": "Oban", "start-date": "1205"}


# ---------------------------------------------------------------- deciding


def test_the_owner_edits_a_proposal_on_the_way(towns, owner, client, held):
    made = propose(towns)
    client.force_login(owner)
    place = f"/registers/town/corrections/{made.reference}"
    assert 'value="1205"' in client.get(place).text
    said = {"f4": "1205-05-21", "outcome": "accept", "reason": "To the day"}
    client.post(place, said)
    made.refresh_from_db()
    assert made.state == "edited"
    assert held(towns, "1")["start-date"] == "1205-05-21"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"outcome": "accept"}, "Give the reason"),
        ({"outcome": "decline"}, "Give the reason"),
        ({"reason": "x"}, "Select the decision"),
        ({"outcome": "accept", "reason": "x", "f4": "soon"}, "start-date is “soon”"),
        ({"outcome": "accept", "reason": "x", "f4": ""}, "holds just this already"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_and_the_proposal_waits(
    towns, owner, client, said, says
):
    made = propose(towns)
    client.force_login(owner)
    place = f"/registers/town/corrections/{made.reference}"
    answer = client.post(place, {"f4": "1205"} | said)
    assert (answer.status_code, says in answer.text) == (422, True)
    made.refresh_from_db()
    assert made.state == "open"


def test_only_the_keepers_decide(towns, owner, join, client):
    made = propose(towns)
    with pytest.raises(NotAllowed):
        decide(made, join("Ann", Role.ANALYST))
    client.force_login(join("Bob", Role.MEMBER))
    place = f"/registers/town/corrections/{made.reference}"
    assert client.get(place).status_code == 404
    decide(made, owner, outcome="decline")
    with pytest.raises(Conflict, match="decided already"):
        decide(made, owner)
    with pytest.raises(BadInput, match="Select a decision"):
        decide(propose(towns, name="B"), owner, outcome="shrug")


def test_spam_is_emptied_shown_to_nobody_and_not_counted(towns, owner, client):
    made = propose(towns, name="Buy now")
    decide(made, owner, outcome="spam", reason="")
    made.refresh_from_db()
    assert (made.changes, made.evidence, made.state) == ({}, "", "spam")
    assert made.reference not in client.get("/registers/town/corrections").text
    place = f"/registers/town/corrections/{made.reference}"
    assert client.get(place).status_code == 404
    assert queries_corrections.figures_of(towns, at=AT).proposed == 0


def test_where_two_people_are_asked_for_an_accepted_proposal_waits_for_the_second(
    towns, owner, second, held
):
    towns.needs_second_person = True
    towns.save(update_fields=["needs_second_person"])
    made = decide(propose(towns), owner)
    assert made.state == "agreed"
    assert "start-date" not in held(towns, "1")
    updates.refuse_update(update=made.update, reason="Not sure", by=second, at=AT)
    made.refresh_from_db()
    assert (made.state, made.update) == ("open", None)
    made = decide(made, owner)
    updates.agree_update(update=made.update, by=second, at=AT)
    made.refresh_from_db()
    assert (made.state, made.entry_number) == ("accepted", 4)


def test_a_proposal_against_a_record_that_moved_on_says_so(towns, owner, client):
    made = propose(towns)
    change = [("1", {"town": "1", "name": "Inverayr"})]
    append_entries(register=towns, changes=change, by=None, at=AT)
    client.force_login(owner)
    page = client.get(f"/registers/town/corrections/{made.reference}").text
    assert "The record changed after this was proposed" in page


def test_hostile_words_are_shown_as_words(towns, owner, client):
    evil = "<script>alert(1)</script>"
    made = corrections.propose_correction(
        register=towns, key="1", changes={"name": evil}, evidence=evil,
        by=None, at=AT, source="a",
    )  # fmt: skip
    client.force_login(owner)
    for path in ("", f"/{made.reference}"):
        page = client.get(f"/registers/town/corrections{path}").text
        assert evil not in page
        assert "&lt;script&gt;" in page
    decide(made, owner, outcome="decline", reason="=1+1")
    csv = client.get("/registers/town/corrections?format=csv").text
    assert "'=1+1" in csv


# ---------------------------------------------------------------- figures


def test_the_public_figures_say_how_often_how_fast_and_how_late(towns, owner, client):
    towns.answer_within_days = 5
    towns.save(update_fields=["answer_within_days"])
    days = (1, 4, 9)
    for number, (taken, outcome) in enumerate(
        zip(days, ("accept", "decline", "accept"), strict=True)
    ):
        made = propose(towns, source=str(number), name=f"Ayr {number}")
        decide(made, owner, outcome=outcome, at=AT + timedelta(days=taken))
    propose(towns, source="x", name="Air")
    found = queries_corrections.figures_of(towns, at=AT + timedelta(days=7))
    assert (found.proposed, found.accepted, found.declined) == (4, 2, 1)
    assert (found.waiting, found.late) == (1, 1)
    assert found.median_days == 4
    assert found.on_time_share == found.accepted_share == 2 / 3
    page = client.get("/registers/town/corrections").text
    assert "within 5 days" in page
    assert "4 days" in page
    assert page.count("67%") == 2
    assert "town,4,2,1,1" in client.get("/registers/corrections?format=csv").text
    assert "Towns" in client.get("/registers/corrections").text


def test_the_queue_shows_every_register_that_i_keep(towns, owner, client):
    towns.answer_within_days = 1
    towns.save(update_fields=["answer_within_days"])
    made = propose(towns)
    client.force_login(owner)
    page = client.get("/registers/queue").text
    assert made.reference in page
    assert "1205" in page
    assert "Late" in page


def test_what_was_accepted_with_changes_is_shown_as_it_was_written(
    towns, owner, client
):
    made = propose(towns, **{"name": "Proposed", "start-date": "1205"})
    done = decide(made, owner, changes={"name": "Written", "start-date": ""})
    assert done.state == Correction.State.EDITED
    changed = {
        c.field: (c.before, c.after) for c in queries_corrections.before_and_after(done)
    }
    assert changed == {"name": ("Ayr", "Written")}
    page = client.get(f"/registers/town/corrections/{done.reference}").text
    assert "Written" in page
    assert "Proposed<" not in page.replace("Proposed</dt>", "")
    assert "What changed" in page
    declined = decide(propose(towns, name="Never"), owner, outcome="decline")
    (would,) = queries_corrections.before_and_after(declined)
    assert (would.before, would.after) == ("Written", "Never")


def test_a_proposal_shows_lists_as_people_write_them_and_leaves_them_alone(
    towns, client, form
):
    place = "/registers/town/records/2/propose"
    page = client.get(place).text
    assert 'value="lake; hill"' in page
    assert "Tags (optional)" not in page
    same = {"f1": "Bala", "f2": "lake; hill", "f3": "town:1", "f4": "", "f5": ""}
    answer = client.post(place, form | same)
    assert (answer.status_code, "Change at least one" in answer.text) == (422, True)
    client.post(place, form | same | {"f2": "lake ;hill; wood"})
    assert Correction.objects.get().changes == {"tags": "lake;hill;wood"}
