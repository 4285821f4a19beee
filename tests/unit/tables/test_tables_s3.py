"""The same promises on storage that speaks S3, against a real server of its protocol."""

from __future__ import annotations

import datetime as dt
import urllib.request

import pyarrow as pa
import pytest

from staithe.base.errors import BadInput, Conflict, Damaged, NotFound
from staithe.tables.manifest import Source
from staithe.tables.snapshot import (
    delete_snapshot,
    list_snapshots,
    open_snapshot,
    read_batches,
    snapshot_paths,
    sweep_leftovers,
    verify_snapshot,
    write_snapshot,
)
from staithe.tables.store import S3Store, open_store


server = pytest.importorskip(
    "moto.server", reason="S3 IS NOT TESTED in this run: install moto[server]"
)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SOURCE = Source(name="made here")
BATCH = pa.RecordBatch.from_pydict({"n": list(range(1000))})


@pytest.fixture(scope="module")
def endpoint():
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"{host}:{port}"
    running.stop()


@pytest.fixture
def address(endpoint, request):
    bucket = f"b{abs(hash(request.node.name))}"
    made = urllib.request.Request(f"http://{endpoint}/{bucket}", method="PUT")
    urllib.request.urlopen(made).close()
    keys = "access_key=x&secret_key=y&region=us-east-1&scheme=http"
    return f"s3://{bucket}/pre/fix?endpoint_override={endpoint}&{keys}"


def test_a_snapshot_is_written_read_verified_and_deleted(address):
    store = open_store(address)
    assert "secret_key" not in store.url
    manifest = write_snapshot(
        [BATCH, BATCH], store=store, at=AT, source=SOURCE, id="S1", part_rows=700
    )
    assert list_snapshots(store=store) == ["S1"]
    assert open_snapshot("S1", store=store) == manifest
    verify_snapshot(manifest, store=store)
    assert sum(batch.num_rows for batch in read_batches(manifest, store=store)) == 2000
    with pytest.raises(Conflict):
        write_snapshot([BATCH], store=store, at=AT, source=SOURCE, id="S1")
    delete_snapshot("S1", store=store)
    with pytest.raises(NotFound):
        open_snapshot("S1", store=store)


def test_a_write_that_fails_leaves_nothing_that_counts(address):
    store = open_store(address)

    def breaks():
        yield BATCH
        raise BadInput("the sender hung up")

    with pytest.raises(BadInput):
        write_snapshot(
            breaks(),
            store=store,
            at=AT,
            source=SOURCE,
            schema=BATCH.schema,
            part_rows=300,
        )
    assert list_snapshots(store=store) == []
    assert sweep_leftovers(store=store, older_than=-60) == 0


def test_parts_without_a_manifest_are_swept_when_old(address):
    store = open_store(address)
    assert isinstance(store, S3Store)
    store.open_output("S3", "part-00000.parquet").close()
    assert list_snapshots(store=store) == []
    assert sweep_leftovers(store=store, older_than=3600) == 0
    assert sweep_leftovers(store=store, older_than=-60) == 1


def test_changed_objects_and_bad_copies_are_told_apart(address):
    store = open_store(address)
    manifest = write_snapshot([BATCH], store=store, at=AT, source=SOURCE, id="S1")
    (copy,) = snapshot_paths(manifest, store=store)
    copy.write_bytes(b"bad copy")
    snapshot_paths(manifest, store=store)  # fetched again, and good
    assert isinstance(store, S3Store)
    with store.open_output("S1", "part-00000.parquet") as stream:
        stream.write(b"bad object")
    with pytest.raises(Damaged, match=r"part-00000\.parquet"):
        verify_snapshot(manifest, store=store)
