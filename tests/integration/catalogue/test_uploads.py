"""Files on their way in: kept whole or not at all, under names that nobody chose."""

from __future__ import annotations

import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError

from staithe.base.errors import NotFound
from staithe.catalogue import publishing, storing
from staithe.catalogue.publishing import publish_upload
from staithe.catalogue.uploads import keep_upload, kept_upload, spooled


CSV = b"road_id,length_m\n1,120\n"


def upload(content=CSV, name="../../etc/passwd"):
    return SimpleUploadedFile(name, content)


def test_an_upload_is_kept_under_a_name_of_ours_that_only_we_can_read(home):
    name = keep_upload(upload())
    assert "passwd" not in name
    assert (home / "uploads" / name).read_bytes() == CSV
    assert (home / "uploads").stat().st_mode & 0o077 == 0


def test_an_upload_that_cannot_be_written_leaves_nothing(home, monkeypatch):
    def fail(handle):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk is full"):
        keep_upload(upload())
    assert list((home / "uploads").iterdir()) == []


@pytest.mark.parametrize("name", ["gone", "../secret", "/etc/passwd", "..", "", "."])
def test_only_a_kept_upload_is_opened(home, name):
    (home / "uploads").mkdir()
    (home / "secret").write_text("secret")
    with pytest.raises(NotFound, match="Upload it again"), kept_upload(name):
        pass


def test_an_upload_is_deleted_after_it_was_read_and_kept_where_that_failed(home):
    name = keep_upload(upload())
    with pytest.raises(MemoryError), kept_upload(name):
        raise MemoryError
    with kept_upload(name) as path:
        assert path.read_bytes() == CSV
    assert not path.exists()


def test_an_upload_held_in_memory_is_put_on_disk_and_taken_away_again(home):
    with spooled(upload()) as path:
        assert path.read_bytes() == CSV
    assert list((home / "uploads").iterdir()) == []


def test_where_the_work_cannot_be_queued_the_upload_goes_too(
    cast, at, settings, monkeypatch, nothing_stays
):
    settings.PUBLISH_INLINE_BYTES = 1

    def fail(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(publishing, "enqueue", fail)
    with nothing_stays(), pytest.raises(OperationalError):
        publish_upload(
            upload(),
            organisation=cast.roads,
            details={"title": "Roads"},
            identifies=None,
            by=cast.olive,
            at=at,
        )


def test_where_the_database_cannot_say_a_snapshot_is_left_for_the_sweep(
    publish, home, monkeypatch
):
    """Better a day's litter than published rows deleted."""

    class Away:
        @property
        def objects(self):
            raise OperationalError("the database is away")

    monkeypatch.setattr(storing, "AssetVersion", Away())
    monkeypatch.setattr(storing, "measure_csv", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish()
    assert len(list((home / "snapshots").iterdir())) == 1
