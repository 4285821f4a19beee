"""Controlled rounding: every count to a multiple of a base, totals still adding up.

Rounding each cell alone breaks most totals. A mixed-integer program instead picks
the neighbouring multiple for each cell (Cox 1987, zero-restricted), as near to the
truth as additivity allows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from staithe.base.errors import AnswerIsNo, BadInput


if TYPE_CHECKING:
    from staithe.disclosure.cells import Key, Table


NODE_LIMIT = 20_000


def round_table(table: Table, *, base: int) -> dict[Key, int]:
    """Return each cell rounded to a multiple of `base`, less than `base` away.

    Multiples stay as they are. Parts add up to totals exactly. BadInput for sums,
    AnswerIsNo where three dimensions admit no such rounding (two always do).
    """
    if not table.measure.whole:
        raise BadInput("Rounding is for counts; use suppression for sums.")
    values = np.asarray(table.values)
    floor = np.floor(values / base).astype(np.int64)
    remainder = values - floor * base
    # Up costs what it adds, down what it takes: ties go down, so zero is not inflated.
    cost = (base - remainder) - remainder + 1e-6
    answer = milp(
        cost,
        integrality=np.ones(len(values)),
        bounds=Bounds(0.0, (remainder > 0).astype(float)),
        constraints=[_additive(table, floor)],
        options={"node_limit": NODE_LIMIT},
    )
    if answer.x is None:
        raise AnswerIsNo(
            f"This table cannot be rounded to {base} with totals that add up."
        )
    rounded = (floor + np.rint(answer.x).astype(np.int64)) * base
    return {k: int(v) for k, v in zip(table.shape.keys, rounded, strict=True)}


def _additive(table: Table, floor: np.ndarray) -> LinearConstraint:
    relations = table.shape.relations
    rows, columns, signs, right = [], [], [], []
    for row, relation in enumerate(relations):
        line = dict.fromkeys(relation.parts, 1.0) | {relation.total: -1.0}
        rows += [row] * len(line)
        columns += list(line)
        signs += list(line.values())
        right.append(-sum(int(floor[i]) * int(sign) for i, sign in line.items()))
    matrix = csr_array(
        (signs, (rows, columns)), shape=(len(relations), len(table.shape.keys))
    )
    return LinearConstraint(matrix, right, right)
