"""edit_asset: the catalogue says something else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.catalogue.actions import edit_asset, withdraw_asset
from staithe.catalogue.models import Asset
from staithe.catalogue.policies import OPEN_LICENCE
from staithe.catalogue.search import search


PEOPLE = "forename,surname\nAmir,Begum\nCara,Doyle\n"


@pytest.fixture
def edit(cast, at):
    def edit(asset, **fields):
        values = {"asset": asset, "by": cast.sam, "at": at + timedelta(days=1)}
        return edit_asset(**(values | fields))

    return edit


def test_it_works(cast, publish, edit, last_event):
    asset = edit(publish().asset, title="Streets", theme="Transport")
    assert (asset.title, asset.theme, asset.slug) == (
        "Streets",
        "Transport",
        "roads-of-the-county",
    )
    body = last_event("catalogue:asset:edited")
    assert body["fields"] == ["theme", "title"]
    assert body["actor"] == cast.sam.ledger_id


def test_only_what_changed_is_in_the_event(publish, edit, last_event):
    edit(publish(theme="Transport").asset, theme="Transport", summary="New")
    assert last_event("catalogue:asset:edited")["fields"] == ["summary"]


def test_search_finds_it_by_its_new_words_only(publish, edit):
    asset = edit(publish().asset, title="Streets")
    assert search("streets").items == [asset]
    assert search("county").items == []


def test_made_open_it_gets_a_licence_and_its_inside_is_found_by_anyone(publish, edit):
    asset = publish().asset
    assert search("surface").total == 0
    edit(asset, access_rights="OPEN")
    assert search("surface").total == 1
    assert Asset.objects.get().licence == OPEN_LICENCE


def test_made_open_it_may_not_identify_people(publish, edit, nothing_stays):
    asset = publish(PEOPLE).asset
    with nothing_stays(), pytest.raises(BadInput, match="forename, surname"):
        edit(asset, access_rights="OPEN")
    asset.refresh_from_db()
    assert asset.access_rights == "INTERNAL"


def test_an_editor_who_read_an_older_entry_is_told(publish, edit, at):
    asset = publish().asset
    edit(asset, title="Streets")
    with pytest.raises(Conflict, match="Somebody else changed"):
        edit(asset, title="Lanes", unchanged_since=at)
    asset.refresh_from_db()
    assert asset.title == "Streets"


@pytest.mark.parametrize("who", ["ann", "hal", "zed", "vera"])
def test_others_may_not(cast, publish, edit, who):
    with pytest.raises(NotAllowed):
        edit(publish().asset, title="Mine", by=getattr(cast, who))


@pytest.mark.parametrize(
    "fields", [{"title": ""}, {"access_rights": "FREE"}, {"reference": "AST-1"}]
)
def test_a_wrong_detail_changes_nothing(publish, edit, nothing_stays, fields):
    asset = publish().asset
    with nothing_stays(), pytest.raises(BadInput):
        edit(asset, **fields)


def test_a_withdrawn_entry_is_not_edited(cast, publish, edit, at):
    asset = publish().asset
    withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
    with pytest.raises(Conflict):
        edit(asset, title="New")
