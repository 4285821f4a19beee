"""Every change to a register is prepared, shown, sent, perhaps agreed, and then made."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from staithe.base import clock
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.people.models import Notice
from staithe.people.roles import Role
from staithe.registers import details, mending, phases, updates
from staithe.registers.actions import append_entries, change_schema
from staithe.registers.models import Line, Update
from staithe.registers.schema import Field
from staithe.registers.wanted import Wanted


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
EDIT = "/registers/town/records/1/edit"


@pytest.fixture
def values():
    """Return a form of the record 1 as it stands: fields are numbered in order."""
    return {"f1": "Ayr", "f2": "", "f3": "", "f4": "", "f5": "", "seen": "1"}


@pytest.fixture
def by_two(towns):
    towns.needs_second_person = True
    towns.save(update_fields=["needs_second_person"])
    return towns


def prepared(register, by, key="5"):
    lines = mending.add(register, key, {"name": "Oban"})
    return updates.prepare_update(
        register=register, origin="form", title="New", lines=lines, by=by, at=AT
    )


def test_a_form_shows_the_difference_and_changes_nothing_until_it_is_sent(
    *, towns, owner, client, values, held, sends
):
    assert client.get(EDIT).status_code == 302  # sign in first
    client.force_login(owner)
    page = client.get(EDIT).text
    assert 'value="Ayr"' in page
    assert 'name="seen" value="1"' in page
    answer = client.post(EDIT, values | {"f1": "Inverayr", "f2": "sea;beach"})
    page = client.get(answer.headers["Location"]).text
    assert "Nothing has been changed yet" in page
    assert "<del>" in page
    assert "Inverayr" in page
    assert held(towns, "1") == {"town": "1", "name": "Ayr"}
    done = sends(answer, reason="The council renamed it")
    assert done.status_code == 302
    assert held(towns, "1")["tags"] == ["sea", "beach"]
    update = Update.objects.get()
    assert (update.state, update.first_entry, update.last_entry) == ("applied", 4, 4)
    assert not update.lines.exists()
    page = client.get(answer.headers["Location"]).text
    assert "The council renamed it" in page
    assert "Inverayr" in page


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"f4": "soon"}, "start-date is “soon”: write a date"),
        ({"f3": "town:77"}, "town has no record 77"),
        ({"f3": "somewhere"}, "twin is “somewhere”: write a link"),
        ({}, "holds just this already"),
        ({"f1": "x" * 10_001}, "10,000 characters or fewer"),
        ({"f1": "Other", "seen": "0"}, "changed while you were writing"),
    ],
)
def test_a_form_that_cannot_be_written_says_why_and_keeps_nothing(
    *, towns, owner, client, values, changed, says
):
    client.force_login(owner)
    answer = client.post(EDIT, values | changed)
    assert answer.status_code == 422
    assert says in answer.text
    assert not Update.objects.exists()


def test_a_record_is_added_by_form_under_a_key_that_is_free_and_sound(
    *, towns, owner, client, values, held, sends
):
    client.force_login(owner)
    del values["seen"]
    for key, says in (("1", "There is a record 1 already"), ("a b", "is not a key")):
        answer = client.post("/registers/town/add", values | {"key": key})
        assert (answer.status_code, says in answer.text) == (422, True)
    sends(client.post("/registers/town/add", values | {"key": "9"}))
    assert held(towns, "9") == {"town": "9", "name": "Ayr"}


def test_only_those_who_keep_the_register_reach_its_updates(towns, owner, join, client):
    update = prepared(towns, owner)
    place = f"/registers/town/updates/{update.reference}"
    assert client.get(place).status_code == 302
    client.force_login(join("Ann", Role.ANALYST))
    for path in (place, EDIT, "/registers/town/upload", "/registers/town/many"):
        answer = client.get(path)
        assert answer.status_code == 403
        assert "change the records of a register" in answer.text
    assert client.post(place, {"act": "send", "when": "now"}).status_code == 403
    assert Update.objects.get().state == "prepared"


def test_a_writer_of_another_body_may_change_records_and_not_the_register(
    towns, owner, join, client
):
    from staithe.people.actions import create_organisation

    other = create_organisation(name="Other Body", kind="other", by=None, at=AT)
    writer = join("Wil", Role.DATA_OWNER, other)
    with pytest.raises(NotAllowed):
        prepared(towns, writer)
    told = {"writers": other.slug}
    details.change_details(register=towns, details=told, by=owner, at=AT)
    updates.send_update(update=prepared(towns, writer), by=writer, at=AT)
    with pytest.raises(NotAllowed, match="make a register or change what it is"):
        details.change_details(register=towns, details={"title": "X"}, by=writer, at=AT)
    client.force_login(writer)
    page = client.get("/registers/town").text
    assert "/registers/town/add" in page
    assert "/registers/town/about" not in page


# ---------------------------------------------------------------- two people


def test_where_two_people_are_asked_for_no_door_lets_one_write_alone(
    by_two, owner, client
):
    change = [("1", {"town": "1", "name": "Alone"})]
    with pytest.raises(NotAllowed, match="asks for two people"):
        append_entries(register=by_two, changes=change, by=owner, at=AT)
    with pytest.raises(NotAllowed, match="asks for two people"):
        append_entries(
            register=by_two, changes=change, by=owner, made_by=owner.ledger_id, at=AT
        )
    with pytest.raises(NotAllowed, match="asks for two people"):
        change_schema(register=by_two, fields=[Field("mayor")], by=owner, at=AT)
    off = {"needs_second_person": "no"}
    with pytest.raises(NotAllowed, match="asks for two people"):
        details.change_details(register=by_two, details=off, by=owner, at=AT)
    by_two.refresh_from_db()
    assert by_two.size == 3
    assert by_two.needs_second_person


def test_a_second_person_sees_the_difference_and_agrees_or_refuses(
    *, by_two, owner, second, client, values, sends, held
):
    client.force_login(owner)
    answer = client.post(EDIT, values | {"f1": "Inverayr"})
    place = answer.headers["Location"]
    assert "Send to a second person" in client.get(place).text
    sends(answer)
    update = Update.objects.get()
    assert update.state == "waiting"
    told = Notice.objects.get(person=second)
    assert "waits for a second person" in told.title
    assert "somebody else must agree" in client.get(place).text
    assert client.post(place, {"act": "agree"}).status_code == 403
    client.force_login(second)
    assert update.reference in client.get("/registers/queue").text
    page = client.get(place).text
    assert "Inverayr" in page  # the difference, not only a name
    refused = client.post(place, {"act": "refuse", "reason": ""})
    assert (refused.status_code, "Enter the reason" in refused.text) == (422, True)
    assert client.post(place, {"act": "agree"}).status_code == 302
    assert held(by_two, "1")["name"] == "Inverayr"
    assert "is agreed" in Notice.objects.get(person=owner).title
    assert "Nothing waits" in client.get("/registers/queue").text


def test_a_refusal_gives_its_reason_to_whoever_prepared_it(by_two, owner, second):
    update = updates.send_update(update=prepared(by_two, owner), by=owner, at=AT)
    updates.refuse_update(update=update, reason="Not so", by=second, at=LATER)
    assert Notice.objects.get(person=owner).body == "Not so"
    with pytest.raises(Conflict, match="were refused"):
        updates.agree_update(update=update, by=second, at=LATER)


def test_shape_and_promises_wait_for_a_second_person_too(by_two, owner, join):
    other = join("Third", Role.DATA_OWNER)
    line = Wanted(Line.Kind.DETAIL, "needs_second_person", {"value": "no"})
    update = updates.prepare_update(
        register=by_two, origin="details", title="x", lines=[line], by=owner, at=AT
    )
    updates.send_update(update=update, by=owner, at=AT)
    by_two.refresh_from_db()
    assert by_two.needs_second_person
    updates.agree_update(update=update, by=other, at=AT)
    by_two.refresh_from_db()
    assert not by_two.needs_second_person


# ---------------------------------------------------------------- by the clock


def test_a_scheduled_change_is_made_on_its_day_and_not_before(
    *, towns, owner, client, values, sends, held
):
    client.force_login(owner)
    with clock.set_to(datetime(2026, 3, 1, 12, tzinfo=UTC)):
        answer = client.post(EDIT, values | {"f1": "Greater Ayr"})
        day = {"apply_on-day": "1", "apply_on-month": "4", "apply_on-year": "2026"}
        sends(answer, when="later", **day)
        page = client.get(answer.headers["Location"]).text
    assert "Scheduled" in page
    assert "1 April 2026" in page
    update = Update.objects.get()
    # Midnight where the people are: summer time has begun.
    assert update.apply_at == datetime(2026, 3, 31, 23, tzinfo=UTC)
    before, after = (
        update.apply_at - timedelta(seconds=1),
        update.apply_at + timedelta(minutes=1),
    )
    assert updates.due_updates(at=before) == []
    append_entries(  # another record may change meanwhile
        register=towns, changes=[("2", {"town": "2"})], by=None, at=AT
    )
    (due,) = updates.due_updates(at=after)
    assert updates.make_due(due, at=after).state == "applied"
    assert held(towns, "1")["name"] == "Greater Ayr"


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (("", "", ""), "Enter the day"),
        (("31", "2", "2027"), "must be a real date"),
        (("1", "1", "2020"), "must be in the future"),
        (("1", "1", "2099"), "more than 3 years ahead"),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_the_update_stays(
    towns, owner, client, day, says
):
    client.force_login(owner)
    update = prepared(towns, owner)
    parts = zip(("day", "month", "year"), day, strict=True)
    given = {f"apply_on-{part}": text for part, text in parts}
    place = f"/registers/town/updates/{update.reference}"
    answer = client.post(place, {"act": "send", "when": "later", **given})
    assert (answer.status_code, says in answer.text) == (422, True)
    update.refresh_from_db()
    assert update.state == "prepared"


def test_a_scheduled_change_stops_where_its_record_changed_meanwhile(towns, owner):
    lines = mending.change(towns, "1", {"name": "Greater Ayr"})
    update = updates.prepare_update(
        register=towns, origin="form", title="x", lines=lines, by=owner, at=AT
    )
    due = AT + timedelta(days=2)
    updates.send_update(update=update, apply_at=due, by=owner, at=AT)
    change = [("1", {"town": "1", "name": "Other"})]
    append_entries(register=towns, changes=change, by=None, at=LATER)
    (found,) = updates.due_updates(at=due)
    stopped = updates.make_due(found, at=due)
    assert stopped.state == "stopped"
    assert "1 changed since this was prepared" in stopped.decision
    assert "could not be made" in Notice.objects.get(person=owner).title


def test_the_worker_makes_what_is_due(towns, owner):
    from staithe.jobs.actions import enqueue
    from staithe.jobs.run import run_pending

    now = clock.now()
    update = prepared(towns, owner)
    soon = now + timedelta(minutes=1)
    updates.send_update(update=update, apply_at=soon, by=owner, at=now)
    with clock.set_to(soon + timedelta(minutes=1)):
        enqueue("registers:make", arguments={}, by=None, at=soon)
        run_pending()
    update.refresh_from_db()
    assert update.state == "applied"


# ---------------------------------------------------------------- the rules


def test_two_updates_of_one_record_cannot_both_be_made(towns, owner):
    lines = mending.change(towns, "1", {"name": "First"})
    both = [
        updates.prepare_update(
            register=towns, origin="form", title="x", lines=lines, by=owner, at=AT
        )
        for _ in range(2)
    ]
    updates.send_update(update=both[0], by=owner, at=AT)
    with pytest.raises(Conflict, match="Prepare it again"):
        updates.send_update(update=both[1], by=owner, at=AT)
    with pytest.raises(Conflict, match="made already"):
        updates.send_update(update=both[0], by=owner, at=AT)


def test_a_withdrawn_update_leaves_no_lines_behind(towns, owner, client):
    client.force_login(owner)
    update = prepared(towns, owner)
    place = f"/registers/town/updates/{update.reference}"
    assert client.post(place, {"act": "withdraw"}).status_code == 302
    update.refresh_from_db()
    assert (update.state, update.lines.count()) == ("withdrawn", 0)


def test_the_states_are_documented_as_they_are():
    text = (Path(__file__).resolve().parents[3] / "docs/registers.md").read_text(
        "utf-8"
    )
    told = re.findall(r"^\| ([a-z]+) \| ([a-z]+) \| ([a-z]+) \|$", text, re.MULTILINE)
    rows = [
        (state, act, then)
        for state, acts in phases.PHASES.items()
        for act, then in acts.items()
    ]
    assert [row for row in told if row[0] in phases.PHASES] == rows


def test_every_state_has_words_and_every_act_leads_to_a_state():
    assert set(phases.PHASES) == {state.value for state in Update.State}
    for state, acts in phases.PHASES.items():
        assert set(acts.values()) <= set(phases.PHASES)
        assert bool(acts) != (state in phases.OVER)
    every = {act for acts in phases.PHASES.values() for act in acts}
    for state, act in itertools.product(phases.PHASES, every):
        if act not in phases.PHASES[state]:
            with pytest.raises(Conflict):
                phases.next_phase(state, act)


def test_an_ended_register_takes_no_more(towns, owner):
    told = {"ended_on": "2026-01-30", "end_reason": "Merged", "replacement": "place"}
    with pytest.raises(BadInput, match="Say why"):
        details.change_details(
            register=towns, details={"ended_on": "2026-01-30"}, by=owner, at=AT
        )
    details.change_details(register=towns, details=told, by=owner, at=AT)
    with pytest.raises(Conflict, match="ended"):
        updates.send_update(update=prepared(towns, owner), by=owner, at=AT)


def test_a_large_update_is_left_to_the_worker(towns, owner, monkeypatch):
    from staithe.jobs.run import run_pending

    monkeypatch.setattr(updates, "AT_ONCE", 1)
    lines = [
        line for key in ("7", "8") for line in mending.add(towns, key, {"name": key})
    ]
    update = updates.prepare_update(
        register=towns, origin="file", title="x", lines=lines, by=owner, at=clock.now()
    )
    sent = updates.send_update(update=update, by=owner, at=clock.now())
    assert sent.state == "scheduled"
    run_pending()
    update.refresh_from_db()
    assert (update.state, update.first_entry, update.last_entry) == ("applied", 4, 5)


def test_the_list_of_updates_shows_what_waits_and_what_is_over(towns, owner, client):
    client.force_login(owner)
    assert "No updates yet" in client.get("/registers/town/updates").text
    waiting, done = prepared(towns, owner), prepared(towns, owner, "6")
    updates.send_update(update=done, by=owner, at=AT)
    page = client.get("/registers/town/updates").text
    assert page.index(waiting.reference) < page.index(done.reference)
