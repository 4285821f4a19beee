"""Lists of specified persons: who stands in them, for which objective, on which day.

Ministers change the lists by regulations, so every entry is dated. A body that took
over another's functions raises a question; it is never silently mapped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Literal

from staithe.law.truth import Truth, both
from staithe.law.words import STRICT


if TYPE_CHECKING:
    from collections.abc import Iterable

    from staithe.law.case import Case
    from staithe.law.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a Schedule: a person, or a description of persons."""

    __pydantic_config__ = STRICT

    who: str
    paras: str = ""
    bodies: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    nations: tuple[str, ...] = ()
    service_provider: bool = False
    unnamed: bool = False
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A purpose that regulations specify, and who may use it."""

    __pydantic_config__ = STRICT

    purpose: str
    citation: str
    paras: str = ""
    bodies: tuple[str, ...] = ()
    others: Literal["no", "ask"] = "no"
    valid_from: date
    valid_to: date | None = None
    status: Literal["found", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifiedList:
    """A Schedule of specified persons as we have seen it."""

    __pydantic_config__ = STRICT

    id: str
    title: str
    citation: str
    status: Literal["found", "verify"]
    checked_on: date
    reviewer: str
    sources: tuple[str, ...]
    as_of: date
    complete: bool
    agencies: Literal["covered", "ask"]
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
        return [each for each in self.entries if _holds(each, on)]

    def objective(self, purpose: str, on: date) -> Objective | None:
        """Return the objective for a purpose on a day, or None."""
        for each in self.objectives:
            if each.purpose == purpose and _holds(each, on):
                return each
        return None

    def seen_on(self, on: date) -> date:
        """Return the date of the newest entry or objective that holds on a day."""
        dates = [self.as_of] if self.as_of <= on else []
        rows: tuple[Entry | Objective, ...] = (*self.entries, *self.objectives)
        dates += [each.valid_from for each in rows if _holds(each, on)]
        return max(dates, default=on)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a party is in a list, at which paragraphs if known, and why."""

    answer: Truth
    paras: frozenset[int] | None
    note: str


def _holds(row: Entry | Objective, on: date) -> bool:
    return row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)


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


def schedules_stated(texts: Iterable[str]) -> dict[int, frozenset[int]]:
    """Read what a party says of itself: Schedule of the DEA -> paragraphs."""
    found: dict[int, frozenset[int]] = {}
    for text in texts:
        if re.search(r"\bact\b(?! 2017)", text, re.IGNORECASE):
            continue
        for number, paras in _SCHEDULE.findall(text):
            try:
                stated = paragraphs(paras.strip(" ,-–"))
            except ValueError:
                stated = frozenset()
            found[int(number)] = found.get(int(number), frozenset()) | stated
    return found


def standing(the_list: SpecifiedList, case: Case, side: str) -> Standing:
    """Say whether the party on a side is in a list on the day of the case."""
    found = _standing(the_list, case, side)
    if found.answer is False and _new_persons(the_list, case, side):
        return Standing(
            answer=None,
            paras=None,
            note="regulations made later name persons for this objective",
        )
    return found


def _new_persons(the_list: SpecifiedList, case: Case, side: str) -> bool:
    objective = the_list.objective(case.values.get("purpose.code") or "", case.on)
    kind = case.values.get(f"{side}.type")
    return bool(objective and objective.others == "ask" and kind not in the_list.barred)


def _standing(the_list: SpecifiedList, case: Case, side: str) -> Standing:
    entries = the_list.entries_on(case.on)
    stated = case.schedules.get(side, {}).get(the_list.schedule)
    if stated is not None:
        return _as_stated(the_list, entries, stated)
    bodies = case.values[f"{side}.bodies"]
    objective = the_list.objective(case.values.get("purpose.code") or "", case.on)
    if objective and bodies & set(objective.bodies):
        return Standing(
            answer=True,
            paras=None,
            note=f"named for the objective: {objective.citation}",
        )
    named = [each for each in entries if bodies & set(each.bodies)]
    if named:
        return Standing(
            answer=True,
            paras=_paras(named),
            note=f"{named[0].who} is in {the_list.citation}",
        )
    kind = case.values.get(f"{side}.type")
    if kind in the_list.barred:
        return _barred(the_list, case, side, entries)
    return (
        _by_succession(the_list, entries, bodies, case.words)
        or _by_type(the_list, entries, case, kind)
        or _by_parent(the_list, entries, bodies, kind, case.words)
        or _otherwise(the_list, entries, case, side)
    )


def _paras(entries: Iterable[Entry]) -> frozenset[int]:
    return frozenset().union(*(paragraphs(each.paras) for each in entries))


def _as_stated(
    the_list: SpecifiedList, entries: list[Entry], stated: frozenset[int]
) -> Standing:
    known = _paras(entries)
    if not stated or stated & known:
        return Standing(
            answer=True,
            paras=stated or None,
            note=f"stated to be in {the_list.citation}",
        )
    if the_list.complete:
        return Standing(
            answer=False,
            paras=stated,
            note=f"{the_list.citation} as seen has no such paragraph",
        )
    return Standing(
        answer=None,
        paras=stated,
        note=f"that paragraph of {the_list.citation} has not been seen",
    )


def _barred(
    the_list: SpecifiedList, case: Case, side: str, entries: list[Entry]
) -> Standing:
    serves = case.values.get(f"{side}.processor_for") or case.is_given("on_behalf_of")
    if serves and any(each.service_provider for each in entries):
        return Standing(
            answer=None,
            paras=None,
            note="it may be listed as a service provider, for that service only",
        )
    kind = case.words.parties[case.values[f"{side}.type"]].text
    return Standing(
        answer=False,
        paras=None,
        note=f"it is not a specified person: {the_list.citation} as seen names no body of "
        f"this kind ({kind.lower()})",
    )


def _by_succession(
    the_list: SpecifiedList,
    entries: list[Entry],
    bodies: frozenset[str],
    words: Words,
) -> Standing | None:
    for body in sorted(bodies):
        old = set(words.bodies[body].succeeds)
        for entry in entries:
            for before in sorted(old & set(entry.bodies)):
                return Standing(
                    answer=None,
                    paras=None,
                    note=f"{words.bodies[body].name} took over functions of "
                    f"{words.bodies[before].name}, which is the name in "
                    f"{the_list.citation}; whether the entry now means it is to be "
                    "checked",
                )
    return None


def _by_type(
    the_list: SpecifiedList, entries: list[Entry], case: Case, kind: str | None
) -> Standing | None:
    nations = case.values.get("nation")
    fits = [each for each in entries if kind in each.types]
    if not fits:
        return None
    here = [
        e for e in fits if nations is None or not e.nations or nations & set(e.nations)
    ]
    if here:
        return Standing(
            answer=True, paras=_paras(here), note=f"{here[0].who}: {the_list.citation}"
        )
    return Standing(
        answer=None,
        paras=None,
        note=f"{the_list.citation} as seen names bodies of this kind in "
        f"{', '.join(fits[0].nations)} only",
    )


def _by_parent(
    the_list: SpecifiedList,
    entries: list[Entry],
    bodies: frozenset[str],
    kind: str | None,
    words: Words,
) -> Standing | None:
    if kind != "executive-agency" or the_list.agencies != "covered":
        return None
    parents = {words.bodies[b].parent for b in bodies} - {""}
    fits = [each for each in entries if parents & set(each.bodies)]
    return Standing(
        answer=True,
        paras=_paras(fits) if fits else None,
        note="an executive agency is normally covered by its parent’s entry",
    )


def _otherwise(
    the_list: SpecifiedList, entries: list[Entry], case: Case, side: str
) -> Standing:
    bodies = case.values[f"{side}.bodies"]
    homes = {case.words.bodies[body].nation for body in bodies}
    hidden = any(each.unnamed and homes & set(each.nations) for each in entries)
    if bodies and the_list.complete and not hidden:
        return Standing(
            answer=False,
            paras=None,
            note=f"{the_list.citation} as seen does not name this body",
        )
    return Standing(
        answer=None,
        paras=None,
        note=f"whether {the_list.citation} names this body is not known",
    )


def same_objective(the_list: SpecifiedList, case: Case) -> tuple[Truth, str]:
    """Say whether the purpose is specified for both parties, and why."""
    objective = the_list.objective(case.values.get("purpose.code") or "", case.on)
    if objective is None:
        return False, "the purpose is not an objective in force on this date"
    sides = [standing(the_list, case, side) for side in ("holder", "recipient")]
    answers = [
        _has_objective(objective, found, case.values[f"{side}.bodies"])
        for side, found in zip(("holder", "recipient"), sides, strict=True)
    ]
    answer = both(answers)
    if answer is False and all(each.answer for each in sides):
        who = [
            "the " + side
            for side, fits in zip(("holder", "recipient"), answers, strict=True)
            if fits is False
        ]
        return False, (
            "both parties are specified persons, but not for the same objective: "
            f"{' and '.join(who)} is not listed for it in {objective.citation}"
        )
    return answer, ""


def _has_objective(
    objective: Objective, found: Standing, bodies: frozenset[str]
) -> Truth:
    if found.answer is False:
        return False
    if bodies & set(objective.bodies):
        return True
    if objective.paras and found.paras:
        return bool(found.paras & paragraphs(objective.paras))
    if objective.others == "ask" or found.answer is None or found.paras is None:
        return None
    return False
