"""Joining a project's grants: identifiers to linkage, pseudonyms to attributes.

Linkage is given identifier snapshots and a specification and gives back row key and
pseudonym. Here, and only here, that meets the attributes; row keys stay behind, and
rows come out in the order of pseudonyms, so their place tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from staithe.base.errors import BadInput, Conflict
from staithe.exchange.clustering import LinkRun, cluster_grants
from staithe.exchange.cutting import ROW_KEY, Piece
from staithe.exchange.keys import ensure_project_key
from staithe.exchange.models import Grant
from staithe.exchange.storage import (
    forget_snapshots,
    open_recorded,
    scratch_folder,
    the_store,
)
from staithe.linkage.queries import labelled_for
from staithe.sharing.models import Project
from staithe.tables.engine import connect, scan, to_batches
from staithe.tables.manifest import Source
from staithe.tables.snapshot import snapshot_paths, write_snapshot
from staithe.tables.sql import quote_identifier, quote_literal


UNIT = "person"
Progress = Callable[[float, str], None]

if TYPE_CHECKING:
    from staithe.linkage.result import LinkResult


@dataclass(frozen=True)
class Joined:
    """The table of one grant: attributes by pseudonym."""

    grant: str
    table: Piece
    people: int


@dataclass(frozen=True)
class JoinResult:
    """A table for each grant, the key that made them, the report of the linkage."""

    tables: tuple[Joined, ...]
    keys: str  # snapshot of grant, row, person
    report: dict[str, Any]
    evidence: tuple[dict[str, str], ...] = ()  # as a Join keeps it

    @property
    def snapshots(self) -> list[str]:
        """Return every snapshot that was written."""
        tables = [part.table.id for part in self.tables]
        return [self.keys, *tables, *(each["snapshot"] for each in self.evidence)]


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

    check_can_join(grants)
    sources = source_names(project, grants)
    key = ensure_project_key(settings.HOME / "keys", project.reference)
    with scratch_folder() as scratch, _naming_tables(sources, grants):
        run = cluster_grants(
            {
                source: _linkable(grant)
                for source, grant in zip(sources, grants, strict=True)
            },
            specification=specification,
            scratch=scratch,
            labelled=lambda names: labelled_for(project, names),
            progress=lambda share, note: progress(share * 0.8, note),
        )
        named = assign_pseudonyms(run.clusters, key=key, out=scratch / "people.parquet")
        progress(0.85, "Writing the joined tables")
        return _Writer(sources, grants, named, at, scratch).write(run, key=key)


@contextmanager
def _naming_tables(sources: Sequence[str], grants: Sequence[Grant]) -> Iterator[None]:
    """Let a refusal of linkage name tables as people know them, not as t1 and t2."""
    names = {s: g.table_name for s, g in zip(sources, grants, strict=True)}
    try:
        yield
    except BadInput as error:
        words = re.sub(r"\bt\d+\b", lambda m: names.get(m[0], m[0]), error.message)
        raise BadInput(words, field=error.field) from error


def source_names(project: Project, grants: Sequence[Grant]) -> list[str]:
    """Return t1, t2 ...: the place of each among all grants the project ever had."""
    ever = list(Grant.objects.filter(project=project).order_by("pk").values_list("pk"))
    places = {pk: number for number, (pk,) in enumerate(ever, 1)}
    return [f"t{places[grant.pk]}" for grant in grants]


def check_can_join(grants: Sequence[Grant]) -> None:
    """Raise Conflict unless every grant is open and has something to link by."""
    for grant in grants:
        if grant.state != Grant.State.ACTIVE:
            raise Conflict(f"{grant.table_name} is no longer open: join again.")
        if len(grants) > 1 and not grant.identifiers_snapshot:
            raise Conflict(
                f"{grant.agreement.reference} lets no column be used for linkage, "
                "so it cannot be joined with the others."
            )


def _linkable(grant: Grant) -> list[Path]:
    """Return the verified files that linkage reads: identifiers and row keys."""
    if grant.identifiers_snapshot:
        kept = (grant.identifiers_snapshot, grant.identifiers_sha256)
    else:  # alone in its join, so only the row keys are read
        kept = (grant.attributes_snapshot, grant.attributes_sha256)
    return snapshot_paths(open_recorded(*kept), store=the_store())


@dataclass(frozen=True)
class _Writer:
    """Writes what a join makes, and forgets all of it if any part fails."""

    sources: Sequence[str]
    grants: Sequence[Grant]
    named: Path  # source, row_key, pseudonym
    at: datetime
    scratch: Path

    def write(self, run: LinkRun, *, key: bytes) -> JoinResult:
        """Return the tables and the sealed link between rows and pseudonyms."""
        from staithe.linkage.pseudonyms import key_id
        from staithe.linkage.specification import to_yaml

        made: list[Piece] = []
        try:
            for source, grant in zip(self.sources, self.grants, strict=True):
                made.append(self._write_table(grant, source))
                assert made[-1].rows == grant.rows, "each row has one pseudonym"
            made.append(self._write_keys())
            made += [self._write_evidence(each) for each in run.results]
        except BaseException:
            forget_snapshots(piece.id for piece in made)
            raise
        tables = tuple(
            Joined(grant.reference, piece, run.people[source])
            for source, grant, piece in zip(
                self.sources, self.grants, made, strict=False
            )
        )
        keys, *pieces = made[len(tables) :]
        evidence = tuple(
            {
                "snapshot": piece.id,
                "sha256": piece.sha256,
                "specification": to_yaml(each.specification),
            }
            for piece, each in zip(pieces, run.results, strict=True)
        )
        report = run.report | {"key": key_id(key), "links": run.links}
        return JoinResult(tables, keys.id, report, evidence)

    def _write_table(self, grant: Grant, source: str) -> Piece:
        attributes = open_recorded(grant.attributes_snapshot, grant.attributes_sha256)
        paths = snapshot_paths(attributes, store=the_store())
        columns = ", ".join(shown_columns(pq.read_schema(paths[0])))
        sql = (
            f"SELECT p.pseudonym AS {UNIT}, {columns} FROM {scan(paths)} a "
            f"JOIN {scan([self.named])} p ON p.row_key = a.{ROW_KEY}::VARCHAR "
            f"AND p.source = {quote_literal(source)} ORDER BY ALL"
        )
        derived = (attributes.digest,)
        return self._keep(sql, Source(name=grant.reference, derived_from=derived))

    def _write_keys(self) -> Piece:
        cases = " ".join(
            f"WHEN {quote_literal(source)} THEN {quote_literal(grant.reference)}"
            for source, grant in zip(self.sources, self.grants, strict=True)
        )
        sql = (
            f'SELECT CASE source {cases} END AS "grant", row_key::BIGINT AS "row", '
            f"pseudonym AS {UNIT} FROM {scan([self.named])} ORDER BY ALL"
        )
        return self._keep(sql, Source(name="linkage key"))

    def _write_evidence(self, result: LinkResult) -> Piece:
        # Named by row key; the order is by hash, so place tells nothing of the score.
        sql = (
            'SELECT left_id::BIGINT AS "left", right_id::BIGINT AS "right",'
            f" * EXCLUDE (left_id, right_id) FROM {scan([result.explained])}"
        )
        return self._keep(sql, Source(name="linkage evidence"))

    def _keep(self, sql: str, source: Source) -> Piece:
        connection: duckdb.DuckDBPyConnection = connect(
            memory_mb=settings.ENGINE_MEMORY_MB,
            threads=settings.ENGINE_THREADS,
            temp_directory=self.scratch,
        )
        try:
            made = write_snapshot(
                _in_utc(to_batches(connection, sql)),
                store=the_store(),
                at=self.at,
                source=source,
            )
        finally:
            connection.close()
        return Piece(made.id, made.digest, made.column_names, made.rows)


def _in_utc(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """Name UTC as the zone of times that have one: the engine names this machine's."""
    fields = [
        field.with_type(pa.timestamp(field.type.unit, "UTC"))
        if pa.types.is_timestamp(field.type) and field.type.tz
        else field
        for field in reader.schema
    ]
    return reader.cast(pa.schema(fields))


def shown_columns(schema: pa.Schema) -> list[str]:
    """Return the SQL of each column that a recipient sees, in the order agreed.

    The table has a column `person` of its own, so one of that name is called
    `person_2`. A type that open clients cannot carry is written as one that they can.
    """
    fields = [field for field in schema if field.name != ROW_KEY]
    taken = {UNIT, *(field.name.casefold() for field in fields)}
    shown = []
    for field in fields:
        name = field.name
        number = 2
        while name.casefold() == UNIT or (name != field.name and name in taken):
            name, number = f"{UNIT}_{number}", number + 1
        value = _carried(f"a.{quote_identifier(field.name)}", field.type)
        shown.append(f"{value} AS {quote_identifier(name)}")
    return shown


def _carried(column: str, kind: pa.DataType) -> str:
    if pa.types.is_time(kind):
        return f"{column}::VARCHAR"
    if pa.types.is_uint64(kind):
        return f"{column}::DECIMAL(20, 0)"
    if pa.types.is_timestamp(kind) and kind.tz is None and kind.unit != "us":
        return f"{column}::TIMESTAMP"
    return column
