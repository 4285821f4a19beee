"""The name of a grant's table: a word that an analyst can type in SQL as it is."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

import duckdb


LONGEST = 30


def table_name(slug: str, *, taken: Collection[str]) -> str:
    """Name a table after its asset's slug; a second one of a name gets a number.

    A name that SQL would read as a word of its own, or that starts with a digit,
    gets `data_` before it.
    """
    words = slug.lower().replace("-", "_").strip("_") or "data"
    stem = words
    if len(words) > LONGEST:  # cut between words where there are any
        stem = words[: LONGEST + 1].rpartition("_")[0] or words[:LONGEST]
    if stem[0].isdigit() or stem in _reserved():
        stem = f"data_{stem}"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def is_plain(name: str) -> bool:
    """Tell whether a name can stand in SQL without quotes."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
    return plain and name.lower() not in _reserved()


@cache
def _reserved() -> frozenset[str]:
    """Return the words that the engine does not take as a table's bare name."""
    connection = duckdb.connect(config={"autoload_known_extensions": False})
    try:
        rows = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() "
            "WHERE keyword_category <> 'unreserved'"
        ).fetchall()
    finally:
        connection.close()
    return frozenset(word for (word,) in rows)
