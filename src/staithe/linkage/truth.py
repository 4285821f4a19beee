"""Score links against a known truth; the truth is never seen while linking.

Pairwise, over all true pairs: one that blocking never proposed counts as missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from staithe.linkage.scores import Flags, Scores
from staithe.tables.sql import quote_identifier


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.inputs import OpenInput


@dataclass(frozen=True)
class Quality:
    """Precision, recall and their harmonic mean over pairs."""

    precision: float
    recall: float
    f1: float


def quality(right: int, given: int, true: int) -> Quality:
    """Return the quality of `given` pairs, `right` of them among `true` pairs."""
    precision = right / given if given else 0.0
    recall = right / true if true else 0.0
    both = given + true
    return Quality(precision, recall, 2 * right / both if both else 0.0)


def add_truth(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[OpenInput],
    *,
    id_columns: Sequence[str],
    truth_column: str,
    table: str,
) -> None:
    """Make the table `truth` (rid, person) of rows whose truth is known."""
    parts = []
    for side, opened in enumerate(inputs):
        person = f"trim({quote_identifier(truth_column)}::VARCHAR)"
        row_id = f"trim({quote_identifier(id_columns[side])}::VARCHAR)"
        parts.append(
            f"SELECT rid, source_number, person FROM {table} r JOIN (SELECT {row_id} AS"
            f" id, {person} AS person FROM {opened.view}) USING (id)"
            f" WHERE source_number = {side} AND person <> ''"
        )
    con.execute(f"CREATE OR REPLACE TABLE truth AS {' UNION ALL '.join(parts)}")


def count_true_pairs(con: duckdb.DuckDBPyConnection, *, dedupe: bool) -> int:
    """Count the pairs of the truth: within the file, or across the two."""
    pairs = (
        "count(*) * (count(*) - 1) // 2"
        if dedupe
        else "count_if(source_number = 0) * count_if(source_number = 1)"
    )
    row = con.execute(
        f"SELECT coalesce(sum(n), 0)::BIGINT FROM (SELECT {pairs} AS n FROM truth"
        " GROUP BY person)"
    ).fetchall()[0]
    return int(row[0])


def flag_true(con: duckdb.DuckDBPyConnection, scores: Scores, rows: int) -> Flags:
    """Flag the pairs that the truth holds; `rows` is the number of records."""
    found: dict[str, Any] = con.execute(
        "SELECT rid, dense_rank() OVER (ORDER BY person) AS person FROM truth"
    ).fetchnumpy()
    person = np.zeros(rows + 1, dtype=np.int64)
    person[found["rid"]] = found["person"]
    flags: Flags = (person[scores.left] == person[scores.right]) & (
        person[scores.left] > 0
    )
    return flags


def best_threshold(
    scores: Scores, true: Flags, total: int
) -> tuple[float | None, Quality]:
    """Return the weight with the best F1 among these pairs, and that quality."""
    if not len(scores):
        return None, quality(0, 0, total)
    order = np.argsort(-scores.weight, kind="stable")
    right = np.cumsum(true[order])
    given = np.arange(1, len(order) + 1)
    # A threshold takes all pairs of one weight or none.
    last = np.r_[np.diff(scores.weight[order]) != 0, True]
    f1 = np.where(last, 2 * right / (given + total), 0)
    place = int(f1.argmax())
    best = quality(int(right[place]), int(given[place]), total)
    return float(scores.weight[order][place]), best


def truth_report(
    links: Scores,
    links_true: Flags,
    scored: Scores,
    scored_true: Flags,
    eligible: Flags,
    *,
    total: int,
) -> dict[str, Any]:
    """Return what the truth says of the links, and of other thresholds.

    `eligible` flags the scored pairs that a threshold chooses among.
    """
    ours = quality(int(links_true.sum()), len(links), total)
    weight, best = best_threshold(scored.where(eligible), scored_true[eligible], total)
    usual = eligible & (scored.weight >= np.log2(0.95 / 0.05))
    at_95 = quality(int((scored_true & usual).sum()), int(usual.sum()), total)
    return {
        "true_pairs": total,
        **asdict(ours),
        "blocking_recall": float(scored_true.sum() / total) if total else 0.0,
        "best_threshold": {"match_weight": weight, **asdict(best)},
        "gap_to_best": best.f1 - ours.f1,
        "at_probability_95": asdict(at_95),
    }
