"""Compare new records with those that may be the same, and with one another."""

from __future__ import annotations

import numpy as np

from staithe.linkage.blocking import Budget
from staithe.linkage.kept import Kept, load_executor
from staithe.linkage.scores import Scores


# Pairs of two kept records were compared before.
NEW = " AND (l.is_new = 1 OR r.is_new = 1)"


# A value that fewer new records have makes few pairs, whoever else has it.
SHARED_BY = 20


def drop_common(kept: Kept) -> list[str]:
    """Leave values out of the rules that would make too many pairs with new records.

    A value may be rare until a file comes with it in every row. Says what was left out.
    """
    con, warnings = kept.con, []
    most = _most_pairs(kept)
    for name, key, _ in kept.facts["rules"]:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE shared AS WITH n AS (SELECT"
            f" {key} AS value, count_if(source_number = 0) AS l,"
            " count_if(source_number = 1) AS r FROM fresh GROUP BY 1"
            f" HAVING value IS NOT NULL AND count(*) >= {SHARED_BY}),"
            f" old AS (SELECT {key} AS value, count_if(source_number = 0) AS l,"
            f" count_if(source_number = 1) AS r FROM kept.records WHERE {key} IN"
            " (SELECT value FROM n) GROUP BY 1)"
            f" SELECT n.value, {_pairs_sql(kept)} AS pairs FROM n LEFT JOIN old"
            f" USING (value) WHERE pairs > {most}"
        )
        values, pairs = con.execute(
            "SELECT count(*), coalesce(sum(pairs), 0)::BIGINT FROM shared"
        ).fetchall()[0]
        if values:
            con.execute(
                f"UPDATE fresh SET {key} = NULL WHERE {key} IN (SELECT value FROM shared)"
            )
            con.execute(f"INSERT INTO kept.dropped SELECT '{key}', value FROM shared")
            warnings.append(
                f"{values:,} very common values of {name} in the new records would have "
                f"made {pairs:,} pairs; this rule leaves them out."
            )
    return warnings


def _most_pairs(kept: Kept) -> int:
    """Return how many pairs one value may make, by the sizes of the files now."""
    counts = kept.con.execute(
        "SELECT count(*) FROM (SELECT source_number FROM kept.records UNION ALL"
        " SELECT source_number FROM fresh) GROUP BY source_number ORDER BY source_number"
    ).fetchall()
    asked = kept.specification.settings.pairs_per_record
    return Budget.for_rows(
        [int(row[0]) for row in counts],
        dedupe=kept.sides == 1,
        per_record=None if asked == "auto" else float(asked),
    ).value


def _pairs_sql(kept: Kept) -> str:
    if kept.sides == 1:
        return "n.l * (n.l - 1) // 2 + n.l * coalesce(old.l, 0)"
    return "n.l * (n.r + coalesce(old.r, 0)) + n.r * coalesce(old.l, 0)"


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
