"""Which further cells to hide so that the risky ones cannot be worked out.

The exact method of Fischetti and Salazar (Management Science 47, 2001): a master
program chooses the cheapest pattern; an attacker's linear program looks for a cell
whose interval is too narrow; its dual prices give a cut that no safe pattern breaks;
repeat. "Two hidden cells in each line" is not safe and is only the starting cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.linear import LinearProgram


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from staithe.disclosure.cells import Key, Table


MAX_ROUNDS = 60
NODE_LIMIT = 20_000  # a limit of nodes, not of time, keeps the answer repeatable
GAP = 0.01
TOTAL_WEIGHT = 4.0  # hiding a total costs readers more than hiding a part
TOLERANCE = 1e-6
OUTSIDER: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Protection:
    """What must be hidden and how well.

    `widths`: least width of the attacker's interval for a hidden cell, by key.
    `least`: the lowest value an attacker allows a hidden cell (1 where empty cells
    are always shown, -inf where values may be negative).
    `fixed`: cells that may not be hidden (empty ones, where they are shown).
    `insiders`: the cells that each lone respondent knows, one set for each of them.
    """

    primary: frozenset[Key]
    widths: Mapping[Key, float]
    least: float = 0.0
    fixed: frozenset[Key] = frozenset()
    insiders: tuple[frozenset[Key], ...] = ()


@dataclass(frozen=True)
class Cut:
    """A row of the master program: coefficients times pattern >= 0 or 1."""

    coefficients: Mapping[int, float]
    least: float


def choose_secondary(
    table: Table,
    protection: Protection,
    *,
    weights: Mapping[Key, float] = MappingProxyType({}),
) -> frozenset[Key]:
    """Return the cells to hide besides the primary ones, at least total weight.

    Weight is 1 + log10(1 + value), four times that for each dimension totalled.
    Raises AnswerIsNo where no pattern protects every cell.
    """
    if not protection.primary:
        return frozenset()
    problem = _Problem(table, protection, weights)
    cuts = problem.first_cuts()
    pattern = problem.forced
    for _ in range(MAX_ROUNDS):
        pattern = problem.solve_master(cuts)
        found = list(problem.violated(pattern))
        if not found:
            keys = table.shape.keys
            hidden = frozenset(keys[i] for i in np.flatnonzero(pattern))
            return hidden - protection.primary
        cuts += found
    raise AnswerIsNo(
        "No safe pattern was found for this table in reasonable time. "
        "Merge categories and try again."
    )


@dataclass
class Spread:
    """How far apart the tables seen so far already are, for each cell.

    Every answer of the attacker's program is one table that fits; two that differ
    enough in a cell settle that cell without asking.
    """

    low: np.ndarray
    high: np.ndarray

    def add(self, values: np.ndarray) -> None:
        """Take one more table that fits into account."""
        np.minimum(self.low, values, out=self.low)
        np.maximum(self.high, values, out=self.high)

    def width(self, cell: int) -> float:
        """Return the difference seen so far."""
        return float(self.high[cell] - self.low[cell])


class _Problem:
    """One table's master and attacker programs, in deviations from the truth."""

    def __init__(
        self,
        table: Table,
        protection: Protection,
        weights: Mapping[Key, float],
    ) -> None:
        self.keys = table.shape.keys
        self.size = len(self.keys)
        self.relations = table.shape.relations
        self.protection = protection
        values = np.asarray(table.values, dtype=float)
        biggest = float(np.max(np.abs(values), initial=1.0))
        self.scale = 1.0 if table.measure.whole else max(1.0, biggest / 1e6)
        self.widths = (
            np.asarray([protection.widths.get(key, 0.0) for key in self.keys])
            / self.scale
        )
        self.forced = np.asarray([key in protection.primary for key in self.keys])
        self.allowed = np.asarray([key not in protection.fixed for key in self.keys])
        self.weights = np.asarray(
            [
                weights.get(k) or _weight(k, v)
                for k, v in zip(self.keys, values, strict=True)
            ]
        )
        far = 10.0 * (biggest / self.scale + float(np.max(self.widths, initial=0.0)))
        room = np.minimum((values - protection.least) / self.scale, far)
        self.down = np.maximum(room, 0.0)
        self.up = np.full(self.size, far)
        rows = [
            dict.fromkeys(relation.parts, 1.0) | {relation.total: -1.0}
            for relation in self.relations
        ]
        zeros = np.zeros(self.size)
        self.attacker = LinearProgram(
            rows, rhs=[0.0] * len(rows), lower=zeros, upper=zeros
        )

    def first_cuts(self) -> list[Cut]:
        """Every line that holds a primary cell needs one more hidden cell."""
        cuts = []
        for relation in self.relations:
            line = (*relation.parts, relation.total)
            cuts += [
                Cut({i: 1.0 for i in line if i != cell}, 1.0)
                for cell in line
                if self.forced[cell]
            ]
        return cuts

    def solve_master(self, cuts: list[Cut]) -> np.ndarray:
        """Return the cheapest pattern that every cut so far allows."""
        answer = milp(
            self.weights,
            integrality=np.ones(self.size),
            bounds=Bounds(
                self.forced.astype(float), (self.allowed | self.forced) * 1.0
            ),
            constraints=[self._constraint(cuts)],
            options={"mip_rel_gap": GAP, "node_limit": NODE_LIMIT},
        )
        if answer.x is None:
            raise AnswerIsNo(
                "This table cannot be published safely, even with every other cell "
                "hidden. Merge categories and try again."
            )
        return np.asarray(np.rint(answer.x), dtype=bool)

    def _constraint(self, cuts: list[Cut]) -> LinearConstraint:
        start = np.cumsum([0, *(len(cut.coefficients) for cut in cuts)])
        index = [i for cut in cuts for i in cut.coefficients]
        value = [v for cut in cuts for v in cut.coefficients.values()]
        matrix = csr_array((value, index, start), shape=(len(cuts), self.size))
        return LinearConstraint(matrix, np.asarray([c.least for c in cuts]), np.inf)

    def violated(self, pattern: np.ndarray) -> Iterable[Cut]:
        """Yield a cut for each hidden cell that some attacker knows too closely.

        Lone respondents are asked once readers are safe, so that cuts come cheaply.
        """
        found = False
        for insider in (OUTSIDER, *self.protection.insiders):
            if found:
                return
            known = np.asarray([key in insider for key in self.keys])
            seen = pattern & ~known
            self.attacker.set_bounds(
                np.where(seen, -self.down, 0.0), np.where(seen, self.up, 0.0)
            )
            spread = Spread(np.zeros(self.size), np.zeros(self.size))
            for cell in np.flatnonzero(seen):
                if spread.width(int(cell)) >= self.widths[cell]:
                    continue
                cut = self._cut(int(cell), known, spread)
                if cut is not None:
                    found = True
                    yield cut

    def _cut(self, cell: int, known: np.ndarray, spread: Spread) -> Cut | None:
        """Ask for the cell's interval; price every bound if it is too narrow.

        The price of a cell that this attacker knows is nothing: hiding it is no help.
        """
        needed = float(self.widths[cell])
        high = self.attacker.largest(cell)
        prices_up = self.attacker.reduced_costs()
        spread.add(self.attacker.values())
        low = self.attacker.smallest(cell)
        spread.add(self.attacker.values())
        if high - low >= needed - TOLERANCE * max(1.0, needed):
            return None
        prices = self._worth(prices_up) + self._worth(self.attacker.reduced_costs())
        prices[known] = 0.0
        share = np.minimum(prices, needed) / needed
        share[share < TOLERANCE] = 0.0
        coefficients = {int(i): float(share[i]) for i in np.flatnonzero(share)}
        if self.forced[cell]:
            return Cut(coefficients, 1.0)
        coefficients[cell] = coefficients.get(cell, 0.0) - 1.0
        return Cut(coefficients, 0.0)

    def _worth(self, prices: np.ndarray) -> np.ndarray:
        """What hiding each cell would add to the interval, by its dual price.

        Both programs minimise: a positive price is paid at the lower bound, a
        negative one at the upper.
        """
        return np.where(prices > 0, prices * self.down, -prices * self.up)


def _weight(key: Key, value: float) -> float:
    totals = sum(part is None for part in key)
    return (1.0 + math.log10(1.0 + abs(value))) * TOTAL_WEIGHT**totals
