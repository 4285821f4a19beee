"""The words of a text that few other records have: names of firms, payments, addresses.

Texts are written in many ways and share common words with half of the file. Their
rarest words that occur again are what two writings of one thing have in common: good to
choose pairs by, and stronger evidence the rarer they are. A word that occurs once is a
name nobody else has or a typing error, and says nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.specification import LinkSpecification
    from staithe.linkage.standardise import Standardised


COUNTS = "word_counts"
WORDED_KINDS = frozenset({"text", "address"})
RANKS = ("__rarest", "__rarer")


def worded(specification: LinkSpecification) -> list[str]:
    """Return the fields whose words are counted."""
    return [e.name for e in specification.fields if e.what.kind in WORDED_KINDS]


def again_sql(sides: int) -> str:
    """Return the condition of a word's standing where two records may share it."""
    return "min(source_number) < max(source_number)" if sides > 1 else "count(*) > 1"


def count_words(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
) -> None:
    """Make a table of (column_name, word, n) of words that may match two records."""
    con.execute(
        f"CREATE OR REPLACE TABLE {COUNTS} (column_name VARCHAR, word VARCHAR, n BIGINT)"
    )
    again = again_sql(len(standardised.rows))
    for name in worded(specification):
        words = quote(f"{name}__words")
        con.execute(
            f"INSERT INTO {COUNTS} SELECT {quote_literal(name)}, word, count(*)"
            f" FROM (SELECT source_number, unnest({words}) AS word"
            f" FROM {standardised.table}) GROUP BY word HAVING {again}"
        )


def ranked_sql(name: str, records: str, counts: str) -> str:
    """Return the query of (rid, words): the counted words of a text, rarest first."""
    return (
        "SELECT rid, list(word ORDER BY n, word) AS words FROM (SELECT rid,"
        f" unnest({quote(name + '__words')}) AS word FROM {records}) JOIN {counts}"
        f" USING (word) WHERE column_name = {quote_literal(name)} GROUP BY rid"
    )


def add_rare_words(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
    *,
    counts: str = COUNTS,
) -> Standardised:
    """Add to each record the two rarest words of each text, by a table of counts."""
    table = standardised.table
    present = dict(standardised.present)
    for name in worded(specification):
        first, second = (quote(name + rank) for rank in RANKS)
        con.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT r.*, w.words[1] AS {first},"
            f" w.words[2] AS {second} FROM {table} r"
            f" LEFT JOIN ({ranked_sql(name, table, counts)}) w USING (rid) ORDER BY rid"
        )
        filled = con.execute(
            f"SELECT count({first}) / count(*), count({second}) / count(*)"
            f" FROM {table} GROUP BY source_number ORDER BY source_number"
        ).fetchall()
        for place, rank in enumerate(RANKS):
            present[name + rank] = tuple(row[place] for row in filled)
    return replace(standardised, present=present)
