"""The nightly sweep: what stopped work left is deleted, and nothing else."""

from __future__ import annotations

import os
from datetime import timedelta

import pyarrow as pa
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from staithe.base.clock import now
from staithe.catalogue.scrubbing import sweep_snapshots
from staithe.catalogue.uploads import keep_upload, sweep_uploads
from staithe.jobs.actions import enqueue
from staithe.jobs.run import run_pending
from staithe.tables.manifest import Source
from staithe.tables.readers import read_table
from staithe.tables.snapshot import list_snapshots, store_table, write_snapshot
from staithe.tables.store import open_store


LONG_AGO = timedelta(days=2)


@pytest.fixture
def store():
    return open_store(settings.STORAGE_URL)


def make_old(path):
    old = (now() - LONG_AGO).timestamp()
    os.utime(path, (old, old))


def test_an_upload_that_no_job_waits_for_goes_after_a_day(db, home):
    left = keep_upload(SimpleUploadedFile("a.csv", b"a\n1\n"))
    fresh = keep_upload(SimpleUploadedFile("b.csv", b"a\n1\n"))
    make_old(home / "uploads" / left)
    assert sweep_uploads(at=now()) == 1
    assert [path.name for path in (home / "uploads").iterdir()] == [fresh]


def test_an_upload_that_a_job_waits_for_stays(db, home):
    name = keep_upload(SimpleUploadedFile("a.csv", b"a\n1\n"))
    make_old(home / "uploads" / name)
    enqueue(
        "catalogue:version",
        arguments={"upload": name},
        by=None,
        at=now(),
    )
    assert sweep_uploads(at=now()) == 0
    assert (home / "uploads" / name).exists()


def test_nothing_to_sweep_is_nothing(db):
    assert sweep_uploads(at=now()) == 0


def test_a_snapshot_that_a_killed_process_left_goes_after_a_day(
    publish, write, store, home
):
    kept = publish().snapshot_id
    at = now() - LONG_AGO
    left = store_table(read_table(write()), store=store, at=at).id
    assert sweep_snapshots(store=store, at=now()) == 0  # its file is of this minute
    make_old(home / "snapshots" / left / "manifest.json")
    make_old(home / "snapshots" / kept / "manifest.json")
    assert sweep_snapshots(store=store, at=now()) == 1
    assert list_snapshots(store=store) == [kept]


def test_a_fresh_snapshot_stays_whatever_its_clock_says(db, write, store, home):
    name = store_table(read_table(write()), store=store, at=now()).id
    make_old(home / "snapshots" / name / "manifest.json")
    assert sweep_snapshots(store=store, at=now()) == 0
    assert list_snapshots(store=store) == [name]


def test_what_rooms_below_derived_is_theirs(db, store, home):
    table = pa.table({"a": [1]})
    made = write_snapshot(
        table.to_batches(), store=store, at=now() - LONG_AGO, source=Source("derived")
    )
    make_old(home / "snapshots" / made.id / "manifest.json")
    assert sweep_snapshots(store=store, at=now()) == 0


def test_a_snapshot_that_cannot_be_read_is_left_for_a_person(db, write, store, home):
    made = store_table(read_table(write()), store=store, at=now() - LONG_AGO)
    manifest = home / "snapshots" / made.id / "manifest.json"
    manifest.write_text("{}")
    make_old(manifest)
    assert sweep_snapshots(store=store, at=now()) == 0


def test_the_job_does_all_of_it(db, home, store):
    left = keep_upload(SimpleUploadedFile("a.csv", b"a\n1\n"))
    make_old(home / "uploads" / left)
    partial = home / "snapshots" / ".partial-x"
    partial.mkdir()
    make_old(partial)
    job = enqueue("catalogue:sweep", arguments={}, by=None, at=now())
    run_pending()
    job.refresh_from_db()
    assert job.result == {"uploads": 1, "snapshots": 1}
    assert not partial.exists()
