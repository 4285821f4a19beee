"""What an edit of the data files would change: the answers before and after.

A legal editor sees every case whose answer differs, in which part and from which day,
before the edit is published.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from staithe.base.errors import UserError
from staithe.law.advise import advise
from staithe.law.case import DAYS


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from staithe.law.advice import Advice
    from staithe.law.library import Library

PARTS = (
    "verdict", "gateways", "ruled_out", "conditions", "documents", "citations",
    "ask_for", "explain", "restrictions", "also_consider", "lawful_basis_finding",
    "citation_findings", "human_review", "lists_as_of",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of one answer that would change, on the day of the answer.

    Without a day it is that of the facts, or else the day of the library.
    """

    case: str
    on: date | None
    part: str
    before: object
    after: object


def preview(
    cases: Iterable[tuple[str, Mapping[str, Any]]],
    before: Library,
    after: Library,
    *,
    days: Iterable[date] = (),
) -> list[Difference]:
    """Compare the answers of two libraries on the same cases, in the order given.

    Facts that state no day are looked at on each of `days` as well. What differs on a
    later day as it did on the day before is told once.
    """
    looked_at = sorted(set(days))
    found = []
    for name, facts in cases:
        told: dict[str, tuple[object, object]] = {}
        for on in (None, *(() if has_a_day(facts) else looked_at)):
            for part, old, new in _differing(facts, before, after, on):
                if told.get(part) != (old, new):
                    found.append(Difference(name, on, part, old, new))
                told[part] = (old, new)
    return found


def has_a_day(facts: Mapping[Any, Any]) -> bool:
    """Say whether facts state their day; YAML reads a bare `on` as a yes."""
    return any(facts.get(name) is not None for name in (*DAYS, True))


def days_to_look(before: Library, after: Library, *, today: date) -> list[date]:
    """Return the days on which an edit may tell: today, and where its dates differ.

    A row that ends tells on the day after. Days still to come of rows that the edit
    leaves their dates count as well: the edit may change what begins then.
    """
    old, new = Counter(_dates(before)), Counter(_dates(after))
    edited = {day for row in (old - new) + (new - old) for day in row[1:]}
    coming = {day for row in new for day in row[1:] if day and day > today}
    return sorted({today, *(day for day in edited | coming if day)})


def _dates(library: Library) -> Iterator[tuple[object, date | None, date | None]]:
    for key, row in library.dated_rows():
        ends = row.valid_to
        day_after = ends + timedelta(days=1) if ends and ends < date.max else None
        yield key, row.valid_from, day_after


def _differing(
    facts: Mapping[str, Any], before: Library, after: Library, on: date | None
) -> Iterator[tuple[str, object, object]]:
    old = answer_of(facts, on=on, library=before)
    new = answer_of(facts, on=on, library=after)
    for part in ("refused", *PARTS):
        if old.get(part) != new.get(part):
            yield part, old.get(part), new.get(part)


def parts_of(advice: Advice) -> dict[str, Any]:
    """Return what an answer holds, in short: ids and words, to be compared."""
    plain = advice.to_plain()
    return {part: _short(plain[part]) for part in PARTS}


def answer_of(
    facts: Mapping[str, Any], *, on: date | None = None, library: Library | None = None
) -> dict[str, Any]:
    """Return what a library answers on a day, in short, or why it refuses."""
    try:
        return parts_of(advise(facts, on=on, library=library))
    except UserError as error:
        return {"refused": error.message}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [
            each.get("id", each) if isinstance(each, dict) else each for each in value
        ]
    return value
