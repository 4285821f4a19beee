"""What the pages of registers show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet

from staithe.base.errors import NotFound
from staithe.people.models import Person
from staithe.people.permissions import Permission, Someone, organisations_where
from staithe.registers import datatypes, erasure, indexing, links, reading
from staithe.registers.actions import schema_of
from staithe.registers.curie import Curie
from staithe.registers.item import Item, Value
from staithe.registers.models import Correction, Register
from staithe.registers.permissions import check_see
from staithe.registers.reading import StoredEntry
from staithe.registers.schema import Schema


def visible_registers(person: Someone) -> QuerySet[Register]:
    """Return the registers that a person may read."""
    public = Q(is_public=True)
    if not isinstance(person, Person):
        return Register.objects.filter(public)
    kept = organisations_where(person, Permission.EDIT_ASSET)
    return Register.objects.filter(public | Q(owner__in=kept))


def get_register(name: str, *, person: Someone) -> Register:
    """Return a register that a person may read; NotFound."""
    register = Register.objects.filter(name=name).select_related("owner").first()
    if register is None:
        raise NotFound("There is no such register.")
    check_see(person, register)
    return register


@dataclass(frozen=True)
class Cell:
    """One value as it is shown; `href` leads to the record that it names."""

    text: str
    href: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Change:
    """What an entry changed in one field; None for what was or is not there."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Step:
    """One entry of a record's history."""

    number: int
    at: datetime
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class RecordView:
    """A record with its history, links and place in the log."""

    key: str
    number: int
    values: Item
    cells: dict[str, list[Cell]]
    history: tuple[Step, ...]
    ended_on: date | None
    item_hashes: tuple[str, ...]


def get_record(register: Register, key: str) -> RecordView:
    """Return a record with its history; NotFound."""
    trail = reading.trail(register.pk, key)
    if not trail:
        raise NotFound(f"{register.title} has no record {key[:80]}.")
    states = [
        erasure.reveal(register, reading.data_of(register.pk, each)[0])
        for each in trail
    ]
    schema = schema_of(register)
    return RecordView(
        key=key,
        number=trail[-1].number,
        values=states[-1],
        cells=_cells(schema, states[-1]),
        history=tuple(reversed([*_steps(trail, states)])),
        ended_on=_ended(states[-1]),
        item_hashes=tuple(f"sha-256:{h.hex()}" for h in trail[-1].hashes),
    )


def _steps(trail: list[StoredEntry], states: list[Item]) -> list[Step]:
    before: Item = {}
    steps = []
    for each, values in zip(trail, states, strict=True):
        at = datetime.fromtimestamp(each.at, UTC)
        steps.append(Step(each.number, at, differences(before, values)))
        before = values
    return steps


def differences(before: Item, after: Item) -> tuple[Change, ...]:
    """Return what changed from one item to another, field by field."""
    return tuple(
        Change(name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def _text(value: Value | None) -> str | None:
    return "; ".join(value) if isinstance(value, list) else value


def _cells(schema: Schema | None, values: Item) -> dict[str, list[Cell]]:
    names = list(schema.fields) if schema else sorted(values)
    found = links.links_of(schema, values) if schema else {}
    broken = {
        (b.field, b.value): b.reason
        for b in (links.broken_links(schema, found) if schema else [])
    }
    cells: dict[str, list[Cell]] = {}
    for name in names:
        value = values.get(name)
        texts = [value] if isinstance(value, str) else value or []
        cells[name] = [
            Cell(
                text,
                href=_href(schema, name, text, is_link=name in found),
                problem=broken.get((name, text), ""),
            )
            for text in texts
        ]
    return cells


def _href(schema: Schema | None, name: str, text: str, *, is_link: bool) -> str:
    if schema is None:
        return ""
    curie: Curie | None = schema.target(name, text) if is_link else None
    if curie is not None:
        return curie.path
    field = schema.fields.get(name)
    is_url = field is not None and field.datatype == "url"
    return text if is_url and datatypes.is_valid(text, datatype="url") else ""


def _ended(values: Item) -> date | None:
    end = values.get("end-date")
    return datatypes.as_date(end) if isinstance(end, str) else None


@dataclass(frozen=True)
class Row:
    """A record in a list."""

    key: str
    name: str
    values: Item
    ended: bool


MOST_FOUND = 500


def list_records(
    register: Register, *, text: str, start: int, end: int
) -> tuple[list[Row], int]:
    """Return the records from place `start` to `end`, and how many there are.

    With words to search for, the places count among what was found.
    """
    if not text.strip():
        found = reading.records(register.pk, start, end)
        return [_row(register, each) for each in found], register.records
    places = indexing.search(register, text, limit=MOST_FOUND)
    found = reading.records_at(register.pk, places[start - 1 : end])
    return [_row(register, each) for each in found], len(places)


def _row(register: Register, each: StoredEntry) -> Row:
    values = erasure.reveal(register, reading.data_of(register.pk, each)[0])
    ended = _ended(values)
    today = datetime.now(UTC).date()
    return Row(each.key, name_of(values), values, bool(ended and ended <= today))


def name_of(values: Item) -> str:
    """Return what to call a record."""
    for name in ("name", "official-name", "register-name", "text", "field"):
        value = values.get(name)
        if isinstance(value, str) and value:
            return value[:200]
    return ""


@dataclass(frozen=True)
class Freshness:
    """When a register was last changed or looked at, against its owner's promise."""

    last: datetime | None
    due: datetime | None
    is_late: bool


def freshness(register: Register, *, at: datetime) -> Freshness:
    """Return whether a register is as fresh as its owner promises."""
    moments = [register.reviewed_at]
    if register.last_entry_at is not None:
        moments.append(datetime.fromtimestamp(register.last_entry_at, UTC))
    last = max((m for m in moments if m), default=None)
    if last is None or register.review_every_days is None:
        return Freshness(last, None, is_late=False)
    due = last + timedelta(days=register.review_every_days)
    return Freshness(last, due, is_late=due < at)


@dataclass(frozen=True)
class CorrectionFigures:
    """How often and how fast corrections are decided."""

    proposed: int
    accepted: int
    declined: int
    waiting: int
    median_days: int | None


def correction_figures(register: Register) -> CorrectionFigures:
    """Return the public figures of a register's corrections."""
    rows = list(Correction.objects.filter(register=register))
    taken = [row.decided_at - row.made_at for row in rows if row.decided_at]
    days = sorted(each.days for each in taken)
    states = [row.state for row in rows]
    return CorrectionFigures(
        proposed=len(rows),
        accepted=states.count("accepted") + states.count("edited"),
        declined=states.count("declined"),
        waiting=states.count("open"),
        median_days=days[len(days) // 2] if days else None,
    )


def address_of(register: Register) -> str:
    """Return the full address of a register."""
    return f"{settings.BASE_URL}/registers/{register.name}"
