"""Protecting an answer beside the answers that the same people have seen before.

Two tables that are safe alone can be subtracted. So a new one hides whatever would,
with all that was shown, add up to a number about fewer people than the threshold.
Numbers are taken as exact here, also where they are rounded: a wider margin for
those who ask again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.incidence import of_amounts, of_people
from staithe.disclosure.isolating import Isolating, find_isolating
from staithe.disclosure.protect import ProtectedTable, protect_table
from staithe.disclosure.seen import Counted, Seen


if TYPE_CHECKING:
    from collections.abc import Sequence

    from staithe.disclosure.cells import Key, Table
    from staithe.disclosure.policy import OutputPolicy


MAX_ROUNDS = 25
NEWEST = ""


@dataclass(frozen=True)
class Beside:
    """A protected table, what was seen before it, and the cells hidden because of it.

    `named`: the earlier answers that those cells would have told something with.
    """

    protected: ProtectedTable
    telling: frozenset[Key]
    named: tuple[str, ...]


def protect_beside(
    table: Table, policy: OutputPolicy, counted: Counted, earlier: Sequence[Seen]
) -> Beside:
    """Protect a table so that nothing about few people comes of it and earlier ones.

    AnswerIsNo, naming the earlier answers, where hiding cells cannot achieve that;
    TooMuch where too much was shown to tell. Repeatable.
    """
    telling: frozenset[Key] = frozenset()
    named: dict[str, None] = {}
    for _ in range(MAX_ROUNDS):
        protected = _protect(table, policy, telling, tuple(named))
        answers = [*_distinct(earlier), see(NEWEST, protected, counted)]
        found = isolating_of(answers, threshold=policy.threshold)
        more = frozenset(_worth_hiding(each, table, len(answers) - 1) for each in found)
        if not found:
            return Beside(protected, telling, tuple(named))
        telling |= more
        named |= dict.fromkeys(
            answers[place].name for each in found for place, _ in each.numbers
        )
        named.pop(NEWEST, None)
    raise _refusal(tuple(named))


def see(name: str, protected: ProtectedTable, counted: Counted) -> Seen:
    """Return a protected table as an answer that was seen."""
    return Seen(
        name,
        protected.shape,
        frozenset(cell.key for cell in protected.cells if cell.value is not None),
        counted,
        of_people=protected.measure.kind == "count",
    )


def isolating_of(answers: Sequence[Seen], *, threshold: int) -> list[Isolating]:
    """Return what the last of several answers gives away beside the others."""
    if len(answers) == 1:
        return []
    found = find_isolating(of_people(answers), threshold=threshold)
    places = [i for i, each in enumerate(answers) if not each.of_people]
    if found or len(places) < 2 or answers[-1].of_people:  # noqa: PLR2004  it takes two
        return found
    amounts = of_amounts([answers[place] for place in places])
    return [
        Isolating(each.people, tuple((places[i], key) for i, key in each.numbers))
        for each in find_isolating(amounts, threshold=threshold)
    ]


def _protect(
    table: Table,
    policy: OutputPolicy,
    telling: frozenset[Key],
    named: tuple[str, ...],
) -> ProtectedTable:
    try:
        return protect_table(table, policy, telling=telling)
    except AnswerIsNo as error:
        if telling:
            raise _refusal(named) from error
        raise


def _distinct(earlier: Sequence[Seen]) -> list[Seen]:
    """Leave out answers that show the same of the same people as another."""
    known = {
        (
            each.shape.keys,
            each.shown,
            each.of_people,
            each.counted.people.tobytes(),
            each.counted.cells.tobytes(),
            each.counted.amounts.tobytes(),
        ): each
        for each in reversed(earlier)
    }
    return list(reversed(known.values()))


def _worth_hiding(found: Isolating, table: Table, newest: int) -> Key:
    """Of the new numbers that give something away, the one about fewest people."""
    people = {cell.key: cell.contributors for cell in table.cells}
    mine = [key for place, key in found.numbers if place == newest]
    return min(mine, key=lambda key: (None in key, people[key], repr(key)))


def _refusal(named: tuple[str, ...]) -> AnswerIsNo:
    others = ", ".join(named)
    return AnswerIsNo(
        f"Beside what was shown before ({others}), this table would tell of fewer "
        "people than the agreements allow, and hiding some of its numbers does not "
        "prevent it. Use larger categories, or the same conditions as before.",
        code="difference",
    )
