"""Every published file of the shared data is published as it is, and told truly."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings

from staithe.catalogue.actions import publish_asset
from staithe.catalogue.csv_text import csv_chunks
from staithe.catalogue.models import AssetVersion
from staithe.tables.snapshot import open_snapshot, read_batches, verify_snapshot
from staithe.tables.store import open_store


pytestmark = [pytest.mark.data, pytest.mark.django_db]

ENDINGS = {".csv", ".tsv", ".parquet", ".jsonl"}


def count_rows(path: Path) -> int:
    """Count a file's rows without our readers."""
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).metadata.num_rows
    if path.suffix == ".jsonl":
        return sum(bool(line.strip()) for line in path.read_bytes().split(b"\n"))
    with path.open(encoding="utf-8-sig", newline="") as lines:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        return sum(1 for row in csv.reader(lines, delimiter=delimiter) if row) - 1


def test_the_command_publishes_every_file_as_it_is(shared_data, cast, staithe):
    paths = sorted(p for p in shared_data.rglob("*") if p.suffix in ENDINGS)
    assert {path.suffix for path in paths} == ENDINGS
    store = open_store(settings.STORAGE_URL)
    for path in paths:
        words = ("--owner", "roads", "--title", path.stem, "--json")
        said = staithe("publish", str(path), *words)
        assert said.code == 0, f"{path.name}: {said.err}"
        facts = json.loads(said.out)
        assert facts["rows"] == count_rows(path), path.name
        version = AssetVersion.objects.get(asset__reference=facts["reference"])
        digest = f"sha256:{version.manifest_sha256}"
        manifest = open_snapshot(version.snapshot_id, store=store, digest=digest)
        verify_snapshot(manifest, store=store)
        assert [c["name"] for c in version.columns] == list(manifest.column_names)
        table = pa.Table.from_batches(read_batches(manifest, store=store))
        assert table.num_rows == version.rows
        text = b"".join(csv_chunks(manifest, store=store))
        assert hashlib.sha256(text).hexdigest() == version.csv_sha256
        rows = list(csv.reader(io.StringIO(text.decode(), newline="")))
        assert len(rows) == version.rows + 1, path.name


def test_columns_of_a_labelled_person_file_are_told_to_identify(shared_data, cast, at):
    version = publish_asset(
        path=shared_data / "linkage" / "fake_1000.csv",
        source_name="fake_1000.csv",
        organisation=cast.roads,
        title="People",
        by=cast.olive,
        at=at,
    )
    named = {column["name"] for column in version.columns if column["identifies"]}
    assert {"first_name", "surname", "dob"} <= named
