"""Primary risk: cells that would give somebody away on their own.

Formulas as in acro (AI-SDC/ACRO): threshold n < t; (n, k) dominance
top_n / sum >= k; p% rule (sum - top1 - top2) / top1 < p.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping

    from staithe.disclosure.cells import Cell, Key, Table
    from staithe.disclosure.policy import OutputPolicy


THRESHOLD = "threshold"
ZERO = "zero"
DOMINANCE = "dominance"
P_RATIO = "p-ratio"
CLASS = "class"
DIFFERENCE = "difference"

REASONS: Mapping[str, str] = {
    THRESHOLD: "fewer people than the threshold",
    ZERO: "nobody is in this cell, and the policy hides that",
    DOMINANCE: "a few people make up nearly all of this sum",
    P_RATIO: "one contributor could work out another's value closely",
    CLASS: "everyone in this group has the same answer",
    DIFFERENCE: "beside an earlier answer it would tell of fewer people than that",
}


@dataclass(frozen=True)
class Findings:
    """What the checks found: reasons for each risky cell, and what a person must see."""

    primary: Mapping[Key, tuple[str, ...]]
    review: tuple[str, ...]


def check_cells(
    table: Table, policy: OutputPolicy, *, telling: frozenset[Key] = frozenset()
) -> Findings:
    """Apply the policy's rules to every cell, totals included.

    `telling` are cells found risky beside what was shown earlier.
    """
    primary: dict[Key, list[str]] = defaultdict(list)
    for cell in table.cells:
        primary[cell.key] += cell_reasons(cell, policy, kind=table.measure.kind)
    review = _negative_review(table)
    for line in uniform_lines(table):
        if policy.class_disclosure == "suppress":
            for key in line[:-1]:
                primary[key].append(CLASS)
        elif policy.class_disclosure == "review":
            review.append(_class_review(table, line))
    for key in telling:
        primary[key].append(DIFFERENCE)
    return Findings(
        {key: tuple(dict.fromkeys(codes)) for key, codes in primary.items() if codes},
        tuple(review),
    )


def cell_reasons(cell: Cell, policy: OutputPolicy, *, kind: str) -> list[str]:
    """Return the reason codes of one cell; dominance is for sums and records only."""
    if cell.contributors == 0:
        return [ZERO] if policy.zero_is_disclosive else []
    reasons = []
    if cell.contributors < policy.threshold:
        reasons.append(THRESHOLD)
    if kind != "count":
        if is_dominated(cell, n=policy.nk_n, k=policy.nk_k):
            reasons.append(DOMINANCE)
        if is_guessable(cell, p=policy.p_ratio):
            reasons.append(P_RATIO)
    return reasons


def is_dominated(cell: Cell, *, n: int, k: float) -> bool:
    """Whether the n largest contributions reach the share k of the sum."""
    return cell.value > 0 and sum(cell.top[:n]) >= k * cell.value


def is_guessable(cell: Cell, *, p: float) -> bool:
    """Whether the second contributor could know the first's value within p of it."""
    return cell.top1 > 0 and (cell.value - cell.top1 - cell.top2) < p * cell.top1


def uniform_lines(table: Table) -> list[tuple[Key, ...]]:
    """Return the lines of inner cells in which one category holds everyone.

    The line's total comes last. Knowing that somebody is in the group then tells
    their answer: group disclosure.
    """
    lines = []
    for relation in table.shape.relations:
        parts = [table.cells[part] for part in relation.parts]
        filled = [cell for cell in parts if cell.contributors > 0]
        if len(parts) > 1 and len(filled) == 1:
            total = table.shape.keys[relation.total]
            lines.append((*(cell.key for cell in parts), total))
    return lines


def _class_review(table: Table, line: tuple[Key, ...]) -> str:
    *parts, total = line
    position = table.shape.positions
    filled = next(key for key in parts if table.cells[position[key]].contributors > 0)
    axis = next(i for i, part in enumerate(total) if part != filled[i])
    group = ", ".join(part for part in total if part is not None) or "the table"
    return (
        f"Everyone in {group} is in {filled[axis]}: to know that somebody is in the "
        "group is to know their answer."
    )


def _negative_review(table: Table) -> list[str]:
    negative = [cell for cell in table.cells if cell.lowest < 0 or cell.value < 0]
    if not negative:
        return []
    sentence = (
        f"{len(negative)} cells have negative contributions: the dominance rules "
        "assume none, so a person must decide."
    )
    return [sentence]
