"""Compare new records with those that may be the same, and with one another."""

from __future__ import annotations

import numpy as np

from staithe.linkage.kept import Kept, load_executor
from staithe.linkage.scores import Scores


# Pairs of two kept records were compared before.
NEW = " AND (l.is_new = 1 OR r.is_new = 1)"


def compare_new(kept: Kept, threads: int) -> Scores:
    """Score each pair with a record of `fresh` in it, by the rules that were kept.

    Numbers are those of all records; pairs are ordered by left and right.
    """
    executor, rid = load_executor(
        kept, _everyone(kept), "source_number", kept.sides, threads, only=NEW
    )
    parts = [
        Scores(rid[batch.left], rid[batch.right], batch.weight)
        for batch in executor.predict()
    ]
    if not parts:
        return Scores.none()
    left, right, weight = (
        np.concatenate(each)
        for each in zip(*((p.left, p.right, p.weight) for p in parts), strict=True)
    )
    order = np.lexsort((right, left))
    return Scores(left[order], right[order], weight[order])


def _everyone(kept: Kept) -> str:
    """Return the query of the new records and of those kept that share a key with one.

    Across the table where there are two files.
    """
    sides = [(0, 1), (1, 0)] if kept.sides > 1 else [(0, 0)]
    near = " UNION ALL ".join(
        f"SELECT rid FROM kept.records WHERE source_number = {side} AND {key} IN"
        f" (SELECT {key} FROM fresh WHERE source_number = {other})"
        for side, other in sides
        for _, key, _ in kept.facts["rules"]
    )
    return (
        f"SELECT *, 0 AS is_new FROM kept.records WHERE rid IN ({near})"
        " UNION ALL SELECT *, 1 AS is_new FROM fresh"
    )
