"""Which records a list shows: found by words, by values, and in force on a day.

Answered from the index of words and values; the log says what each record holds.
What is in force is judged by `start-date` and `end-date`, as the register gives them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from staithe.registers import facets, indexing, reading
from staithe.registers.models import Register
from staithe.registers.schema import Schema
from staithe.registers.terms import is_naming


MOST_FOUND = 500  # by words; a person types another letter instead of turning pages
MOST_SORTED = 2000  # records that are put in the order of their names
MOST_CHOICES = 30  # values of a field that a filter offers
SMALL = 20_000  # records up to which every field may be a filter
START, END = "start-date", "end-date"


@dataclass(frozen=True)
class Asked:
    """What a list is asked for; `on` None means ended records too."""

    words: str = ""
    on: date | None = None
    values: Mapping[str, str] = field(default_factory=dict)


class Places(Sequence[int]):
    """Places of records in the order of the log, of which few are ever looked at."""

    def __init__(self, records: int, without: array[int]) -> None:
        self._records, self._without = records, without

    def __len__(self) -> int:
        return self._records - len(self._without)

    def __getitem__(self, index: int | slice) -> int | list[int]:  # type: ignore[override]  # a page is a plain list
        if isinstance(index, slice):
            return [self._place(i) for i in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._place(index)

    def _place(self, index: int) -> int:
        """Return the place that is the `index`th from 0 of those not left out."""
        low, high = index + 1, index + 1 + len(self._without)
        while low < high:
            middle = (low + high) // 2
            if middle - bisect_right(self._without, middle) > index:
                high = middle
            else:
                low = middle + 1
        return low


def find(register: Register, schema: Schema | None, asked: Asked) -> Sequence[int]:
    """Return the places of the records that are asked for, in order."""
    out = not_in_force(register, asked.on) if asked.on else array("q")
    chosen: set[int] | None = None
    for name, value in asked.values.items():
        if schema is not None and name in schema.fields:
            have = set(
                facets.places(
                    register, schema, field=name, value=value, limit=register.records
                )
            )
            chosen = have if chosen is None else chosen & have
    if asked.words.strip():
        found = indexing.search(register, asked.words, limit=register.records)
        chosen = set(found) if chosen is None else chosen & set(found)
    if chosen is None:
        return Places(register.records, out)
    return sorted(chosen.difference(out))


def not_in_force(register: Register, on: date) -> array[int]:
    """Return the places of the records that ended or had not begun on a day, sorted."""
    return _not_in_force(register.pk, _indexed(register), on.isoformat())


def _indexed(register: Register) -> bytes:
    """Return the root of what is indexed: what was read of it stays good."""
    return reading.root(register.pk, register.indexed_size)


@lru_cache(maxsize=64)
def _not_in_force(register: int, _root: bytes, on: str) -> array[int]:
    # A time on the day itself sorts after the bare day and before the tilde.
    found = reading.rows(
        "SELECT DISTINCT place FROM registers_term WHERE register_id = %s AND ("
        "(field = %s AND text <= %s) OR (field = %s AND text > %s))",
        [register, END, on + "~", START, on + "~"],
    )
    return array("q", sorted(row[0] for row in found))


@dataclass(frozen=True)
class Choice:
    """One value that a filter offers."""

    value: str
    count: int


def choices(register: Register, schema: Schema) -> dict[str, list[Choice]]:
    """Return the fields that sort the records into few kinds, with their values."""
    found, root = {}, _indexed(register)
    for name, about in schema.fields.items():
        is_link = name in schema.link_fields
        plain = about.datatype in {"string", "boolean", "name"} and not is_naming(name)
        if name == schema.register or about.erasable:
            continue
        if is_link or (plain and register.records <= SMALL):
            values = _values(register.pk, root, name)
            if 1 < len(values) <= MOST_CHOICES < register.records:
                found[name] = list(values)
    return found


@lru_cache(maxsize=256)
def _values(register: int, _root: bytes, name: str) -> tuple[Choice, ...]:
    found = reading.rows(
        "SELECT text, count(*) FROM registers_term WHERE register_id = %s "
        "AND field = %s GROUP BY text ORDER BY text LIMIT %s",
        [register, name, MOST_CHOICES + 1],
    )
    return tuple(Choice(text, count) for text, count in found)
