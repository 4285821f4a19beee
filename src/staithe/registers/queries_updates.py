"""What the pages of updates show: each line as a difference, what waits for whom."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from staithe.base.errors import NotFound
from staithe.people.permissions import Someone
from staithe.people.queries import find_person_by_ledger_id
from staithe.registers import details, erasure, reading
from staithe.registers.actions import schema_of
from staithe.registers.differences import Change, differences
from staithe.registers.item import Item
from staithe.registers.models import Line, Register, Update
from staithe.registers.naming import name_of
from staithe.registers.permissions import registers_kept_by
from staithe.registers.queries_records import changes_between, values_shown
from staithe.registers.schema import field_item
from staithe.registers.updates import OPEN


WORDS = {
    "added": "to add",
    "changed": "to change",
    "ended": "to end",
    "wrong": "wrong",
    "field": "fields",
    "detail": "about the register",
    "same": "the same",
}
DONE = {"added": "added", "changed": "changed", "ended": "ended"}


NOTHING = Change("", None, None)


@dataclass(frozen=True)
class Shown:
    """One line of an update as it is shown."""

    kind: str
    key: str
    name: str
    changes: tuple[Change, ...]
    row: int | None = None
    problem: str = ""


def get_update(register: Register, reference: str) -> Update:
    """Return an update of a register; NotFound."""
    found = Update.objects.filter(register=register, reference=reference)
    update = found.select_related("register__owner").first()
    if update is None:
        raise NotFound("There is no such update.")
    return update


def open_updates(register: Register) -> QuerySet[Update]:
    """Return the updates that are not over, newest first."""
    return Update.objects.filter(register=register, state__in=OPEN)


def past_updates(register: Register) -> QuerySet[Update]:
    """Return the updates that are over, newest first."""
    return Update.objects.filter(register=register).exclude(state__in=OPEN)


def updates_waiting_for(person: Someone) -> QuerySet[Update]:
    """Return the updates of others that a person may agree to, oldest first."""
    kept = registers_kept_by(person)
    me = getattr(person, "ledger_id", "")
    waiting = Update.objects.filter(
        Q(register__in=kept), state=Update.State.WAITING
    ).exclude(made_by=me)
    return waiting.select_related("register").order_by("made_at")


def counts_of(update: Update) -> list[tuple[int, str]]:
    """Return how many of each kind, in words, none left out that matter."""
    words = WORDS | (DONE if update.state == Update.State.APPLIED else {})
    return [(update.counts[k], w) for k, w in words.items() if update.counts.get(k)]


def show_lines(update: Update, lines: list[Line]) -> list[Shown]:
    """Return lines as differences from what they were compared with."""
    register = update.register
    seen = [line.seen for line in lines if line.seen]
    before = {
        each.number: values_shown(register, each)
        for each in reading.entries_at(register.pk, seen)
    }
    schema = schema_of(register)
    fields = schema.fields if schema else {}
    told = details.details_of(register)
    shown = []
    for line in lines:
        old: Item = before.get(line.seen, {})
        new: Item = erasure.reveal(register, line.values)
        if line.kind == Line.Kind.FIELD and line.key in fields:
            old = field_item(fields[line.key])
        if line.kind == Line.Kind.DETAIL:
            words = details.WORDS[line.key]
            old, new = {words: told[line.key]}, {words: line.values["value"]}
        wrong = line.kind == Line.Kind.WRONG
        changes = () if wrong else differences(old, new)
        shown.append(
            Shown(
                line.kind,
                line.key,
                name_of(old or new),
                changes,
                line.row,
                line.problem,
            )
        )
    return shown


def show_entries(register: Register, first: int, last: int) -> list[Shown]:
    """Return what entries of the log changed, one by one."""
    found = reversed(changes_between(register, first, last))
    return [Shown(c.kind.lower(), c.key, c.name, c.changes) for c in found]


def name_of_person(ledger_id: str) -> str:
    """Return the name of whoever acted, for those who keep the register."""
    person = find_person_by_ledger_id(ledger_id)
    return person.name if person else "The service"
