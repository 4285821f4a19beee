"""A snapshot appears whole or not at all, and any changed byte is noticed."""

from __future__ import annotations

import datetime as dt
import os
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput, Conflict, Damaged, NotFound
from staithe.tables import snapshot as snapshots
from staithe.tables.columns import Column
from staithe.tables.engine import open_engine
from staithe.tables.manifest import (
    Manifest,
    PartFile,
    Source,
    digest_of,
    from_bytes,
    to_bytes,
)
from staithe.tables.readers import read_table
from staithe.tables.snapshot import (
    delete_snapshot,
    list_snapshots,
    open_snapshot,
    read_batches,
    snapshot_paths,
    store_table,
    sweep_leftovers,
    verify_snapshot,
    write_snapshot,
)
from staithe.tables.store import MANIFEST, LocalStore, open_store


AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
SOURCE = Source(name="made here")


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def batch(start: int, stop: int) -> pa.RecordBatch:
    numbers = range(start, stop)
    return pa.RecordBatch.from_pydict(
        {"n": list(numbers), "t": [f"é{n}" for n in numbers]}
    )


def test_rows_come_back_in_order_over_several_parts(store):
    manifest = write_snapshot(
        [batch(0, 7), batch(7, 7), batch(7, 25)],
        store=store, at=AT, source=SOURCE, part_rows=10,
    )  # fmt: skip
    assert [part.rows for part in manifest.files] == [10, 10, 5]
    back = pa.Table.from_batches(read_batches(manifest, store=store))
    assert back.column("n").to_pylist() == list(range(25))
    assert open_snapshot(manifest.id, store=store, digest=manifest.digest) == manifest
    verify_snapshot(manifest, store=store)
    with open_engine() as engine:
        scan = engine.scan(snapshot_paths(manifest, store=store))
        assert engine.rows(f"SELECT count(*), sum(n) FROM {scan}") == [(25, 300)]


def test_a_table_of_no_rows_is_still_a_table(store):
    manifest = write_snapshot(
        [], store=store, at=AT, source=SOURCE, schema=batch(0, 1).schema
    )
    assert (manifest.rows, len(manifest.files)) == (0, 1)
    assert snapshot_paths(manifest, store=store)[0].exists()
    with pytest.raises(BadInput, match="empty"):
        write_snapshot([], store=store, at=AT, source=SOURCE)


def test_a_stored_file_tells_how_it_was_read(store, tmp_path):
    path = tmp_path / "people; DROP.csv"
    path.write_text("a;b\n1;x\n")
    manifest = store_table(read_table(path), store=store, at=AT)
    assert manifest.columns == (Column("a", "integer"), Column("b", "text"))
    assert manifest.source.delimiter == ";"
    assert len(manifest.source.sha256) == 64


def test_pages_carry_checksums(store):
    manifest = write_snapshot([batch(0, 9)], store=store, at=AT, source=SOURCE)
    (path,) = snapshot_paths(manifest, store=store)
    whole = bytearray(path.read_bytes())
    whole[20] ^= 1  # inside the first page
    with pytest.raises((pa.ArrowException, OSError)):
        pq.read_table(pa.BufferReader(bytes(whole)), page_checksum_verification=True)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), pick=st.booleans()
)
def test_a_flipped_bit_anywhere_is_an_error_naming_the_file(store, where, bit, pick):
    """Any bit of any file of a snapshot, manifest included."""
    name = "SNP-FLIP"
    if name not in list_snapshots(store=store):
        write_snapshot([batch(0, 50)], store=store, at=AT, source=SOURCE, id=name)
    file = MANIFEST if pick else "part-00000.parquet"
    path = store.local_path(name, file)
    good = path.read_bytes()
    bad = bytearray(good)
    bad[int(where * len(bad))] ^= 1 << bit
    path.write_bytes(bytes(bad))
    try:
        with pytest.raises(Damaged, match=file):
            verify_snapshot(open_snapshot(name, store=store), store=store)
    finally:
        path.write_bytes(good)
    verify_snapshot(open_snapshot(name, store=store), store=store)


def test_paths_are_verified_before_use_and_cheap_the_second_time(store, monkeypatch):
    manifest = write_snapshot([batch(0, 9)], store=store, at=AT, source=SOURCE)
    (path,) = snapshot_paths(manifest, store=store)
    digested = []
    real = snapshots.file_sha256
    monkeypatch.setattr(
        snapshots, "file_sha256", lambda p: digested.append(p) or real(p)
    )
    snapshot_paths(manifest, store=store)
    assert digested == []
    verify_snapshot(manifest, store=store)
    assert digested == [path]
    os.utime(path, ns=(1, 1))
    snapshot_paths(manifest, store=store)
    assert digested == [path, path]


def test_a_replaced_snapshot_is_noticed_by_the_recorded_digest(store):
    first = write_snapshot([batch(0, 9)], store=store, at=AT, source=SOURCE, id="S1")
    delete_snapshot("S1", store=store)
    write_snapshot([batch(1, 9)], store=store, at=AT, source=SOURCE, id="S1")
    with pytest.raises(Damaged, match="not the one recorded"):
        open_snapshot("S1", store=store, digest=first.digest)


def test_a_missing_part_is_named(store):
    manifest = write_snapshot([batch(0, 9)], store=store, at=AT, source=SOURCE)
    store.local_path(manifest.id, "part-00000.parquet").unlink()
    with pytest.raises(Damaged, match=r"part-00000\.parquet"):
        snapshot_paths(manifest, store=store)


def test_a_write_that_fails_leaves_nothing(store):
    def breaks():
        yield batch(0, 200_000)
        raise BadInput("the sender hung up")

    with pytest.raises(BadInput):
        write_snapshot(
            breaks(), store=store, at=AT, source=SOURCE, schema=batch(0, 1).schema
        )
    assert list(store.root.iterdir()) == []


def test_a_snapshot_is_never_written_twice(store):
    write_snapshot([batch(0, 9)], store=store, at=AT, source=SOURCE, id="S1")
    with pytest.raises(Conflict):
        write_snapshot([batch(1, 9)], store=store, at=AT, source=SOURCE, id="S1")
    assert open_snapshot("S1", store=store).rows == 9
    assert len(list(store.root.iterdir())) == 1


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", ".hidden", "a..b", "x" * 200, "a\0"]
)
def test_a_name_cannot_leave_its_folder(store, name):
    with pytest.raises(BadInput):
        open_snapshot(name, store=store)
    with pytest.raises(BadInput):
        delete_snapshot(name, store=store)


def test_absent_snapshots_are_not_found(store):
    with pytest.raises(NotFound):
        open_snapshot("S9", store=store)
    with pytest.raises(NotFound):
        delete_snapshot("S9", store=store)
    assert list(store.root.iterdir()) == []


def test_leftovers_of_killed_writes_are_swept_when_old(store: LocalStore):
    left = store.root / ".partial-killed"
    left.mkdir()
    (left / "part-00000.parquet").write_bytes(b"half")
    assert sweep_leftovers(store=store, older_than=60) == 0
    old = time.time() - 3600
    os.utime(left, (old, old))
    assert sweep_leftovers(store=store, older_than=60) == 1
    assert list(store.root.iterdir()) == []


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.integers(0, 2**53 - 1),
    columns=st.lists(names, max_size=4),
    notes=st.lists(names, max_size=3),
    at=st.datetimes(timezones=st.just(dt.UTC)),
)
def test_a_manifest_comes_back_equal(rows, columns, notes, at):
    """Written and read again, whatever the names hold."""
    manifest = Manifest(
        id="S1", created_at=at, rows=rows,
        columns=tuple(Column(name, "text") for name in columns),
        files=(PartFile("part-00000.parquet", 1, "0" * 64, rows),),
        source=Source(name="x", notes=tuple(notes)),
    )  # fmt: skip
    back = from_bytes(to_bytes(manifest), id="S1")
    assert back.digest == digest_of(manifest)
    assert (back.rows, back.columns, back.source, back.created_at) == (
        rows, manifest.columns, manifest.source, at,
    )  # fmt: skip


def test_unknown_storage_is_refused():
    with pytest.raises(BadInput, match="s3://"):
        open_store("ftp://example.org/x")


def test_every_single_bit_of_a_manifest_matters():
    """Each bit of each byte, one at a time: the digest and the exact form see all."""
    manifest = Manifest(
        id="S1", created_at=AT, rows=25, columns=(Column("é", "text"),),
        files=(PartFile("part-00000.parquet", 4321, "0a" * 32, 25),), source=SOURCE,
    )  # fmt: skip
    raw = to_bytes(manifest)
    assert from_bytes(raw, id="S1").rows == 25
    for at in range(len(raw)):
        for bit in range(8):
            bad = bytearray(raw)
            bad[at] ^= 1 << bit
            with pytest.raises(Damaged, match=r"manifest\.json"):
                from_bytes(bytes(bad), id="S1")
