"""What the pages of records show: lists, one record, what changed and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Q

from staithe.base.errors import NotFound
from staithe.people.permissions import Someone
from staithe.registers import datatypes, erasure, finding, links, pointing, reading
from staithe.registers.actions import schema_of
from staithe.registers.curie import Curie
from staithe.registers.differences import Change, differences
from staithe.registers.finding import END, Asked
from staithe.registers.item import Item
from staithe.registers.models import Correction, Register, Update
from staithe.registers.naming import name_of, names_in, rank
from staithe.registers.pointing import Pointing
from staithe.registers.reading import StoredEntry
from staithe.registers.schema import Schema
from staithe.registers.terms import words


PAGE = 2000
EXPLAINED = 50  # entries of a record's history that say why


@dataclass(frozen=True)
class Cell:
    """One value as it is shown; `href` leads to the record that it names."""

    text: str
    href: str = ""
    name: str = ""  # what the record that it names is called
    problem: str = ""


@dataclass(frozen=True)
class Why:
    """Where an entry came from: the update, and what was said about it."""

    update: Update
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class Step:
    """One entry of a record's history."""

    number: int
    at: datetime
    changes: tuple[Change, ...]
    why: Why | None = None


@dataclass(frozen=True)
class RecordView:
    """A record with its history, links and place in the log."""

    key: str
    name: str
    number: int
    values: Item
    cells: dict[str, list[Cell]]
    history: tuple[Step, ...]
    ended_on: date | None
    has_ended: bool
    item_hashes: tuple[str, ...]
    pointing: list[Pointing]


def get_record(
    register: Register, key: str, *, person: Someone, today: date
) -> RecordView:
    """Return a record with its history; NotFound."""
    trail = reading.trail(register.pk, key)
    if not trail:
        raise NotFound(f"{register.title} has no record {key[:80]}.")
    states = [values_shown(register, each) for each in trail]
    schema = schema_of(register)
    return RecordView(
        key=key,
        name=name_of(states[-1]),
        number=trail[-1].number,
        values=states[-1],
        cells=_cells(schema, states[-1]),
        history=tuple(reversed([*_steps(register, trail, states)])),
        ended_on=_ended(states[-1]),
        has_ended=has_ended(states[-1], today=today),
        item_hashes=tuple(f"sha-256:{h.hex()}" for h in trail[-1].hashes),
        pointing=pointing.links_to(register, key, person=person),
    )


def values_shown(register: Register, each: StoredEntry) -> Item:
    """Return what an entry says, as pages show it."""
    return erasure.reveal(register, reading.data_of(register.pk, each)[0])


def _steps(
    register: Register, trail: list[StoredEntry], states: list[Item]
) -> Iterator[Step]:
    reasons = reasons_for(register, [each.number for each in trail[-EXPLAINED:]])
    before: Item = {}
    for each, values in zip(trail, states, strict=True):
        at = datetime.fromtimestamp(each.at, UTC)
        changed = differences(before, values)
        yield Step(each.number, at, changed, reasons.get(each.number))
        before = values


def reasons_for(register: Register, numbers: Sequence[int]) -> dict[int, Why]:
    """Return the update that each of these entries came from, where there was one."""
    if not numbers:
        return {}
    near = Q()
    for number in numbers:
        near |= Q(first_entry__lte=number, last_entry__gte=number)
    found = Update.objects.filter(near, register=register).prefetch_related(
        "corrections"
    )
    reasons = [Why(update, tuple(update.corrections.all())) for update in found]
    return {
        number: why
        for number in numbers
        for why in reasons
        if (why.update.first_entry or 0) <= number <= (why.update.last_entry or 0)
    }


def _cells(schema: Schema | None, values: Item) -> dict[str, list[Cell]]:
    names = list(schema.fields) if schema else sorted(values)
    found = links.links_of(schema, values) if schema else {}
    broken = {
        (b.field, b.value): b.reason
        for b in (links.broken_links(schema, found) if schema else [])
    }
    called = _called(schema, found)
    cells: dict[str, list[Cell]] = {}
    for name in names:
        value = values.get(name)
        texts = [value] if isinstance(value, str) else value or []
        cells[name] = [
            Cell(
                text,
                href=_href(schema, name, text, is_link=name in found),
                name=called.get((name, text), ""),
                problem=broken.get((name, text), ""),
            )
            for text in texts
        ]
    return cells


def _called(
    schema: Schema | None, found: dict[str, list[str]]
) -> dict[tuple[str, str], str]:
    """Return what the records that links lead to are called."""
    if schema is None:
        return {}
    targets = {
        (name, text): curie
        for name, texts in found.items()
        for text in texts
        if (curie := schema.target(name, text)) and curie.key
    }
    wanted = {curie.register for curie in targets.values()}
    registers = Register.objects.filter(name__in=wanted, is_public=True)
    names = {
        (register.name, key): name
        for register in registers
        for key, name in pointing.names_of(
            register, [c.key for c in targets.values() if c.register == register.name]
        ).items()
    }
    return {
        at: names[curie.register, curie.key]
        for at, curie in targets.items()
        if (curie.register, curie.key) in names
    }


def _href(schema: Schema | None, name: str, text: str, *, is_link: bool) -> str:
    if schema is None:
        return ""
    curie: Curie | None = schema.target(name, text) if is_link else None
    if curie is not None:
        return curie.path
    field = schema.fields.get(name)
    is_url = field is not None and field.datatype == "url"
    return text if is_url and datatypes.is_valid(text, datatype="url") else ""


def has_ended(values: Item, *, today: date) -> bool:
    """Tell whether a record ended; an end date to come ends nothing yet."""
    ended = _ended(values)
    return bool(ended and ended <= today)


def _ended(values: Item) -> date | None:
    end = values.get(END)
    return datatypes.as_date(end) if isinstance(end, str) else None


# ---------------------------------------------------------------- lists


@dataclass(frozen=True)
class Row:
    """A record in a list."""

    key: str
    name: str
    values: Item
    ended: bool


class Found:
    """The records that were asked for, of which a page at a time is read."""

    def __init__(
        self, register: Register, places: Sequence[int], *, asked: Asked, today: date
    ) -> None:
        self.register, self.places = register, places
        self.asked, self.today = asked, today
        self.is_sorted = len(places) <= finding.MOST_SORTED
        self._rows: list[Row] | None = None

    def count(self) -> int:
        """Return how many there are, as paging asks."""
        return len(self.places)

    def __getitem__(self, index: slice) -> list[Row]:
        """Return some of the rows: by name, or as they were logged where many."""
        if not self.is_sorted:
            return self._read(list(self.places[index]))
        if self._rows is None:
            self._rows = sorted(self._read(list(self.places)), key=self._order)
        return self._rows[index]

    def _order(self, row: Row) -> tuple[int, list[str], str]:
        text = self.asked.words
        near = rank(text, key=row.key, names=names_in(row.values)) if text else 0
        return near, words(row.name or row.key), row.key

    def _read(self, places: list[int]) -> list[Row]:
        found = reading.records_at(self.register.pk, places)
        return [self._row(each) for each in found]

    def _row(self, each: StoredEntry) -> Row:
        values = values_shown(self.register, each)
        gone = has_ended(values, today=self.today)
        return Row(each.key, name_of(values), values, gone)


def find_records(
    register: Register, schema: Schema | None, asked: Asked, *, today: date
) -> Found:
    """Return the records that are asked for."""
    places = finding.find(register, schema, asked)
    return Found(register, places, asked=asked, today=today)


def all_rows(
    register: Register, schema: Schema | None, *, asked: Asked
) -> Iterator[tuple[str, Item]]:
    """Yield every record asked for, in the order of the log, however many there are."""
    places = finding.find(register, schema, asked)
    for start in range(0, len(places), PAGE):
        part = list(places[start : start + PAGE])
        for each in reading.records_at(register.pk, part):
            yield each.key, values_shown(register, each)


# ---------------------------------------------------------------- what changed


@dataclass(frozen=True)
class Changed:
    """One entry of the log as a change to a record."""

    number: int
    at: datetime
    key: str
    name: str
    kind: str
    changes: tuple[Change, ...]
    why: Why | None


def size_at(register: Register, moment: datetime) -> int:
    """Return how many entries there were at a time: the log is read by halves."""
    low, high, seconds = 0, register.size, int(moment.timestamp())
    while low < high:
        middle = (low + high + 1) // 2
        each = reading.find_entry(register.pk, middle)
        if each is not None and each.at <= seconds:
            low = middle
        else:
            high = middle - 1
    return low


def changes_between(register: Register, first: int, last: int) -> list[Changed]:
    """Return entries `first` to `last` as changes, newest first."""
    found = reading.entries(register.pk, first, last)
    before = {
        each.number: values_shown(register, each)
        for each in reading.entries_at(
            register.pk, [each.previous for each in found if each.previous]
        )
    }
    reasons = reasons_for(register, [each.number for each in found])
    return [
        _changed(register, each, before.get(each.previous, {}), reasons)
        for each in reversed(found)
    ]


def _changed(
    register: Register, each: StoredEntry, old: Item, reasons: dict[int, Why]
) -> Changed:
    new = values_shown(register, each)
    ends = END in new and END not in old
    return Changed(
        number=each.number,
        at=datetime.fromtimestamp(each.at, UTC),
        key=each.key,
        name=name_of(new),
        kind="Added" if not each.previous else "Ended" if ends else "Changed",
        changes=differences(old, new),
        why=reasons.get(each.number),
    )
