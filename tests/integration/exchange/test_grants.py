"""A grant from acceptance to closing: what it cuts, how it fails, what it leaves."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from django.conf import settings

from factories import CARE_SEEN, SPELLS_LINK, SPELLS_SEEN, World, grant_of, stored
from staithe.base import clock
from staithe.base.errors import Conflict, NotAllowed, UserError
from staithe.exchange.actions import (
    expire_grant,
    fail_grant,
    materialise_grant,
    prepare_again,
    revoke_grant,
)
from staithe.exchange.cutting import ROW_KEY, Cut, Piece
from staithe.exchange.models import Grant
from staithe.exchange.policies import check_permitted
from staithe.exchange.storage import the_store
from staithe.jobs.actions import cancel
from staithe.jobs.models import Job
from staithe.jobs.queries import find_latest_job
from staithe.ledger.queries import events
from staithe.sharing import actions as sharing
from staithe.tables.snapshot import open_snapshot, snapshot_paths


pytestmark = pytest.mark.django_db


@pytest.fixture
def world(home: Path) -> World:
    return World(home)


def columns(snapshot: str) -> tuple[str, ...]:
    return open_snapshot(snapshot, store=the_store()).column_names


def damage(snapshot: str) -> tuple[Path, bytes]:
    """Flip a bit of a snapshot's file; return the file and what it held."""
    manifest = open_snapshot(snapshot, store=the_store())
    path = snapshot_paths(manifest, store=the_store())[0]
    good = path.read_bytes()
    raw = bytearray(good)
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    return path, good


def test_acceptance_opens_a_grant_and_queues_its_cutting(world):
    agreement = world.agree(
        world.project(), world.spells(), SPELLS_SEEN, SPELLS_LINK, prepare=False
    )
    grant = grant_of(agreement)
    assert grant.state == Grant.State.PREPARING
    assert grant.table_name == "benefit_spells"
    assert grant.compiled["columns"] == list(SPELLS_SEEN)
    job = find_latest_job(grant.ledger_id, kind="exchange:materialise")
    assert job is not None
    (event,) = events(name="exchange:grant:opened")
    assert event.actor == world.ann.ledger_id
    assert event.organisation == "work"
    assert f'"terms_sha256":"{agreement.terms_sha256}"' in event.body


def test_cutting_makes_two_snapshots_and_records_their_digests(world):
    agreement = world.agree(world.project(), world.spells(), SPELLS_SEEN, SPELLS_LINK)
    grant = grant_of(agreement)
    assert grant.state == Grant.State.ACTIVE
    assert columns(grant.attributes_snapshot) == (ROW_KEY, *SPELLS_SEEN)
    assert columns(grant.identifiers_snapshot) == (ROW_KEY, *SPELLS_LINK)
    (event,) = events(name="exchange:grant:materialised")
    assert grant.attributes_sha256 in event.body
    assert grant.identifiers_sha256 in event.body
    assert f'"rows":{grant.rows}' in event.body


def test_without_columns_to_link_no_identifiers_are_cut(world):
    grant = grant_of(world.agree(world.project(), world.spells(), SPELLS_SEEN))
    assert grant.identifiers_snapshot == ""
    assert grant.state == Grant.State.ACTIVE


def test_two_grants_of_one_asset_have_tables_of_two_names(world):
    project, asset = world.project(), world.spells()
    names = {grant_of(world.agree(project, asset, SPELLS_SEEN)).table_name
             for _ in range(2)}  # fmt: skip
    assert names == {"benefit_spells", "benefit_spells_2"}


def test_only_the_granted_rows_are_cut(world):
    keep = {"column": "weekly_amount", "operator": ">=", "value": 100}
    project, asset = world.project(), world.spells()
    whole = grant_of(world.agree(project, asset, SPELLS_SEEN))
    part = grant_of(world.agree(project, asset, SPELLS_SEEN, row_filter=keep))
    rest = {"column": "weekly_amount", "operator": "<=", "value": 99.99}
    other = grant_of(world.agree(project, asset, SPELLS_SEEN, row_filter=rest))
    assert 0 < part.rows < whole.rows
    assert part.rows + other.rows == whole.rows


def test_a_filter_that_cannot_be_compared_fails_with_a_sentence(world):
    keep = {"column": "weekly_amount", "operator": ">=", "value": "plenty"}
    agreement = world.agree(
        world.project(), world.spells(), SPELLS_SEEN, row_filter=keep
    )
    grant = grant_of(agreement)
    assert grant.state == Grant.State.FAILED
    assert "weekly_amount is at least plenty" in grant.problem
    with pytest.raises(Conflict, match="could not be prepared"):
        check_permitted(grant, person=world.ann, at=world.at)


# A damaged file, and the way back


@pytest.fixture
def failed(world) -> tuple[World, Grant, Path, bytes]:
    """Return a grant whose asset was damaged when it was to be cut."""
    asset = world.spells()
    agreement = world.agree(world.project(), asset, SPELLS_SEEN, prepare=False)
    path, good = damage(asset.versions.get().snapshot_id)
    before = stored()
    world.work_off()
    assert stored() == before, "a failed cutting leaves nothing behind"
    return world, grant_of(agreement), path, good


def test_damage_is_named_and_recorded(failed):
    _, grant, path, _ = failed
    assert grant.state == Grant.State.FAILED
    assert path.name in grant.problem
    assert str(path.parent.parent) not in grant.problem, "no path of this machine"
    assert events(name="exchange:grant:failed").count() == 1


def test_after_the_file_is_restored_it_can_be_prepared_again(failed):
    world, grant, path, good = failed
    path.write_bytes(good)
    prepare_again(grant=grant, by=world.ann, at=world.later())
    grant.refresh_from_db()
    assert (grant.state, grant.problem) == (Grant.State.PREPARING, "")
    world.work_off()
    grant.refresh_from_db()
    assert grant.state == Grant.State.ACTIVE
    assert world.join(grant.project).state == "done"


def test_while_it_is_damaged_it_fails_again(failed):
    world, grant, *_ = failed
    prepare_again(grant=grant, by=world.olive, at=world.later())
    world.work_off()
    grant.refresh_from_db()
    assert grant.state == Grant.State.FAILED


@pytest.mark.parametrize("who", ["cat", "ruth", "sam", "vera"])
def test_others_cannot_have_it_prepared_again(failed, who):
    world, grant, *_ = failed
    with pytest.raises(NotAllowed):
        prepare_again(grant=grant, by=getattr(world, who), at=world.later())


def test_what_is_prepared_or_under_way_is_not_prepared_again(world):
    agreement = world.agree(world.project(), world.spells(), SPELLS_SEEN, prepare=False)
    grant = grant_of(agreement)
    for _ in range(2):
        with pytest.raises(Conflict, match="already"):
            prepare_again(grant=grant, by=world.ann, at=world.later())
        world.work_off()


def test_work_that_was_stopped_can_be_begun_again(world):
    """Otherwise a grant would be prepared for ever."""
    agreement = world.agree(world.project(), world.spells(), SPELLS_SEEN, prepare=False)
    grant = grant_of(agreement)
    job = find_latest_job(grant.ledger_id, kind="exchange:materialise")
    assert job is not None
    cancel(job, at=world.later())
    prepare_again(grant=grant, by=world.ann, at=world.later())
    world.work_off()
    grant.refresh_from_db()
    assert grant.state == Grant.State.ACTIVE


def test_a_version_put_in_anothers_place_is_not_cut(world):
    """The digest recorded at publication is asked for, not only the manifest's own."""
    asset = world.spells()
    other = world.publish(world_table(), title="Other", by=world.work)
    ours, theirs = asset.versions.get(), other.versions.get()
    root = Path(settings.STORAGE_URL)
    wrong = (root / theirs.snapshot_id / "manifest.json").read_bytes()
    agreement = world.agree(world.project(), asset, SPELLS_SEEN, prepare=False)
    (root / ours.snapshot_id / "manifest.json").write_bytes(wrong)
    world.work_off()
    assert grant_of(agreement).state == Grant.State.FAILED


def world_table() -> pa.Table:
    names = (*SPELLS_SEEN, *SPELLS_LINK)
    return pa.table({name: [f"x{n}" for n in range(20)] for name in names})


# Closing


def revoke(world: World, grant: Grant) -> None:
    sharing.revoke_agreement(
        agreement=grant.agreement, reason="Misused.", by=world.olive, at=world.later()
    )


def hand_back(world: World, grant: Grant) -> None:
    sharing.end_agreement(
        agreement=grant.agreement, reason="Done.", by=world.ann, at=world.later()
    )


def run_out(world: World, grant: Grant) -> None:
    world.later(days=400)
    sharing.end_expired(at=world.at)


CLOSINGS = [
    (revoke, Grant.State.REVOKED),
    (hand_back, Grant.State.EXPIRED),
    (run_out, Grant.State.EXPIRED),
]


@pytest.mark.parametrize(("close", "state"), CLOSINGS)
def test_closing_deletes_every_file_of_the_grant_at_once(
    two, django_capture_on_commit_callbacks, close, state
):
    world, project = two
    grant, other = project.grants.order_by("pk")
    join = project.joins.get()
    mine = {
        grant.identifiers_snapshot,
        grant.attributes_snapshot,
        grant.table_snapshot,
        *join.kept_snapshots,
    }
    others = {
        other.identifiers_snapshot,
        other.attributes_snapshot,
        other.table_snapshot,
        *(a.versions.get().snapshot_id for a in (_asset(grant), _asset(other))),
    }
    assert stored() == mine | others
    with django_capture_on_commit_callbacks(execute=True):
        close(world, grant)
    if close is run_out:  # which ends them all
        others -= {
            other.identifiers_snapshot,
            other.attributes_snapshot,
            other.table_snapshot,
        }
    assert stored() == others
    grant.refresh_from_db()
    assert (grant.state, grant.closed_at) == (state, world.at)
    assert not grant.recipients.filter(revoked_at=None).exists()
    with pytest.raises(NotAllowed):
        check_permitted(grant, person=world.ann, at=world.at)


def _asset(grant: Grant):
    return grant.agreement.flow.asset


def test_if_the_process_dies_after_the_commit_a_job_deletes_the_files(two):
    """Here no on-commit function runs, as in a process that was killed."""
    world, project = two
    grant = project.grants.order_by("pk")[0]
    held = {grant.identifiers_snapshot, grant.attributes_snapshot, grant.table_snapshot}
    revoke(world, grant)
    assert held <= stored()
    world.work_off()
    assert not held & stored()


def test_a_store_that_is_away_does_not_undo_the_revocation(
    two, django_capture_on_commit_callbacks, home
):
    world, project = two
    grant = project.grants.order_by("pk")[0]
    held = {grant.identifiers_snapshot, grant.attributes_snapshot, grant.table_snapshot}
    root = Path(settings.STORAGE_URL)
    root.rename(home / "away")
    root.write_text("not a folder", "ascii")
    with django_capture_on_commit_callbacks(execute=True):
        revoke(world, grant)
    root.unlink()
    (home / "away").rename(root)
    assert held <= stored()
    world.work_off()
    assert not held & stored()


def test_a_grant_that_closes_while_it_is_cut_leaves_nothing(world, monkeypatch):
    from staithe.exchange import jobs

    agreement = world.agree(
        world.project(), world.spells(), SPELLS_SEEN, SPELLS_LINK, prepare=False
    )
    grant = grant_of(agreement)
    before = stored()
    real = jobs.cut_snapshots

    def cut_then_revoke(*args, **options):
        made = real(*args, **options)
        with clock.set_to(world.later()):
            revoke(world, grant)
        return made

    monkeypatch.setattr(jobs, "cut_snapshots", cut_then_revoke)
    world.work_off()
    world.work_off()
    assert stored() == before
    grant.refresh_from_db()
    assert grant.state == Grant.State.REVOKED
    assert grant.attributes_snapshot == ""


def test_a_closed_grant_takes_no_further_step(world):
    grant = grant_of(world.agree(world.project(), world.spells(), SPELLS_SEEN))
    revoke(world, grant)
    piece = Piece("SNP-X", "sha256:x", (ROW_KEY, "a"), 1)
    steps = [
        lambda: revoke_grant(grant=grant, by=None, at=world.at),
        lambda: expire_grant(grant=grant, by=None, at=world.at),
        lambda: prepare_again(grant=grant, by=world.ann, at=world.at),
        lambda: fail_grant(grant=grant, problem="x", by=None, at=world.at),
        lambda: materialise_grant(
            grant=grant, cut=Cut(1, None, piece), by=None, at=world.at
        ),
    ]
    for step in steps:
        with pytest.raises(UserError):
            step()


def test_a_second_worker_finds_the_work_done(world):
    """The same message delivered twice cuts once."""
    grant = grant_of(world.agree(world.project(), world.spells(), SPELLS_SEEN))
    job = find_latest_job(grant.ledger_id, kind="exchange:materialise")
    assert job is not None
    before = stored()
    Job.objects.filter(pk=job.pk).update(state="queued", finished_at=None)
    world.work_off()
    assert stored() == before
    assert events(name="exchange:grant:materialised").count() == 1


def test_who_may_pass_the_door(one):
    """Named in the terms and working on the project: both, or the door is shut."""
    world, grant = one
    check_permitted(grant, person=world.ann, at=world.at)
    check_permitted(grant, person=world.bob, at=world.at)
    for name in ("cat", "olive", "ruth", "raj", "vera", "sam"):
        with pytest.raises(NotAllowed):
            check_permitted(grant, person=getattr(world, name), at=world.at)
    # Someone who joins the project later is not in the terms.
    sharing.add_project_member(
        project=grant.project, person=world.cat, by=world.ann, at=world.later()
    )
    with pytest.raises(NotAllowed, match="not one of the people named"):
        check_permitted(grant, person=world.cat, at=world.at)


def test_scratch_files_of_a_killed_process_go_with_the_next_work(world, home):
    left = home / "scratch" / "tmpdead"
    left.mkdir(parents=True)
    (left / "people.parquet").write_bytes(b"names")
    world.agree(world.project(), world.care(), CARE_SEEN)
    assert list((home / "scratch").iterdir()) == []
