"""The nightly scrub: a flipped bit is found, said once, and taken back when mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from staithe.catalogue.models import AssetVersion
from staithe.jobs.actions import enqueue
from staithe.jobs.models import Job
from staithe.jobs.registry import get_kind
from staithe.jobs.run import run_pending
from staithe.ledger.models import Event
from staithe.people.models import Notice


@pytest.fixture
def scrub():
    def scrub() -> Job:
        from staithe.base.clock import now

        job = enqueue("catalogue:scrub", arguments={}, by=None, at=now())
        run_pending()
        job.refresh_from_db()
        return job

    return scrub


@pytest.fixture
def part(home):
    """Return a function: the path of the one file of a version's rows."""

    def part(version: AssetVersion) -> Path:
        return home / "snapshots" / version.snapshot_id / "part-00000.parquet"

    return part


def flip_a_bit(path: Path) -> bytes:
    """Change one bit in the middle of a file and return what it was."""
    before = path.read_bytes()
    middle = len(before) // 2
    changed = bytes([before[middle] ^ 1])
    path.write_bytes(before[:middle] + changed + before[middle + 1 :])
    return before


def test_whole_snapshots_are_verified_and_nothing_is_said(publish, scrub):
    publish()
    job = scrub()
    assert (job.state, job.result) == ("done", {"versions": 1, "damaged": 0})
    assert not Notice.objects.exists()


def test_a_flipped_bit_is_recorded_and_told_once(cast, publish, scrub, part):
    version, whole = publish(), publish(title="Whole")
    flip_a_bit(part(version))
    assert scrub().result == {"versions": 2, "damaged": 1}
    version.refresh_from_db()
    whole.refresh_from_db()
    assert whole.damaged_at is None
    assert version.damaged_at is not None
    assert "part-00000.parquet" in version.damage
    (event,) = Event.objects.filter(name="catalogue:damage:found")
    assert event.subject == version.asset.ledger_id
    assert version.snapshot_id in event.body
    told = set(Notice.objects.values_list("person__name", flat=True))
    assert told == {"Olive", "Vera", "Root"}
    scrub()
    assert Event.objects.filter(name="catalogue:damage:found").count() == 1
    assert Notice.objects.count() == len(told)


def test_without_an_operator_the_owners_are_told(cast, publish, scrub, part):
    cast.centre.is_operator = False
    cast.centre.save()
    flip_a_bit(part(publish()))
    scrub()
    assert set(Notice.objects.values_list("person__name", flat=True)) == {"Olive"}


@pytest.mark.parametrize("how", ["manifest", "part", "folder"])
def test_whatever_is_missing_is_damage(publish, scrub, part, how):
    version = publish()
    path = part(version)
    if how in {"part", "folder"}:
        path.unlink()
    if how in {"manifest", "folder"}:
        path.with_name("manifest.json").unlink()
    scrub()
    version.refresh_from_db()
    assert "missing" in version.damage


def test_another_snapshot_in_its_place_is_damage(publish, scrub, part):
    one, two = publish(), publish("a,b\n1,2\n", title="Two")
    for name in ("part-00000.parquet", "manifest.json"):
        part(one).with_name(name).write_bytes(part(two).with_name(name).read_bytes())
    scrub()
    one.refresh_from_db()
    assert one.damaged_at is not None


def test_restored_files_take_the_mark_away(publish, scrub, part):
    version = publish()
    before = flip_a_bit(part(version))
    scrub()
    part(version).write_bytes(before)
    scrub()
    version.refresh_from_db()
    assert (version.damaged_at, version.damage) == (None, "")
    assert Event.objects.filter(name="catalogue:damage:repaired").count() == 1
    assert Notice.objects.filter(title__startswith="Whole again").count() == 3


def test_withdrawn_data_are_verified_too(cast, publish, scrub, part, at):
    from staithe.catalogue.actions import withdraw_asset

    version = publish()
    withdraw_asset(asset=version.asset, reason="Old.", by=cast.olive, at=at)
    flip_a_bit(part(version))
    assert scrub().result["damaged"] == 1


def test_the_page_of_a_damaged_asset_says_so_and_its_download_is_refused(
    publish, scrub, part, browse
):
    version = publish(access_rights="OPEN")
    flip_a_bit(part(version))
    scrub()
    page = browse().get(f"/catalogue/{version.asset.slug}").content.decode()
    assert "the stored files are known to be damaged" in page
    answer = browse().get(f"/catalogue/{version.asset.slug}.csv")
    assert answer.status_code == 500
    assert "is damaged" in answer.content.decode()


def test_both_jobs_recur_every_night():
    for kind in ("catalogue:scrub", "catalogue:sweep"):
        assert get_kind(kind).every_seconds == 24 * 3600


def test_an_empty_catalogue_is_scrubbed(db, scrub):
    assert scrub().result == {"versions": 0, "damaged": 0}
