"""A snapshot as one CSV file: the form in which open data are downloaded.

Written as RFC 4180 with UTF-8 and a header, exactly as published: it is for
programs, so cells that look like formulas are not changed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from staithe.tables.manifest import Manifest
from staithe.tables.snapshot import read_batches, snapshot_paths
from staithe.tables.store import Store


@dataclass(frozen=True)
class CsvFacts:
    """How long the CSV file of a snapshot is, and its SHA-256."""

    bytes: int
    sha256: str


def csv_chunks(manifest: Manifest, *, store: Store) -> Iterator[bytes]:
    """Stream a snapshot as CSV, header first; raises Damaged before the first byte."""
    schema = pq.read_schema(snapshot_paths(manifest, store=store)[0])
    yield _written(pa.RecordBatch.from_pylist([], schema=schema), header=True)
    for batch in read_batches(manifest, store=store):
        yield _written(batch, header=False)


def measure_csv(manifest: Manifest, *, store: Store) -> CsvFacts:
    """Read a snapshot as CSV once and say how long it is and what its digest is."""
    digest, length = hashlib.sha256(), 0
    for chunk in csv_chunks(manifest, store=store):
        digest.update(chunk)
        length += len(chunk)
    return CsvFacts(length, digest.hexdigest())


def _written(batch: pa.RecordBatch, *, header: bool) -> bytes:
    out = io.BytesIO()
    pa_csv.write_csv(
        batch, out, write_options=pa_csv.WriteOptions(include_header=header)
    )
    return out.getvalue()
