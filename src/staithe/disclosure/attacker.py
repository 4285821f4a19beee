"""What a reader of the released table could work out about the cells it hides.

Works from the published table alone, in the reader's own terms (values, not
deviations), so that it can find a mistake of the suppression. Attacker model:
knows every published value, that parts add up to totals, that no value is below
zero, whether values are whole numbers, and whether empty cells are always shown
(then a hidden count is at least 1). It is not a respondent of the table: somebody
alone in a cell knows that cell too (see `known`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.cells import Key, Measure, Shape, describe_key, margins_of
from staithe.disclosure.linear import LinearProgram, ProgramError, Row


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Interval = tuple[float, float]

SLACK = 1e-6  # of the largest value: what a solver may be off by
INTEGRAL_DIMENSIONS = 2  # with two dimensions the extremes are whole numbers anyway


@dataclass(frozen=True)
class PublishedTable:
    """A table as released: None where a value is hidden.

    `margin`: how far a published value may be from the truth (rounding base less
    one for whole numbers; 0 where exact). `empty_shown`: empty cells are never hidden.
    `nonnegative`: whether readers may take it that no value is below zero.
    """

    shape: Shape
    measure: Measure
    values: Mapping[Key, float | None]
    margin: float = 0.0
    empty_shown: bool = True
    nonnegative: bool = True

    @property
    def uncertain(self) -> list[int]:
        """Cells whose exact value the table does not state."""
        keys = self.shape.keys
        if self.margin:
            return list(range(len(keys)))
        return [i for i, key in enumerate(keys) if self.values[key] is None]

    @property
    def hidden(self) -> list[int]:
        """Cells whose value the table does not show at all."""
        keys = self.shape.keys
        return [i for i, key in enumerate(keys) if self.values[key] is None]


@dataclass(frozen=True)
class AuditResult:
    """The attacker's interval for every uncertain cell and the verdict.

    `exact`: cells that could be worked out; `narrow`: cells whose interval is less
    wide than asked for. Safe means neither exists.
    """

    intervals: Mapping[Key, Interval]
    exact: tuple[Key, ...]
    narrow: tuple[Key, ...]
    statement: str

    @property
    def safe(self) -> bool:
        """Whether no cell can be pinned down."""
        return not self.exact and not self.narrow


def audit(
    published: PublishedTable,
    *,
    widths: Mapping[Key, float] = MappingProxyType({}),
    known: Mapping[Key, float] = MappingProxyType({}),
) -> AuditResult:
    """Work out what the attacker can know, by two linear programs for each cell.

    `widths` are the least widths asked of given cells; `known` are hidden values that
    this attacker knows already (their own). Whole-number tables of three dimensions
    are solved over whole numbers, which is slower and exact. A table rounded
    throughout needs no program: two tables that both fit are shown for each cell.
    """
    if published.margin and not published.hidden and not known:
        return _audit_rounded(published)
    attack = _Attack(published, known)
    keys = published.shape.keys
    intervals = {
        keys[index]: attack.interval(index)
        for index in published.uncertain
        if keys[index] not in known
    }
    exact = tuple(key for key, span in intervals.items() if attack.is_exact(span))
    narrow = tuple(
        key
        for key, (low, high) in intervals.items()
        if key not in exact and high - low < widths.get(key, 0.0) - attack.slack
    )
    return AuditResult(intervals, exact, narrow, _statement(published, exact, narrow))


def check_audit(result: AuditResult) -> None:
    """Raise AnswerIsNo, naming a cell, where the attacker can pin one down."""
    if result.safe:
        return
    worst = (*result.exact, *result.narrow)[0]
    raise AnswerIsNo(
        f"The hidden value of {describe_key(worst)} could be worked out from the rest "
        "of the table. Merge categories and try again."
    )


def _audit_rounded(published: PublishedTable) -> AuditResult:
    """Show for each cell a range that fits what was published, by construction.

    The published numbers add up, so they are one possible truth; adding the same
    amount, up to the margin, to an inner cell and to every total it is part of
    gives another, and so does taking it away where the inner cell is not 0.
    """
    values = {key: value or 0.0 for key, value in published.values.items()}
    keys = published.shape.keys
    for relation in published.shape.relations:
        parts = math.fsum(values[keys[part]] for part in relation.parts)
        if parts != values[keys[relation.total]]:
            raise ProgramError("The rounded table does not add up.")
    low: dict[Key, float] = {}
    for inner in (key for key in keys if None not in key):
        down = min(published.margin, max(0.0, values[inner]))
        for key in margins_of(inner):
            low[key] = min(low.get(key, math.inf), values[key] - down)
    intervals = {key: (low[key], values[key] + published.margin) for key in keys}
    exact = tuple(key for key, (least, most) in intervals.items() if most - least < 1)
    return AuditResult(intervals, exact, (), _statement(published, exact, ()))


@dataclass(frozen=True)
class _Attack:
    """The published table as bounds and equations, scaled so the solver is exact."""

    published: PublishedTable
    known: Mapping[Key, float]
    scale: float = field(init=False)
    rows: Sequence[Row] = field(init=False)
    rhs: Sequence[float] = field(init=False)
    bounds: tuple[Sequence[float], Sequence[float]] = field(init=False)
    program: LinearProgram = field(init=False)

    def __post_init__(self) -> None:
        shown = [abs(v) for v in self.published.values.values() if v is not None]
        # Whole numbers stay as they are; large sums are brought to about a million.
        biggest = max(shown, default=1.0)
        scale = 1.0 if self.published.measure.whole else max(1.0, biggest / 1e6)
        object.__setattr__(self, "scale", scale)
        object.__setattr__(self, "bounds", self._bounds())
        rows, rhs = self._equations()
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "rhs", rhs)
        lower, upper = self.bounds
        object.__setattr__(
            self, "program", LinearProgram(rows, rhs=rhs, lower=lower, upper=upper)
        )

    @property
    def slack(self) -> float:
        """How far an end of an interval may be off."""
        return max(1.0, self.scale) * SLACK * 10

    def _bounds(self) -> tuple[list[float], list[float]]:
        lower, upper = [], []
        published = self.published
        count = published.measure.kind in {"count", "records"}
        least = 1.0 if count and published.empty_shown else 0.0
        for key in published.shape.keys:
            value = self.known.get(key, published.values[key])
            if value is None:
                lower.append(least / self.scale if published.nonnegative else -math.inf)
                upper.append(math.inf)
                continue
            margin = 0.0 if key in self.known else published.margin
            floor = min(0.0, value)
            lower.append(max(floor, value - margin) / self.scale)
            upper.append((value + margin) / self.scale)
        return lower, upper

    def _equations(self) -> tuple[list[Row], list[float]]:
        """Keep unknown columns; move what is published exactly to the right."""
        rows: list[Row] = []
        rhs: list[float] = []
        low, high = self.bounds
        for relation in self.published.shape.relations:
            signs = dict.fromkeys(relation.parts, 1.0) | {relation.total: -1.0}
            row = {i: sign for i, sign in signs.items() if low[i] != high[i]}
            if row:
                rows.append(row)
                rhs.append(
                    -math.fsum(s * low[i] for i, s in signs.items() if i not in row)
                )
        return rows, rhs

    def interval(self, index: int) -> Interval:
        """Return the least and the greatest value the cell can have."""
        shape, measure = self.published.shape, self.published.measure
        if measure.whole and len(shape.dimensions) > INTEGRAL_DIMENSIONS:
            return self._whole(index, 1.0), -self._whole(index, -1.0)
        low, high = self.program.smallest(index), self.program.largest(index)
        return low * self.scale, high * self.scale

    def _whole(self, index: int, sign: float) -> float:
        """Solve over whole numbers: the relaxation can be wider than the truth.

        Nothing is left unbounded: a value far beyond all that is published together
        counts as infinite.
        """
        size = len(self.published.shape.keys)
        low, high = (np.asarray(ends) for ends in self.bounds)
        near = 1e3 + 10.0 * float(np.abs(low[np.isfinite(low)]).sum())
        far = 10.0 * near
        cost = np.zeros(size)
        cost[index] = sign
        constraints = [LinearConstraint(_matrix(self.rows, size), self.rhs, self.rhs)]
        answer = milp(
            cost,
            integrality=np.ones(size),
            bounds=Bounds(np.clip(low, -far, far), np.clip(high, -far, far)),
            constraints=constraints if self.rows else (),
        )
        if answer.success:
            value = float(round(answer.fun))
            return math.copysign(math.inf, value) if abs(value) > near else value
        raise ProgramError(f"The attacker's program ended: {answer.message}")

    def is_exact(self, interval: Interval) -> bool:
        """Whether only one value, as finely as values are published, fits."""
        low, high = interval
        if math.isinf(low) or math.isinf(high):
            return False
        unit = 10.0**-self.published.measure.decimals
        first = math.ceil(low / unit - SLACK * 10 * self.scale / unit)
        last = math.floor(high / unit + SLACK * 10 * self.scale / unit)
        return last - first < 1


def _matrix(rows: Sequence[Row], size: int) -> csr_array:
    start = np.cumsum([0, *(len(row) for row in rows)])
    index = [column for row in rows for column in row]
    value = [v for row in rows for v in row.values()]
    return csr_array((value, index, start), shape=(len(rows), size))


def _statement(
    published: PublishedTable, exact: tuple[Key, ...], narrow: tuple[Key, ...]
) -> str:
    known = ["every published value", "that parts add up to totals"]
    if published.nonnegative:
        known.append("that no value is below zero")
    if published.margin:
        known.append(f"that values are rounded by at most {published.margin:g}")
    elif published.empty_shown:
        known.append("that a hidden cell is not empty")
    verdict = (
        "No hidden value can be pinned down."
        if not exact and not narrow
        else f"{len(exact)} values can be worked out, {len(narrow)} too closely."
    )
    return (
        f"Attacker model: a reader who knows {'; '.join(known)}, and is not in the "
        f"table. {verdict}"
    )
