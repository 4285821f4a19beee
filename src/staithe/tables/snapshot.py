"""Immutable snapshots: write once, verify before every use, never change.

Bit flips in Parquet are silent in every engine measured, so each file is checked
against its SHA-256 before an engine may open it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from staithe.base.errors import BadInput, Damaged
from staithe.base.ids import new_reference
from staithe.tables.columns import check_names, to_columns
from staithe.tables.digest import DigestingStream, file_sha256
from staithe.tables.manifest import (
    Manifest,
    PartFile,
    Source,
    digest_of,
    from_bytes,
    to_bytes,
)
from staithe.tables.source import TableSource
from staithe.tables.store import MANIFEST, Draft, Store


PART_ROWS = 1_000_000
GROUP_ROWS = 122_880  # DuckDB's own group, so its threads share a part evenly
KEEP_FORMATS = {"version": "2.6", "compression": "zstd", "write_page_checksum": True}

# Files proved good in this process: (path, bytes, mtime_ns) -> SHA-256.
_verified: dict[tuple[str, int, int], str] = {}


def write_snapshot(
    batches: pa.RecordBatchReader | Iterable[pa.RecordBatch],
    *,
    store: Store,
    at: datetime,
    source: Source,
    id: str | None = None,  # noqa: A002  the word of the format
    schema: pa.Schema | None = None,
    part_rows: int = PART_ROWS,
) -> Manifest:
    """Stream record batches into a new snapshot and return its manifest.

    `schema` is needed where `batches` may be empty and is no reader. If anything
    fails, nothing is left behind. Raises Conflict where `id` exists.
    """
    snapshot_id = id or new_reference("SNP", 16)
    schema, stream = _with_schema(batches, schema)
    check_names(schema.names, where="The table")
    with store.draft(snapshot_id) as draft:
        files = _write_parts(stream, PartWriter(draft, schema, part_rows=part_rows))
        manifest = Manifest(
            id=snapshot_id,
            created_at=at,
            rows=sum(part.rows for part in files),
            columns=to_columns(schema),
            files=files,
            source=source,
        )
        manifest = replace(manifest, digest=digest_of(manifest))
        draft.create(MANIFEST).write(to_bytes(manifest))
    return manifest


def store_table(
    table: TableSource,
    *,
    store: Store,
    at: datetime,
    id: str | None = None,  # noqa: A002  the word of the format
) -> Manifest:
    """Store what `read_table` read; the manifest tells how it was read."""
    report = table.report
    source = Source(
        name=table.name,
        reader=report.reader,
        sha256=table.sha256,
        bytes=table.bytes,
        encoding=report.encoding,
        delimiter=report.delimiter,
        notes=report.notes,
        bad_rows=len(report.bad_rows),
    )
    return write_snapshot(
        table.batches(), store=store, at=at, source=source, id=id, schema=table.schema
    )


def _write_parts(
    stream: Iterator[pa.RecordBatch], parts: PartWriter
) -> tuple[PartFile, ...]:
    try:
        for batch in stream:
            parts.write(batch)
        return parts.finish()
    except BaseException:
        parts.abandon()
        raise


@dataclass
class PartWriter:
    """Writes batches as numbered Parquet files of at most `part_rows` rows each."""

    draft: Draft
    schema: pa.Schema
    part_rows: int
    files: list[PartFile] = field(default_factory=list)
    _writer: pq.ParquetWriter | None = None
    _stream: DigestingStream | None = None
    _held: list[pa.RecordBatch] = field(default_factory=list)
    _held_rows: int = 0
    _rows: int = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch, beginning a new part where this one is full."""
        while batch.num_rows:
            room = self.part_rows - self._rows - self._held_rows
            piece, batch = batch.slice(0, room), batch.slice(room)
            self._held.append(piece)
            self._held_rows += piece.num_rows
            if self._held_rows >= GROUP_ROWS:
                self._flush()
            if self._rows + self._held_rows == self.part_rows:
                self._close_part()

    def finish(self) -> tuple[PartFile, ...]:
        """Write what is held and return the files; an empty table has one empty file."""
        if self._held or self._writer is not None or not self.files:
            self._close_part()
        return tuple(self.files)

    def abandon(self) -> None:
        """Let go of an unfinished part without writing its footer anywhere."""
        if self._writer is not None and self._stream is not None:
            self._stream.discard()
            self._writer.close()
            self._writer = None

    def _flush(self) -> None:
        if self._writer is None:
            name = f"part-{len(self.files):05d}.parquet"
            self._stream = DigestingStream(self.draft.create(name))
            self._writer = pq.ParquetWriter(self._stream, self.schema, **KEEP_FORMATS)
        if self._held:
            table = pa.Table.from_batches(self._held, schema=self.schema)
            self._writer.write_table(table, row_group_size=GROUP_ROWS)
        self._rows += self._held_rows
        self._held, self._held_rows = [], 0

    def _close_part(self) -> None:
        self._flush()
        assert self._writer is not None
        assert self._stream is not None
        self._writer.close()
        stream = self._stream
        name = f"part-{len(self.files):05d}.parquet"
        self.files.append(PartFile(name, stream.bytes, stream.sha256(), self._rows))
        self._writer, self._stream, self._rows = None, None, 0


def _with_schema(
    batches: pa.RecordBatchReader | Iterable[pa.RecordBatch], schema: pa.Schema | None
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Find the schema, from the reader or the first batch, without losing a batch."""
    found = schema if schema is not None else getattr(batches, "schema", None)
    stream = iter(batches)
    if found is not None:
        return found, stream
    first = next(stream, None)
    if first is None:
        raise BadInput("The table is empty: it holds no header and no rows.")

    def again() -> Iterator[pa.RecordBatch]:
        yield first
        yield from stream

    return first.schema, again()


def open_snapshot(id: str, *, store: Store, digest: str | None = None) -> Manifest:  # noqa: A002  the word of the format
    """Read the manifest; raise NotFound, or Damaged where it is not as written.

    `digest`, as recorded elsewhere, proves that it was not replaced by another.
    """
    manifest = from_bytes(store.read(id, MANIFEST), id=id)
    if digest is not None and manifest.digest != digest:
        raise Damaged(f"Snapshot {id} is not the one recorded: its digest differs.")
    return manifest


def verify_snapshot(manifest: Manifest, *, store: Store) -> None:
    """Digest every file again; raise Damaged naming the first that differs."""
    for part in manifest.files:
        _check_part(manifest, part, store=store, trust_cache=False)


def snapshot_paths(manifest: Manifest, *, store: Store) -> list[Path]:
    """Return the paths of the parts, each verified; raise Damaged naming a bad one.

    A file proved good in this process is not digested again while its size and
    modification time stay the same.
    """
    return [
        _check_part(manifest, part, store=store, trust_cache=True)
        for part in manifest.files
    ]


def _check_part(
    manifest: Manifest, part: PartFile, *, store: Store, trust_cache: bool
) -> Path:
    try:
        path = store.local_path(manifest.id, part.name, fresh=not trust_cache)
        facts = path.stat()
    except FileNotFoundError as error:
        raise Damaged(
            f"{part.name} of snapshot {manifest.id} is missing: restore it from a copy."
        ) from error
    key = (str(path), facts.st_size, facts.st_mtime_ns)
    if trust_cache and _verified.get(key) == part.sha256:
        return path
    if facts.st_size == part.bytes and file_sha256(path) == part.sha256:
        _verified[key] = part.sha256
        return path
    _verified.pop(key, None)
    if trust_cache:  # what was fetched may be bad while the store is good
        return _check_part(manifest, part, store=store, trust_cache=False)
    raise Damaged(
        f"{part.name} of snapshot {manifest.id} is damaged: its SHA-256 is not the "
        "one recorded. Restore it from a copy."
    )


def delete_snapshot(id: str, *, store: Store) -> None:  # noqa: A002  the word of the format
    """Remove a snapshot; raise NotFound where there is none."""
    store.delete(id)


def list_snapshots(*, store: Store) -> list[str]:
    """Return the ids of all finished snapshots, sorted."""
    return store.folders()


def sweep_leftovers(*, store: Store, older_than: float = 24 * 3600) -> int:
    """Remove what failed writes left, if older than so many seconds; return how many."""
    return store.sweep(older_than=older_than)


def read_batches(manifest: Manifest, *, store: Store) -> Iterator[pa.RecordBatch]:
    """Stream a snapshot's rows in order, every file verified first."""
    for path in snapshot_paths(manifest, store=store):
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches()
