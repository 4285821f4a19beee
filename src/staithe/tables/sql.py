"""Quote names and values for SQL text; nothing else may build SQL from outside text."""

from __future__ import annotations

from collections.abc import Iterable


def quote_identifier(name: str) -> str:
    """Return a name in double quotes, safe in DuckDB, PostgreSQL and SQLite.

    Raises ValueError for a NUL character, which no engine accepts.
    """
    if "\0" in name:
        raise ValueError("a name cannot hold a NUL character")
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Return text in single quotes; raises ValueError for a NUL character."""
    if "\0" in text:
        raise ValueError("SQL text cannot hold a NUL character")
    return "'" + text.replace("'", "''") + "'"


def quote_list(texts: Iterable[str]) -> str:
    """Return texts as a parenthesised list of literals, for IN; never empty."""
    return "(" + (", ".join(quote_literal(text) for text in texts) or "NULL") + ")"
