"""Cutting a grant's two snapshots from an asset: identifiers apart from attributes.

Both carry the same `row_key` and nothing else in common, so the linkage step never
holds attributes and the analyst never holds identifiers (minimised at the source).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from staithe.base.errors import Conflict
from staithe.sharing.grant import Grant
from staithe.sharing.terms import RowFilter
from staithe.tables.engine import connect, to_batches
from staithe.tables.engine import scan as scan_files
from staithe.tables.manifest import Manifest, Source
from staithe.tables.snapshot import snapshot_paths, write_snapshot
from staithe.tables.sql import quote_identifier, quote_literal
from staithe.tables.store import Store


# Unlikely as the name of a column of anybody's data; such a column is refused.
ROW_KEY = "staithe_row"


@dataclass(frozen=True)
class Piece:
    """One snapshot that was cut: its id, digest, columns (row key first) and rows."""

    id: str
    sha256: str
    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True)
class Cut:
    """What a grant lets out of an asset version; no identifiers: no linkage."""

    asset_version: int
    identifiers: Piece | None
    attributes: Piece


def cut_snapshots(
    grant: Grant,
    *,
    source: Manifest,
    asset_version: int,
    store: Store,
    at: datetime,
    memory_mb: int,
    threads: int,
    scratch: Path,
) -> Cut:
    """Write the snapshots that a grant allows, from verified files.

    Raises Conflict where the asset no longer has a granted column.
    """
    _check_columns(grant, source)
    where = filter_sql(grant.row_filter)
    rows = scan_files(snapshot_paths(source, store=store))
    # Rows are numbered before the filter, in the order of the files: the same
    # version gives the same keys in both pieces and in every run.
    numbered = f"(SELECT row_number() OVER () AS {ROW_KEY}, * FROM {rows})"

    def piece(columns: Sequence[str]) -> Piece:
        listed = ", ".join(quote_identifier(name) for name in columns)
        sql = f"SELECT {ROW_KEY}, {listed} FROM {numbered} {where}"
        connection = connect(
            memory_mb=memory_mb, threads=threads, temp_directory=scratch
        )
        try:
            made = write_snapshot(
                to_batches(connection, sql),
                store=store,
                at=at,
                source=Source(name=grant.agreement, derived_from=(source.digest,)),
            )
        finally:
            connection.close()
        return Piece(made.id, made.digest, made.column_names, made.rows)

    return Cut(
        asset_version=asset_version,
        identifiers=piece(grant.link_columns) if grant.link_columns else None,
        attributes=piece(grant.columns),
    )


def filter_sql(row_filter: RowFilter | None) -> str:
    """Return the WHERE clause of a row filter, values quoted, compared as typed."""
    if row_filter is None:
        return ""
    column = quote_identifier(row_filter.column)
    if row_filter.operator == "in":
        values = row_filter.value if isinstance(row_filter.value, tuple) else ()
        listed = ", ".join(_literal(value) for value in values) or "NULL"
        return f"WHERE {column}::VARCHAR IN ({listed})"
    if row_filter.operator == "=":
        return f"WHERE {column}::VARCHAR = {_literal(row_filter.value)}"
    return f"WHERE {column} {row_filter.operator} {_typed_literal(row_filter.value)}"


def _literal(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return quote_literal(text)


def _typed_literal(value: object) -> str:
    """Leave numbers bare so that 9 < 10; everything else is quoted text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return quote_literal(str(value))


def _check_columns(grant: Grant, source: Manifest) -> None:
    known = set(source.column_names)
    if ROW_KEY in known:
        raise Conflict(f"A column may not be called {ROW_KEY}: rename it first.")
    missing = [c for c in (*grant.columns, *grant.link_columns) if c not in known]
    if missing:
        raise Conflict(
            f"The data no longer has the columns {', '.join(missing)}: "
            "the agreement must be made again."
        )
