"""Release: by another than the author, after two approvals, while nothing is revoked."""

from __future__ import annotations

import csv
import json

import pytest

from factories import give_role, stored
from staithe.analysis import actions
from staithe.analysis.actions import release_output, withdraw_output
from staithe.analysis.models import Output
from staithe.analysis.policies import can_release
from staithe.base.errors import Conflict, NotAllowed
from staithe.catalogue.models import Asset
from staithe.exchange.storage import the_store
from staithe.ledger.queries import events
from staithe.sharing import actions as sharing
from staithe.tables.snapshot import open_snapshot, read_batches


pytestmark = pytest.mark.django_db

MAY = {"ruth": True, "raj": True, "rose": True, "rex": False, "ann": False,
       "bob": False, "cat": False, "olive": False, "vera": False, "sam": False}  # fmt: skip


def release(world, output, by=None):
    return release_output(output=output, by=by or world.raj, at=world.later())


def test_a_released_output_is_open_data_with_its_metadata(approved):
    world, output = approved
    released = release(world, output)
    asset = released.released_as
    assert released.state == Output.State.RELEASED
    assert (asset.kind, asset.access_rights) == (Asset.Kind.RELEASE, "OPEN")
    assert asset.organisation == world.evidence
    assert output.description in asset.description
    assert "How it was protected" in asset.description
    assert "open-government-licence" in asset.licence


def test_what_is_stored_is_the_protected_table_to_the_letter(approved):
    world, output = approved
    version = release(world, output).released_as.versions.get()
    manifest = open_snapshot(version.snapshot_id, store=the_store())
    found = [
        tuple("" if v is None else str(v) for v in row.values())
        for batch in read_batches(manifest, store=the_store())
        for row in batch.to_pylist()
    ]
    lines = csv.reader(output.query.result["csv"].splitlines())
    header, *rows = (tuple(line) for line in lines)
    assert manifest.column_names == header
    assert found == [tuple("" if v == "[c]" else v for v in row) for row in rows]
    assert any("[c]" in row for row in rows)


def test_the_released_numbers_are_numbers_and_every_column_is_described(approved):
    world, output = approved
    version = release(world, output).released_as.versions.get()
    hidden = output.query.result["csv"].count("[c]")
    *dimensions, count, status = version.columns
    assert (count["type"], count["nulls"]) == ("integer", hidden)
    assert count["description"] == "Number of people; empty where it is hidden"
    assert "suppressed" in status["description"]
    assert all(column["description"] for column in dimensions)
    assert version.profile["dimensions"]["completeness"]["score"] < 1


def test_the_release_is_recorded_with_its_digest(approved):
    world, output = approved
    released = release(world, output)
    (event,) = events(name="analysis:output:released")
    body = json.loads(event.body)
    version = released.released_as.versions.get()
    assert body["sha256"] == version.manifest_sha256
    assert body["asset"] == released.released_as.reference


@pytest.mark.parametrize(("who", "may"), MAY.items())
def test_who_may_release(approved, who, may):
    world, output = approved
    person = getattr(world, who)
    assert can_release(output, person=person) is may
    before = stored()
    if may:
        assert release(world, output, by=person).state == Output.State.RELEASED
        return
    with pytest.raises(NotAllowed):
        release(world, output, by=person)
    assert stored() == before
    assert not Asset.objects.filter(kind=Asset.Kind.RELEASE).exists()


def test_an_author_with_the_role_cannot_release_their_own(approved):
    world, output = approved
    give_role(world.ann, "reviewer", world.centre)
    with pytest.raises(NotAllowed, match="other than the author"):
        release(world, output, by=world.ann)


@pytest.mark.parametrize("state", ["in-review", "returned", "rejected", "withdrawn"])
def test_only_what_is_approved_is_released(approved, state):
    world, output = approved
    Output.objects.filter(pk=output.pk).update(state=state)
    with pytest.raises(Conflict, match="two reviewers approved"):
        release(world, Output.objects.get(pk=output.pk))


def test_it_is_released_once(approved):
    world, output = approved
    release(world, output)
    with pytest.raises(Conflict):
        release(world, Output.objects.get(pk=output.pk))
    assert Asset.objects.filter(kind=Asset.Kind.RELEASE).count() == 1


def revoke(world, output):
    sharing.revoke_agreement(
        agreement=output.query.project.agreements.get(),
        reason="The purpose has ended.",
        by=world.olive,
        at=world.later(),
    )


def test_after_revocation_nothing_is_released(approved):
    world, output = approved
    revoke(world, output)
    assert not can_release(output, person=world.raj)
    before = stored()
    with pytest.raises(Conflict, match="benefit_spells was revoked"):
        release(world, output)
    assert stored() == before


def test_a_revocation_in_the_middle_of_a_release_wins(approved, monkeypatch):
    """The file is stored, then the agreement is revoked, then the rows are written."""
    world, output = approved
    before = stored()
    real = actions.keep_release

    def revoke_then_keep(**options):
        revoke(world, output)
        return real(**options)

    monkeypatch.setattr(actions, "keep_release", revoke_then_keep)
    with pytest.raises(Conflict, match="revoked"):
        release(world, output)
    world.work_off()
    assert not stored() - before, "the stored file is taken back"
    assert not Asset.objects.filter(kind=Asset.Kind.RELEASE).exists()


def test_an_agreement_that_ran_its_time_still_lets_its_results_out(approved):
    world, output = approved
    sharing.end_agreement(
        agreement=output.query.project.agreements.get(),
        reason="Done.",
        by=world.ann,
        at=world.later(),
    )
    assert release(world, output).state == Output.State.RELEASED


# Withdrawing


@pytest.mark.parametrize("stage", ["sent", "approved"])
def test_its_author_takes_an_output_back(request, stage):
    world, output = request.getfixturevalue(stage)
    withdrawn = withdraw_output(output=output, by=world.ann, at=world.later())
    assert withdrawn.state == Output.State.WITHDRAWN
    assert withdrawn.closed_at == world.at
    assert events(name="analysis:output:withdrawn").count() == 1
    with pytest.raises(Conflict):
        release(world, withdrawn)


@pytest.mark.parametrize("who", ["bob", "ruth", "raj", "olive", "vera", "sam"])
def test_others_do_not_take_it_back(sent, who):
    world, output = sent
    with pytest.raises(NotAllowed):
        withdraw_output(output=output, by=getattr(world, who), at=world.later())


def test_what_is_out_or_over_is_not_taken_back(approved):
    world, output = approved
    released = release(world, output)
    with pytest.raises(Conflict):
        withdraw_output(output=released, by=world.ann, at=world.later())
