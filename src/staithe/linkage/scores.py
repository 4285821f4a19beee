"""The scored pairs of a run, as columns in a fixed order.

Everything after scoring (threshold, one-to-one, clusters) works on these arrays:
24 bytes a pair, the same every run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from staithe.linkage.executor.records import numbers


if TYPE_CHECKING:
    import duckdb


Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """Record numbers of each pair and its match weight (log2 odds), sorted by pair."""

    left: Ints
    right: Ints
    weight: Floats

    @classmethod
    def none(cls) -> Scores:
        """Return no pairs."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def __len__(self) -> int:
        return len(self.weight)

    def where(self, flags: Flags) -> Scores:
        """Return the pairs that are flagged."""
        return Scores(self.left[flags], self.right[flags], self.weight[flags])

    def shifted(self, weight: float) -> Scores:
        """Return the same pairs with another prior: `weight` added to each."""
        return replace(self, weight=self.weight + weight)


def read_scores(con: duckdb.DuckDBPyConnection, table: str) -> Scores:
    """Read the pairs of a Splink prediction, smaller record number first."""
    found: dict[str, Any] = con.execute(
        "SELECT least(rid_l, rid_r) AS l, greatest(rid_l, rid_r) AS r, match_weight"
        f" FROM {table} ORDER BY l, r"
    ).fetchnumpy()
    return Scores(
        found["l"].astype(np.int64),
        found["r"].astype(np.int64),
        found["match_weight"].astype(np.float64),
    )


def read_weights(relation: duckdb.DuckDBPyRelation) -> Scores:
    """Read pairs and weights from the three columns of a relation."""
    table = relation.to_arrow_table()
    return Scores(
        numbers(table.column(0), np.int64),
        numbers(table.column(1), np.int64),
        numbers(table.column(2), np.float64),
    )


def probability(weight: Floats) -> Floats:
    """Return match weights as probabilities."""
    odds: Floats = np.exp2(np.clip(weight, -1000, 1000))
    return np.where(np.isinf(odds), 1.0, odds / (1.0 + odds))
