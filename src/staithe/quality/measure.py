"""Measure one column exactly: group it once, then ask everything of the groups.

A grouped column is small for codes and no larger than itself for names, so counts
stay exact where an engine's own summary would estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from staithe.quality.identifiers import is_valid, valid_sql
from staithe.quality.masking import mask
from staithe.quality.scorecard import Count
from staithe.tables.engine import DuckEngine
from staithe.tables.sql import quote_identifier, quote_list


VALUES = "staithe_values"
SENTINELS = (
    "-", "--", "n/a", "#n/a", "unknown", "not known", "missing", "tbc", "tba", "?", ".",
    "not applicable", "undefined", "not recorded", "not stated",
)  # fmt: skip
# Also given names and surnames, so they mean nothing only outside columns of names.
SENTINEL_WORDS = ("na", "null", "none", "nil", "nan", "(null)")
SENTINEL_DATES = (
    "1900-01-01", "1900-01-00", "1899-12-30", "1899-12-31", "1901-01-01", "1970-01-01",
    "1800-01-01", "2099-12-31", "0001-01-01", "01/01/1900", "19000101",
)  # fmt: skip
END_OF_TIME = ("9999-12-31", "99991231", "31/12/9999")
CLUSTER = 5  # a stand-in date is held by five times as many rows as other dates
SPELLING_LIMIT = 200_000  # distinct values: beyond this a column is no list of codes
PATTERN_LIMIT = 20_000
SAMPLE = 1000
TOP = 10


@dataclass(frozen=True)
class Basics:
    """Counts that every column has."""

    rows: int
    nulls: int
    distinct: int
    min: str | None
    max: str | None
    min_length: int | None
    max_length: int | None
    min_rows: int | None
    max_rows: int | None


@dataclass(frozen=True)
class Hit:
    """Rows that meet a condition, and the commonest values among them."""

    count: int
    examples: tuple[str, ...]


class ColumnMeasure:
    """One grouped column: temporary table of its distinct values and their counts."""

    def __init__(self, engine: DuckEngine, *, scan: str, column: str) -> None:
        self._engine = engine
        self.column = column
        self._run(f"DROP TABLE IF EXISTS {VALUES}")
        self._run(
            f"CREATE TEMP TABLE {VALUES} AS SELECT {quote_identifier(column)} AS value, "
            f"count(*) AS n FROM {scan} GROUP BY ALL"
        )

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        return self._engine.rows(sql)

    def basics(self) -> Basics:
        """Return rows, nulls, distinct values, extremes and lengths."""
        text = "value::VARCHAR"
        (row,) = self._run(
            "SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (value IS NULL), 0), "
            f"count(value), min(value)::VARCHAR, max(value)::VARCHAR, "
            f"min(length({text})), max(length({text})), "
            f"min_by(n, value), max_by(n, value) FROM {VALUES}"
        )
        return Basics(int(row[0]), int(row[1]), int(row[2]), *row[3:])

    def sample(self) -> list[str]:
        """Return up to 1,000 distinct values as text, the same ones each time."""
        rows = self._run(
            f"SELECT value::VARCHAR FROM {VALUES} WHERE value IS NOT NULL "
            f"ORDER BY hash(value::VARCHAR), 1 LIMIT {SAMPLE}"
        )
        return [value for (value,) in rows]

    def top(self, *, at_least: int) -> tuple[Count, ...]:
        """Return the commonest values held by `at_least` rows or more."""
        rows = self._run(
            f"SELECT value::VARCHAR, n FROM {VALUES} WHERE value IS NOT NULL "
            f"AND n >= {at_least} ORDER BY n DESC, 1 LIMIT {TOP}"
        )
        return tuple(Count(value, n) for value, n in rows)

    def rare(self, *, below: int) -> int:
        """Count the distinct values held by fewer than `below` rows."""
        (row,) = self._run(
            f"SELECT count(value) FROM {VALUES} WHERE value IS NOT NULL AND n < {below}"
        )
        return int(row[0])

    def where(self, condition: str) -> Hit:
        """Count the rows that meet an SQL condition on `value` (or its text `t`)."""
        source = f"(SELECT value, value::VARCHAR AS t, n FROM {VALUES} WHERE value IS NOT NULL)"
        (row,) = self._run(
            f"SELECT coalesce(sum(n), 0), max_by(t, n, 3) FROM {source} WHERE {condition}"
        )
        return Hit(int(row[0]), tuple(sorted(row[1] or ())))

    def patterns(self) -> tuple[Count, ...]:
        """Return the five commonest shapes of the values (of the commonest 20,000)."""
        rows = self._run(
            f"SELECT value::VARCHAR, n FROM {VALUES} WHERE value IS NOT NULL "
            f"ORDER BY n DESC, 1 LIMIT {PATTERN_LIMIT}"
        )
        counts: dict[str, int] = {}
        for value, n in rows:
            shape = mask(value)
            counts[shape] = counts.get(shape, 0) + n
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Count(shape, n) for shape, n in ranked[:5])

    def spellings(self) -> Hit:
        """Count rows whose value differs from a commoner one by case or spaces only."""
        (row,) = self._run(
            "SELECT coalesce(sum(total - most), 0), max_by(forms, total - most, 3) FROM ("
            "SELECT sum(n) AS total, max(n) AS most, "
            "string_agg(value::VARCHAR, ' | ' ORDER BY n DESC, value) AS forms "
            f"FROM {VALUES} WHERE value IS NOT NULL AND trim(value) <> '' "
            "GROUP BY lower(regexp_replace(trim(value), '\\s+', ' ', 'g')) "
            "HAVING count(*) > 1)"
        )
        return Hit(int(row[0]), tuple(sorted(row[1] or ())))

    def invalid(self, scheme: str) -> Hit:
        """Count the rows whose identifier fails its format or check digit."""
        condition = valid_sql(scheme, "t")
        if condition is not None:
            return self.where(f"NOT ({condition})")
        rows = self._run(
            f"SELECT value::VARCHAR, n FROM {VALUES} WHERE value IS NOT NULL "
            "ORDER BY n DESC, 1"
        )
        bad = [(value, n) for value, n in rows if not is_valid(value, scheme=scheme)]
        return Hit(sum(n for _, n in bad), tuple(value for value, _ in bad[:3]))


def sentinels(*, is_name: bool) -> str:
    """Return the SQL condition for words that stand for nothing."""
    words = SENTINELS if is_name else SENTINELS + SENTINEL_WORDS
    nines = "regexp_full_match(trim(t), '9{5,}')"
    return f"(lower(trim(t)) IN {quote_list(words)} OR {nines})"


def sentinel_dates(basics: Basics) -> str:
    """Return the SQL condition for dates that stand for nothing, by how many hold them."""
    usual = (basics.rows - basics.nulls) / max(1, basics.distinct)
    common = f"n >= 5 AND n >= {CLUSTER * usual}"
    return (
        f"(trim(t) IN {quote_list(END_OF_TIME)} "
        f"OR (trim(t) IN {quote_list(SENTINEL_DATES)} AND {common}))"
    )


def count_duplicates(engine: DuckEngine, *, scan: str, columns: Sequence[str]) -> int:
    """Count the rows that repeat an earlier one in every column given, exactly.

    Rows are compared by a 64-bit hash first; only rows whose hash repeats are
    compared in full, so a collision cannot make a duplicate.
    """
    listed = ", ".join(quote_identifier(name) for name in columns)
    engine.rows("DROP TABLE IF EXISTS staithe_repeats")
    engine.rows(
        f"CREATE TEMP TABLE staithe_repeats AS SELECT hash({listed}) AS h FROM {scan} "
        "GROUP BY h HAVING count(*) > 1"
    )
    (row,) = engine.rows(
        "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM "
        f"{scan} WHERE hash({listed}) IN (SELECT h FROM staithe_repeats) "
        f"GROUP BY {listed})"
    )
    return int(row[0])


def count_out_of_order(engine: DuckEngine, *, scan: str, start: str, end: str) -> int:
    """Count the rows whose end date is before their start date."""
    first, last = (
        f"try_cast({quote_identifier(name)} AS TIMESTAMP)" for name in (start, end)
    )
    (row,) = engine.rows(f"SELECT count(*) FROM {scan} WHERE {last} < {first}")
    return int(row[0])
