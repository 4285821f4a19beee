"""Lists of specified persons and the objectives made for them, as dated rows.

Ministers change the lists by regulations, so every entry is dated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from staithe.law.words import STRICT, Dated, Status


if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Dated):
    """One line of a Schedule: a person, or a description of persons."""

    __pydantic_config__ = STRICT

    who: str
    paras: str = ""
    bodies: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    nations: tuple[str, ...] = ()
    service_provider: bool = False
    unnamed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(Dated):
    """A purpose that regulations specify, and who may use it."""

    __pydantic_config__ = STRICT

    purpose: str
    citation: str
    paras: str = ""
    bodies: tuple[str, ...] = ()
    # Kinds of party that are asked about where the row does not name them; * is any.
    ask: tuple[str, ...] = ()
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifiedList:
    """A Schedule of specified persons as we have seen it."""

    __pydantic_config__ = STRICT

    id: str
    title: str
    citation: str
    status: Status
    checked_on: date
    reviewer: str
    sources: tuple[str, ...]
    as_of: date
    complete: bool
    # How a party that states its Schedule may name the Act.
    cited_as: tuple[str, ...]
    # Kinds of party that the entry of their parent normally covers.
    covered_by_parent: tuple[str, ...] = ()
    note: str = ""
    barred: tuple[str, ...] = ()
    entries: tuple[Entry, ...]
    objectives: tuple[Objective, ...] = ()

    @property
    def schedule(self) -> int:
        """The number of the Schedule."""
        return int(self.citation.rsplit(" ", 1)[1])

    def entries_on(self, on: date) -> list[Entry]:
        """Return the entries in force on a day."""
        return [each for each in self.entries if each.in_force(on)]

    def objective(self, purpose: str, on: date) -> Objective | None:
        """Return the objective for a purpose on a day, or None."""
        for each in self.objectives:
            if each.purpose == purpose and each.in_force(on):
                return each
        return None

    def asks(self, objective: Objective | None, kind: str | None) -> bool:
        """Say whether a kind of party that an objective does not name is asked about."""
        if objective is None or kind in self.barred:
            return False
        return kind is None or "*" in objective.ask or kind in objective.ask

    def seen_on(self, on: date) -> date:
        """Return the date of the newest entry or objective that holds on a day."""
        dates = [self.as_of] if self.as_of <= on else []
        rows: tuple[Entry | Objective, ...] = (*self.entries, *self.objectives)
        dates += [each.valid_from for each in rows if each.in_force(on)]
        return max(dates, default=on)


@cache
def paragraphs(text: str) -> frozenset[int]:
    """Read "1-5, 7" as {1, 2, 3, 4, 5, 7}; ValueError if it is not that."""
    found: set[int] = set()
    for part in filter(None, (each.strip() for each in text.split(","))):
        first, _, last = part.replace("–", "-").partition("-")
        low, high = int(first), int(last or first)
        if high < low:
            raise ValueError(f"{part!r} runs backwards")
        found |= set(range(low, high + 1))
    return frozenset(found)


_SCHEDULE = re.compile(
    r"sch(?:edule)?\.?\s*(\d+)(?:\s*,?\s*para(?:graph)?s?\.?\s*([\d\s,–-]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StatedSchedule:
    """A Schedule that a party says it is in: what stood before it, number, paragraphs."""

    before: str
    number: int
    paras: frozenset[int]

    def means(self, the_list: SpecifiedList) -> bool:
        """Say whether this is that list: the same number, and no other Act named."""
        if self.number != the_list.schedule:
            return False
        names = (name.lower() for name in the_list.cited_as)
        return not self.before or any(name in self.before for name in names)


def schedules_stated(texts: Iterable[str]) -> tuple[StatedSchedule, ...]:
    """Read what a party says of itself: which Schedules, at which paragraphs."""
    return tuple(
        StatedSchedule(
            text[: match.start()].strip().lower(),
            int(match[1]),
            _read_paragraphs(match[2] or ""),
        )
        for text in texts
        for match in _SCHEDULE.finditer(text)
    )


def _read_paragraphs(text: str) -> frozenset[int]:
    try:
        return paragraphs(text.strip(" ,-–"))
    except ValueError:
        return frozenset()
