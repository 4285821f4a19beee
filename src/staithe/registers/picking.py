"""Records found by the name that a person types: now, formerly, in another language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from staithe.registers import finding, indexing, queries_records, reading
from staithe.registers.item import Item
from staithe.registers.models import Register
from staithe.registers.naming import name_of, names_in, rank
from staithe.registers.reading import StoredEntry
from staithe.registers.terms import words


MOST = 20
LOOKED_AT = 500  # records that are weighed against each other


@dataclass(frozen=True)
class Picked:
    """A record to choose; `matched` is the other name by which it was found."""

    key: str
    name: str
    matched: str
    ended: bool


def pick(
    register: Register,
    text: str,
    *,
    on: date | None,
    today: date,
    exact: bool = False,
) -> list[Picked]:
    """Return the records that a text names, best first; with `exact`, just those.

    `on` leaves out what is not in force that day; None leaves out nothing. What has
    ended by `today` is marked: an end date to come ends nothing yet.
    """
    if not words(text):
        return []
    out = set(finding.not_in_force(register, on)) if on else set()
    places = indexing.search(register, text, limit=10 * LOOKED_AT)
    kept = [place for place in places if place not in out][:LOOKED_AT]
    weighed = []
    for each in reading.records_at(register.pk, kept):
        near, matched, values = _weigh(register, each, text)
        if near == 0 or not exact:
            name = name_of(values) or each.key
            ended = queries_records.has_ended(values, today=today)
            shown = Picked(each.key, name, matched, ended)
            weighed.append((near, bool(matched), words(name), shown))
    weighed.sort(key=lambda row: row[:3])
    return [row[3] for row in weighed[:MOST]]


def _weigh(register: Register, each: StoredEntry, text: str) -> tuple[int, str, Item]:
    """Return how well a record is named, and the name that is not its usual one."""
    values = queries_records.values_shown(register, each)
    usual = name_of(values)
    near = rank(text, key=each.key, names=[usual])
    best, matched = near, ""
    others = [name for name in names_in(values) if name != usual]
    if near > 0:
        others += _earlier_names(register, each)
    for other in dict.fromkeys(others):
        found = rank(text, key="", names=[other])
        if found < best:
            best, matched = found, other
    return best, matched, values


def _earlier_names(register: Register, each: StoredEntry) -> list[str]:
    if not each.previous:
        return []
    return [
        name
        for past in reading.trail(register.pk, each.key)[:-1]
        for name in names_in(queries_records.values_shown(register, past))
    ]
