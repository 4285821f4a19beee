"""The smallest and largest value a cell can have: one linear program, asked often.

HiGHS keeps its basis between questions, so asking for every hidden cell of a table
costs little more than asking for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import highspy
import numpy as np


Row = Mapping[int, float]
Numbers = Sequence[float] | np.ndarray

_UNBOUNDED = {
    highspy.HighsModelStatus.kUnbounded,
    highspy.HighsModelStatus.kUnboundedOrInfeasible,
}
_SETTLED = {highspy.HighsModelStatus.kOptimal, *_UNBOUNDED}


class ProgramError(RuntimeError):
    """The solver gave no answer: a bug or a contradiction in the table."""


class LinearProgram:
    """Columns within bounds, subject to equations; asks for the extremes of one."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        rhs: Numbers,
        lower: Numbers,
        upper: Numbers,
    ) -> None:
        self._size = len(lower)
        self._solver = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "off"),
            ("solver", "simplex"),
        ):
            self._solver.setOptionValue(option, value)
        self._solver.passModel(_model(rows, rhs, lower, upper))

    def set_bounds(self, lower: Numbers, upper: Numbers) -> None:
        """Replace every column's bounds."""
        self._solver.changeColsBounds(
            self._size,
            np.arange(self._size, dtype=np.int32),
            np.asarray(lower, dtype=float),
            np.asarray(upper, dtype=float),
        )

    def smallest(self, column: int) -> float:
        """Return the least value of a column, -inf where nothing bounds it."""
        return self._solve(column, 1.0)

    def largest(self, column: int) -> float:
        """Return the greatest value of a column, inf where nothing bounds it."""
        return -self._solve(column, -1.0)

    def reduced_costs(self) -> np.ndarray:
        """Return the price of each column's bounds in the last answer."""
        return np.asarray(self._solver.getSolution().col_dual, dtype=float)

    def values(self) -> np.ndarray:
        """Return every column's value in the last answer: a table that fits."""
        return np.asarray(self._solver.getSolution().col_value, dtype=float)

    def _solve(self, column: int, cost: float) -> float:
        self._solver.changeColCost(column, cost)
        self._solver.run()
        status = self._solver.getModelStatus()
        for presolve in ("off", "on"):  # a basis can lead nowhere: start afresh
            if status in _SETTLED:
                break
            self._solver.clearSolver()
            self._solver.setOptionValue("presolve", presolve)
            self._solver.run()
            status = self._solver.getModelStatus()
            self._solver.setOptionValue("presolve", "off")
        value = float(self._solver.getInfo().objective_function_value)
        self._solver.changeColCost(column, 0.0)
        if status == highspy.HighsModelStatus.kOptimal:
            return value
        if status in _UNBOUNDED:
            return -math.inf
        raise ProgramError(f"The attacker's program ended as {status.name}.")


def _model(
    rows: Sequence[Row],
    rhs: Numbers,
    lower: Numbers,
    upper: Numbers,
) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(lower), len(rows)
    model.col_cost_ = np.zeros(len(lower))
    model.col_lower_ = np.asarray(lower, dtype=float)
    model.col_upper_ = np.asarray(upper, dtype=float)
    model.row_lower_ = model.row_upper_ = np.asarray(rhs, dtype=float)
    matrix = model.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int32)
    matrix.index_ = np.fromiter(_flat(rows), dtype=np.int32)
    matrix.value_ = np.asarray([v for row in rows for v in row.values()], dtype=float)
    return model


def _flat(rows: Iterable[Row]) -> Iterable[int]:
    return (column for row in rows for column in row)
