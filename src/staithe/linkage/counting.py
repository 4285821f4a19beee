"""Count pairs by their pattern of levels: all that training needs of them.

Both ways of counting take the same pairs, so that a model does not depend on the
machine it was trained on: SQL on DuckDB, and the executor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from staithe.linkage.comparisons import Comparison
from staithe.linkage.executor.records import arrow
from staithe.linkage.scores import Flags, Floats, Ints
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.executor.executor import Executor, Tally


THOUSAND = 1000


@dataclass(frozen=True)
class TrainingBlock:
    """Records that agree on these columns train every other comparison."""

    columns: tuple[str, ...]
    pairs: int


@dataclass(frozen=True)
class Patterns:
    """Distinct vectors of levels (one column for each comparison) and their counts.

    Levels count down from the best to 0 (different); -1 is missing.
    """

    levels: Ints
    counts: Floats


def agreements(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    comparisons: Sequence[Comparison],
) -> dict[str, float]:
    """Return for each column with a rarity the exact share of pairs that agree on it.

    Of all pairs in which both records have a value, of which one at least is taken to
    agree; nought where there is no such pair.
    """
    columns = {each.tf for one in comparisons for each in one.levels if each.tf}
    found = {}
    for column in sorted(columns):
        agree, known = (
            ("sum(n * (n - 1)) / 2", "sum(n) * (sum(n) - 1) / 2")
            if len(standardised.rows) == 1
            else ("sum(a * b)", "sum(a) * sum(b)")
        )
        ((share,),) = con.execute(
            f"SELECT coalesce(greatest({agree}, 1)::DOUBLE / nullif({known}::DOUBLE, 0), 0) FROM"
            " (SELECT count(*) AS n, count_if(source_number = 0) AS a,"
            f" count_if(source_number = 1) AS b FROM {standardised.table}"
            f" WHERE {quote(column)} IS NOT NULL GROUP BY {quote(column)})"
        ).fetchall()
        found[column] = float(share)
    return found


class Counter(Protocol):
    """Counts pairs by the levels of chosen comparisons."""

    def random_pairs(self, chosen: Sequence[int], pairs: int, seed: int) -> Patterns:
        """Count random pairs, fixed by the seed."""
        ...

    def block_pairs(
        self, block: TrainingBlock, chosen: Sequence[int], pairs: int, seed: int
    ) -> Patterns:
        """Count about `pairs` of the pairs that agree on a block's columns."""
        ...

    def given_pairs(self, left: Ints, right: Ints, chosen: Sequence[int]) -> Patterns:
        """Count pairs of record numbers."""
        ...


@dataclass(frozen=True)
class SqlCounter:
    """Counts with SQL."""

    con: duckdb.DuckDBPyConnection
    standardised: Standardised
    comparisons: Sequence[Comparison]

    def random_pairs(self, chosen: Sequence[int], pairs: int, seed: int) -> Patterns:
        """Count random pairs, fixed by the seed."""
        return self._count(
            chosen, random_pairs_sql(self.standardised.rows, pairs, seed)
        )

    def block_pairs(
        self, block: TrainingBlock, chosen: Sequence[int], pairs: int, seed: int
    ) -> Patterns:
        """Count about `pairs` of the pairs that agree on a block's columns."""
        sql = block_pairs_sql(
            self.standardised.table,
            block,
            pairs=pairs,
            seed=seed,
            dedupe=len(self.standardised.rows) == 1,
        )
        return self._count(chosen, sql)

    def given_pairs(self, left: Ints, right: Ints, chosen: Sequence[int]) -> Patterns:
        """Count pairs of record numbers."""
        pairs = {"a": arrow(left, pa.int64()), "b": arrow(right, pa.int64())}
        self.con.register("counted_pairs", pa.table(pairs))
        found = self._count(chosen, "FROM counted_pairs")
        self.con.unregister("counted_pairs")
        return found

    def _count(self, chosen: Sequence[int], sql: str) -> Patterns:
        return count_patterns(
            self.con,
            [self.comparisons[n] for n in chosen],
            table=self.standardised.table,
            pairs_sql=sql,
        )


@dataclass(frozen=True)
class ExecutorCounter:
    """Counts with the executor; `blocks` are its training rules, in their order."""

    executor: Executor
    standardised: Standardised
    blocks: Sequence[TrainingBlock]

    def random_pairs(self, chosen: Sequence[int], pairs: int, seed: int) -> Patterns:
        """Count random pairs, fixed by the seed."""
        sql = random_pairs_sql(self.standardised.rows, pairs, seed)
        drawn = self.executor.con.execute(sql).fetchnumpy()
        tally = self.executor.tally_pairs(drawn["a"] - 1, drawn["b"] - 1, chosen)
        return self._patterns(tally, chosen)

    def block_pairs(
        self, block: TrainingBlock, chosen: Sequence[int], pairs: int, seed: int
    ) -> Patterns:
        """Count about `pairs` of the pairs that agree on a block's columns."""
        kept = sampled(block, pairs)
        only: Flags | None = None
        if kept < THOUSAND:
            found = self.executor.con.execute(
                f"SELECT {sampled_sql(kept, seed)} AS x FROM {self.standardised.table}"
                " ORDER BY rid"
            ).fetchnumpy()
            only = found["x"].astype(bool)
        tally = self.executor.tally_rule(self.blocks.index(block), chosen, only=only)
        return self._patterns(tally, chosen)

    def given_pairs(self, left: Ints, right: Ints, chosen: Sequence[int]) -> Patterns:
        """Count pairs of record numbers."""
        return self._patterns(
            self.executor.tally_pairs(left - 1, right - 1, chosen), chosen
        )

    def _patterns(self, tally: Tally, chosen: Sequence[int]) -> Patterns:
        return pattern_levels(tally, [self.executor.comparisons[c] for c in chosen])


def pattern_levels(
    tally: Tally, comparisons: Sequence[Sequence[Mapping[str, Any]]]
) -> Patterns:
    """Return the executor's counts with levels as training names them."""
    columns = []
    for n, written in enumerate(comparisons):
        names, place = [], sum(not each.get("is_null_level") for each in written)
        for each in written:
            place -= not each.get("is_null_level")
            names.append(-1 if each.get("is_null_level") else place)
        columns.append(np.array(names, np.int64)[tally.levels[:, n]])
    levels = np.stack(columns, axis=1)
    # Several missing levels of one comparison are one and the same here.
    found, where = np.unique(levels, axis=0, return_inverse=True)
    counts = np.bincount(where.ravel(), tally.counts, minlength=len(found))
    return Patterns(found, counts.astype(np.float64))


def level_sql(comparison: Comparison) -> str:
    """Return SQL for the level of two records `l` and `r`: -1, or best to 0."""
    cases = []
    place = len(comparison.levels) - sum(each.is_null for each in comparison.levels)
    for level in comparison.levels:
        condition = re.sub(r'"(\w+)_([lr])"', r'\2."\1"', level.sql)
        cases.append(f"WHEN {condition} THEN {-1 if level.is_null else place}")
        place -= not level.is_null
    return f"CASE {' '.join(cases)} ELSE 0 END"


def count_patterns(
    con: duckdb.DuckDBPyConnection,
    comparisons: Sequence[Comparison],
    *,
    table: str,
    pairs_sql: str,
) -> Patterns:
    """Count the patterns of the pairs (columns a, b of record numbers) of a query."""
    columns = ", ".join(
        f"{level_sql(each)}::TINYINT AS c{n}" for n, each in enumerate(comparisons)
    )
    names = ", ".join(f"c{n}" for n in range(len(comparisons)))
    rows = con.execute(
        f"SELECT {names}, count(*) FROM (SELECT {columns} FROM ({pairs_sql}) p"
        f" JOIN {table} l ON l.rid = p.a JOIN {table} r ON r.rid = p.b)"
        f" GROUP BY {names} ORDER BY {names}"
    ).fetchall()
    found = np.array(rows, dtype=np.int64).reshape(len(rows), len(comparisons) + 1)
    return Patterns(found[:, :-1], found[:, -1].astype(np.float64))


def random_pairs_sql(rows: Sequence[int], pairs: int, seed: int) -> str:
    """Return a query of `pairs` random pairs of record numbers, fixed by the seed."""
    first, second = (rows[0], rows[-1])
    offset = rows[0] if len(rows) > 1 else 0
    a = f"1 + (hash(i, {seed}, 1) % {first})::BIGINT"
    b = f"{1 + offset} + (hash(i, {seed}, 2) % {second})::BIGINT"
    return (
        f"SELECT a, b FROM (SELECT {a} AS a, {b} AS b FROM range({pairs}) t(i))"
        " WHERE a <> b"
    )


def block_pairs_sql(
    table: str, block: TrainingBlock, *, pairs: int, seed: int, dedupe: bool
) -> str:
    """Return a query of about `pairs` of the pairs that agree on a block's columns."""
    same = " AND ".join(f"l.{quote(c)} = r.{quote(c)}" for c in block.columns)
    sides = "l.rid < r.rid" if dedupe else "l.source_number = 0 AND r.source_number = 1"
    kept = sampled(block, pairs)
    where = f" WHERE {sampled_sql(kept, seed)}" if kept < THOUSAND else ""
    columns = ", ".join(["rid", "source_number", *map(quote, block.columns)])
    records = f"(SELECT {columns} FROM {table}{where})"
    return (
        f"SELECT l.rid AS a, r.rid AS b FROM {records} l JOIN {records} r"
        f" ON {same} AND {sides}"
    )


def sampled(block: TrainingBlock, pairs: int) -> int:
    """Return how many records of a thousand to take, for about so many pairs.

    Records are sampled and not pairs, so that no more pairs than these are made.
    """
    share = min(1.0, pairs / block.pairs)
    return max(int(THOUSAND * share**0.5), 1) if share < 1 else THOUSAND


def sampled_sql(kept: int, seed: int) -> str:
    """Return the condition of a record's being sampled."""
    return f"hash(rid, {seed}, 3) % {THOUSAND} < {kept}"
