"""Joining a project's grants: identifiers to linkage, pseudonyms to attributes.

Linkage is given identifier snapshots and a specification and gives back row key and
pseudonym. Here, and only here, that meets the attributes; row keys stay behind, and
rows come out in the order of pseudonyms, so their place tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from staithe.base.errors import Conflict
from staithe.exchange.clustering import LinkRun, cluster_grants
from staithe.exchange.cutting import ROW_KEY, Piece
from staithe.exchange.keys import ensure_project_key
from staithe.exchange.models import Grant
from staithe.exchange.storage import forget_snapshots, scratch_folder, the_store
from staithe.sharing.models import Project
from staithe.tables.engine import connect, scan, to_batches
from staithe.tables.manifest import Source
from staithe.tables.snapshot import open_snapshot, snapshot_paths, write_snapshot
from staithe.tables.sql import quote_identifier, quote_literal


UNIT = "person"
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Joined:
    """The table of one grant: attributes by pseudonym."""

    grant: str
    table: Piece


@dataclass(frozen=True)
class JoinResult:
    """A table for each grant, the key that made them, the report of the linkage."""

    tables: tuple[Joined, ...]
    keys: str  # snapshot of grant, row, person
    report: dict[str, Any]


def join_grants(
    project: Project,
    grants: Sequence[Grant],
    *,
    specification: dict[str, Any],
    at: datetime,
    progress: Progress,
) -> JoinResult:
    """Link the grants' identifiers and write each grant's table.

    Raises Conflict where a grant cannot take part; nothing is left behind then.
    """
    # Splink is slow to import and only this job needs it.
    from staithe.linkage.pseudonyms import assign_pseudonyms

    _check_grants(grants)
    key = ensure_project_key(settings.HOME / "keys", project.reference)
    with scratch_folder() as scratch:
        run = cluster_grants(
            [_linkable(grant) for grant in grants],
            specification=specification,
            scratch=scratch,
            progress=lambda share, note: progress(share * 0.8, note),
        )
        named = assign_pseudonyms(run.clusters, key=key, out=scratch / "people.parquet")
        progress(0.85, "Writing the joined tables")
        return _write_tables(grants, named, run, key=key, at=at, scratch=scratch)


def _check_grants(grants: Sequence[Grant]) -> None:
    for grant in grants:
        if grant.state != Grant.State.ACTIVE:
            raise Conflict(f"{grant.reference} is no longer active: join again.")
        if len(grants) > 1 and not grant.identifiers_snapshot:
            raise Conflict(
                f"{grant.agreement.reference} lets no column be used for linkage, "
                "so it cannot be joined with the others."
            )


def _linkable(grant: Grant) -> list[Path]:
    """Return the verified files that linkage reads: identifiers and row keys."""
    snapshot = grant.identifiers_snapshot or grant.attributes_snapshot
    store = the_store()
    return snapshot_paths(open_snapshot(snapshot, store=store), store=store)


def _write_tables(
    grants: Sequence[Grant],
    named: Path,
    run: LinkRun,
    *,
    key: bytes,
    at: datetime,
    scratch: Path,
) -> JoinResult:
    from staithe.linkage.pseudonyms import key_id

    made: list[str] = []
    connection = connect(
        memory_mb=settings.ENGINE_MEMORY_MB,
        threads=settings.ENGINE_THREADS,
        temp_directory=scratch,
    )
    try:
        tables = []
        for source, grant in zip(run.sources, grants, strict=True):
            piece = _write_table(connection, grant, source, named, at=at)
            made.append(piece.id)
            tables.append(Joined(grant.reference, piece))
        keys = _write_keys(connection, grants, run.sources, named, at=at)
    except BaseException:
        forget_snapshots(made)
        raise
    finally:
        connection.close()
    report = run.report | {"key": key_id(key), "links": run.links}
    return JoinResult(tuple(tables), keys.id, report)


def _write_table(
    connection: duckdb.DuckDBPyConnection,
    grant: Grant,
    source: str,
    named: Path,
    *,
    at: datetime,
) -> Piece:
    store = the_store()
    attributes = open_snapshot(grant.attributes_snapshot, store=store)
    columns = [name for name in attributes.column_names if name != ROW_KEY]
    listed = ", ".join(f"a.{quote_identifier(name)}" for name in columns)
    sql = (
        f"SELECT p.pseudonym AS {UNIT}, {listed} "
        f"FROM {scan(snapshot_paths(attributes, store=store))} a "
        f"JOIN {scan([named])} p ON p.row_key = a.{ROW_KEY}::VARCHAR "
        f"AND p.source = {quote_literal(source)} ORDER BY ALL"
    )
    made = write_snapshot(
        to_batches(connection, sql),
        store=store,
        at=at,
        source=Source(name=grant.reference, derived_from=(attributes.digest,)),
    )
    if made.rows != attributes.rows:
        forget_snapshots([made.id])
        raise AssertionError("every row has exactly one pseudonym")
    return Piece(made.id, made.digest, made.column_names, made.rows)


def _write_keys(
    connection: duckdb.DuckDBPyConnection,
    grants: Sequence[Grant],
    sources: Sequence[str],
    named: Path,
    *,
    at: datetime,
) -> Piece:
    pairs = zip(sources, grants, strict=True)
    cases = " ".join(
        f"WHEN {quote_literal(source)} THEN {quote_literal(grant.reference)}"
        for source, grant in pairs
    )
    sql = (
        f'SELECT CASE source {cases} END AS "grant", row_key::BIGINT AS "row", '
        f"pseudonym AS {UNIT} FROM {scan([named])} ORDER BY ALL"
    )
    made = write_snapshot(
        to_batches(connection, sql),
        store=the_store(),
        at=at,
        source=Source(name="linkage key"),
    )
    return Piece(made.id, made.digest, made.column_names, made.rows)
