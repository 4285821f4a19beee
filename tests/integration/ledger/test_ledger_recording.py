"""One action, one event, one transaction; and nothing else writes the log."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from staithe.ledger import log, tree
from staithe.ledger.actions import on, record
from staithe.ledger.entry import commitment
from staithe.ledger.models import Event, Head, Node
from staithe.ledger.queries import entry_of


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, 0, 0, 123456, tzinfo=UTC)


class Person:
    ledger_id = "person:P-1"


def test_an_event_holds_who_what_when_and_is_committed_to(act):
    act()
    made = act(by=Person(), rows=3, on=date(2026, 1, 1), columns=("a", "b"))
    event = Event.objects.get(number=1)
    assert made == event
    assert (event.name, event.actor, event.organisation, event.subject) == (
        "sharing:thing:made", "person:P-1", "ons", "thing:1",
    )  # fmt: skip
    assert event.at == AT
    assert event.body == '{"columns":["a","b"],"on":"2026-01-01","rows":3}'
    entry = entry_of(event)
    assert bytes(event.commitment) == commitment(entry, salt=bytes(event.salt))
    assert len(bytes(event.salt)) == 32


def test_numbers_run_from_zero_without_a_gap_past_a_rollback(act, define):
    def fail(*, at):
        record(by=None, at=at, subject="thing:1")
        raise OSError("the disk is full")

    failing = define("sharing:thing:failed", fail)
    act()
    with pytest.raises(OSError, match="disk"):
        failing(at=AT)
    act()
    assert list(Event.objects.values_list("number", flat=True)) == [0, 1]
    assert Head.objects.get().size == 2


def test_the_stored_tree_is_the_tree_of_the_commitments(act):
    memory = tree.MemoryTree()
    for size in range(1, 40):
        memory.append(tree.leaf_hash(bytes(act().commitment)))
        assert log.root_at(size) == tree.root(size, memory.read)
    # Every perfect subtree is stored once: n leaves make n - popcount(n) parents.
    assert Node.objects.count() == 39 + 39 - (39).bit_count()


def test_an_append_costs_the_same_few_statements_at_any_size(
    act, django_assert_max_num_queries
):
    for _ in range(63):
        act()
    # savepoint, lock, lock, siblings, event, nodes, head, release
    with django_assert_max_num_queries(8):
        act()  # the 64th completes six parents


@pytest.mark.parametrize(
    ("by", "actor"),
    [(None, "service"), ("job:J-1", "job:J-1"), (Person(), "person:P-1")],
)
def test_an_actor_is_the_service_a_text_or_has_a_ledger_id(act, by, actor):
    assert act(by=by).actor == actor


@pytest.mark.parametrize("by", ["", 7, object()])
def test_an_actor_without_an_id_is_a_bug(act, by):
    with pytest.raises(RuntimeError, match="by="):
        act(by=by)
    assert not Event.objects.exists()


def test_a_time_without_a_zone_is_a_bug(act):
    with pytest.raises(RuntimeError, match="time zone"):
        act(at=AT.replace(tzinfo=None))


@pytest.mark.parametrize(
    "subject", ["", "thing", "thing:", ":1", "Thing:1", "thing:a b", "thing:\x00"]
)
def test_a_subject_names_a_thing(define, subject):
    def make(*, at):
        record(by=None, at=at, subject=subject)

    with pytest.raises(RuntimeError, match="subject"):
        define("sharing:thing:made", make)(at=AT)


def test_a_float_in_a_body_is_a_bug(act):
    with pytest.raises(TypeError, match="float"):
        act(share=0.5)
    assert not Event.objects.exists()


def test_an_event_outside_an_action_is_a_bug():
    with pytest.raises(RuntimeError, match="inside an action"):
        record(by=None, at=AT, subject="thing:1")


@pytest.mark.parametrize(("times", "message"), [(0, "without"), (2, "second")])
def test_an_action_records_exactly_one_event_or_is_rolled_back(define, times, message):
    def make(*, at):
        Head.objects.update_or_create(id=Head.ONLY, defaults={"size": 50})
        for _ in range(times):
            record(by=None, at=at, subject="thing:1")

    with pytest.raises(RuntimeError, match=message):
        define("sharing:thing:made", make)(at=AT)
    assert not Event.objects.exists()
    assert not Head.objects.filter(size__gt=0).exists()


def test_an_action_may_call_another_and_each_records_its_own(act, define):
    def outer(*, at):
        act()
        record(by=None, at=at, subject="thing:2")
        act()

    define("people:outer:done", outer)(at=AT)
    names = list(Event.objects.values_list("name", flat=True))
    assert names == ["sharing:thing:made", "people:outer:done", "sharing:thing:made"]


def test_an_inner_event_does_not_count_for_the_outer_action(act, define):
    def outer(*, at):
        act()

    with pytest.raises(RuntimeError, match="people:outer:done returned without"):
        define("people:outer:done", outer)(at=AT)
    assert not Event.objects.exists()


def test_an_inner_action_that_fails_and_is_caught_leaves_no_event(act, define):
    def outer(*, at):
        with pytest.raises(TypeError):
            act(share=0.5)
        record(by=None, at=at, subject="thing:2")

    define("people:outer:done", outer)(at=AT)
    assert [event.name for event in Event.objects.all()] == ["people:outer:done"]
    assert log.root_at(1) == tree.leaf_hash(bytes(Event.objects.get().commitment))


def test_handlers_hear_of_the_event_in_its_transaction(act):
    heard = []

    @on("sharing:thing:made")
    def hear(event, body):
        heard.append((event.number, Event.objects.count(), body))

    act(rows=3, on=date(2026, 1, 1))
    assert heard == [(0, 1, {"rows": 3, "on": "2026-01-01"})]


def test_a_handler_that_fails_takes_the_act_with_it(act):
    @on("sharing:thing:made")
    def fail(event, body):
        raise OSError("the queue is full")

    with pytest.raises(OSError, match="queue"):
        act()
    assert not Event.objects.exists()
    assert not Node.objects.exists()


def test_a_handler_may_act_but_not_record_for_the_action_it_hears(act, define):
    def follow(*, at):
        record(by=None, at=at, subject="thing:2")

    following = define("people:thing:followed", follow)

    @on("sharing:thing:made")
    def hear(event, body):
        following(at=event.at)

    act()
    assert Event.objects.count() == 2

    @on("sharing:thing:made")
    def meddle(event, body):
        record(by=None, at=event.at, subject="thing:3")

    with pytest.raises(RuntimeError, match="second"):
        act()
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "module", "message"),
    [
        ("sharing:made", "staithe.sharing.actions", "not room:noun:verbed"),
        ("Sharing:thing:made", "staithe.sharing.actions", "not room:noun:verbed"),
        ("sharing:thing:made:x", "staithe.sharing.actions", "not room:noun:verbed"),
        ("sharing:thing-:made", "staithe.sharing.actions", "not room:noun:verbed"),
        ("sharing:thing:made", "staithe.people.actions", "belongs in staithe.sharing"),
        ("sharing:thing:made", "elsewhere.sharing", "belongs in staithe.sharing"),
        ("ledger:event:erased", "staithe.ledger.actions", "two actions"),
    ],
)
def test_an_action_has_a_name_of_its_own_in_its_room(name, module, message, define):
    from staithe.ledger.recording import action

    def make():
        pass

    make.__module__ = module
    with pytest.raises(RuntimeError, match=message):
        action(name)(make)


def test_a_handler_listens_to_a_name_that_could_be_an_event():
    with pytest.raises(RuntimeError, match="room:noun:verbed"):
        on("sharing:*")


def test_actions_are_registered_with_what_runs_them(act, registries):
    registered = registries.ACTIONS["sharing:thing:made"]
    assert registered.name == "sharing:thing:made"
    registered.function(rows=1)
    assert json.loads(Event.objects.get().body) == {"rows": 1}
