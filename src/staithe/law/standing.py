"""Who stands in a list of specified persons, for which objective, on which day.

A body that took over another's functions raises a question; it is never silently
mapped, and neither is one that no longer exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.law.lists import paragraphs
from staithe.law.truth import Truth, both


if TYPE_CHECKING:
    from collections.abc import Iterable

    from staithe.law.case import Case
    from staithe.law.lists import Entry, Objective, SpecifiedList
    from staithe.law.words import Words


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a party is in a list, at which paragraphs if known, and why."""

    answer: Truth
    paras: frozenset[int] | None
    note: str


def standing(the_list: SpecifiedList, case: Case, side: str) -> Standing:
    """Say whether the party on a side is in a list on the day of the case."""
    found, *others = [
        _of_one_kind(the_list, each, side) for each in case.of_each_kind(side)
    ]
    if all(each.answer is found.answer for each in others):
        return found
    return Standing(
        answer=None,
        paras=None,
        note=f"whether {the_list.citation} names it depends on what kind of body it is",
    )


def _of_one_kind(the_list: SpecifiedList, case: Case, side: str) -> Standing:
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
    return bool(objective and objective.ask) and the_list.asks(objective, kind)


def _standing(the_list: SpecifiedList, case: Case, side: str) -> Standing:
    entries = the_list.entries_on(case.on)
    bodies = case.values[f"{side}.bodies"]
    kind = case.values.get(f"{side}.type")
    stated = [each for each in case.schedules.get(side, ()) if each.means(the_list)]
    if stated:
        paras = frozenset().union(*(each.paras for each in stated))
        return _as_stated(the_list, entries, paras, case, side)
    gone = _not_there(bodies, case)
    if gone:
        return gone
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
    if kind in the_list.barred:
        return _barred(the_list, case, side, entries)
    return (
        _by_succession(the_list, entries, bodies, case.words)
        or _by_type(the_list, entries, case, kind)
        or _by_parent(the_list, entries, bodies, kind, case.words)
        or _otherwise(the_list, entries, case, side)
    )


def _not_there(bodies: frozenset[str], case: Case) -> Standing | None:
    """Ask where every body named had ended, or had not begun, on the day."""
    known = [case.words.bodies[each] for each in sorted(bodies)]
    if not known or any(each.exists(case.on) for each in known):
        return None
    body = known[0]
    when = (
        f"ended on {body.valid_to:%-d %B %Y}"
        if body.valid_to and body.valid_to < case.on
        else "did not exist yet"
    )
    return Standing(
        answer=None,
        paras=None,
        note=f"{body.name} {when}; which body has its functions on "
        f"{case.on:%-d %B %Y} is to be checked",
    )


def _paras(entries: Iterable[Entry]) -> frozenset[int]:
    return frozenset().union(*(paragraphs(each.paras) for each in entries))


def _as_stated(
    the_list: SpecifiedList,
    entries: list[Entry],
    stated: frozenset[int],
    case: Case,
    side: str,
) -> Standing:
    """Take a Schedule as stated, unless its paragraph is that of somebody else."""
    fits = [each for each in entries if stated & paragraphs(each.paras)]
    others = [each for each in fits if not _may_mean(each, case, side)]
    kind = case.values.get(f"{side}.type")
    if fits and len(others) == len(fits):
        return Standing(
            answer=None,
            paras=None,
            note=f"that paragraph of {the_list.citation} is the entry of "
            f"{others[0].who}; which one names this party is to be checked",
        )
    if not stated and kind in the_list.barred:
        return Standing(
            answer=None,
            paras=None,
            note=f"{the_list.citation} as seen names no body of this kind; at which "
            "paragraph is to be checked",
        )
    if not stated or fits:
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


def _may_mean(entry: Entry, case: Case, side: str) -> bool:
    """Say whether an entry could be that of a party, as far as the facts tell."""
    words = case.words
    bodies = case.values[f"{side}.bodies"]
    kind = case.values.get(f"{side}.type")
    if entry.bodies and bodies:
        related = set(bodies)
        for each in bodies:
            related |= {words.bodies[each].parent, *words.bodies[each].succeeds}
        return bool(related & set(entry.bodies))
    if entry.bodies:
        kinds = frozenset({kind} if kind else ())
        return any(words.may_be(each, kinds) for each in entry.bodies)
    return not entry.types or kind is None or kind in entry.types


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
    reach = frozenset().union(*(e.nations or case.words.nations for e in here))
    if here and (nations is None or nations <= reach):
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
    if kind not in the_list.covered_by_parent:
        return None
    parents = {words.bodies[b].parent for b in bodies} - {""}
    fits = [each for each in entries if parents & set(each.bodies)]
    if fits:
        return Standing(
            answer=True,
            paras=_paras(fits),
            note="an executive agency is normally covered by its parent’s entry",
        )
    if parents:
        return _by_succession(the_list, entries, frozenset(parents), words)
    return None


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
        _of_any_kind(the_list, objective, found, case, side)
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


def _of_any_kind(
    the_list: SpecifiedList,
    objective: Objective,
    found: Standing,
    case: Case,
    side: str,
) -> Truth:
    answers = {
        _has_objective(the_list, objective, found, each, side)
        for each in case.of_each_kind(side)
    }
    return answers.pop() if len(answers) == 1 else None


def _has_objective(
    the_list: SpecifiedList,
    objective: Objective,
    found: Standing,
    case: Case,
    side: str,
) -> Truth:
    if found.answer is False:
        return False
    if case.values[f"{side}.bodies"] & set(objective.bodies):
        return True
    if objective.paras and found.paras:
        return bool(found.paras & paragraphs(objective.paras))
    if objective.bodies or objective.ask:
        kind = case.values.get(f"{side}.type")
        named = case.values.get(f"{side}.named")
        return None if the_list.asks(objective, kind) or not named else False
    return None if found.answer is None or found.paras is None else False
