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
from staithe.exchange.filters import filter_sql
from staithe.sharing.grant import Grant
from staithe.tables.engine import connect, to_batches
from staithe.tables.engine import scan as scan_files
from staithe.tables.manifest import Manifest, Source
from staithe.tables.snapshot import delete_snapshot, snapshot_paths, write_snapshot
from staithe.tables.sql import quote_identifier
from staithe.tables.store import Store


# Unlikely as the name of a column of anybody's data; such a column is not shared.
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

    Raises Conflict where the asset no longer is as granted; nothing is left then.
    """
    _check_columns(grant, source)
    where = filter_sql(grant.row_filter, {c.name: c.type for c in source.columns})
    rows = scan_files(snapshot_paths(source, store=store))

    def cut(columns: Sequence[str]) -> Piece:
        connection = connect(
            memory_mb=memory_mb, threads=threads, temp_directory=scratch
        )
        try:
            made = write_snapshot(
                to_batches(connection, _piece_sql(grant, columns, rows, where)),
                store=store,
                at=at,
                source=Source(name=grant.agreement, derived_from=(source.digest,)),
            )
        finally:
            connection.close()
        return Piece(made.id, made.digest, made.column_names, made.rows)

    attributes = cut(grant.columns)
    try:
        identifiers = cut(grant.link_columns) if grant.link_columns else None
    except BaseException:
        delete_snapshot(attributes.id, store=store)
        raise
    return Cut(asset_version, identifiers, attributes)


def _piece_sql(grant: Grant, columns: Sequence[str], rows: str, where: str) -> str:
    """Return the query of one piece: row key, granted columns, granted rows."""
    listed = ", ".join(quote_identifier(name) for name in columns)
    needed = dict.fromkeys(columns)
    if grant.row_filter is not None:
        needed[grant.row_filter.column] = None
    read = ", ".join(quote_identifier(name) for name in needed)
    # Rows are numbered before the filter, in the order of the files: the same
    # version gives the same keys in both pieces and in every run.
    numbered = f"(SELECT row_number() OVER () AS {ROW_KEY}, {read} FROM {rows})"
    return f"SELECT {ROW_KEY}, {listed} FROM {numbered} {where}"


def _check_columns(grant: Grant, source: Manifest) -> None:
    known = set(source.column_names)
    wanted = [*grant.columns, *grant.link_columns]
    if grant.row_filter is not None:
        wanted.append(grant.row_filter.column)
    missing = [name for name in dict.fromkeys(wanted) if name not in known]
    if missing:
        raise Conflict(
            f"The data no longer has the columns {', '.join(missing)}: "
            "the agreement must be made again."
        )
    if any(name.casefold() == ROW_KEY for name in wanted):
        raise Conflict(
            f"A column called {ROW_KEY} cannot be shared: the holder must publish "
            "the data with another name for it."
        )
