"""describe_columns: the holder says what a column means and whom it identifies."""

from __future__ import annotations

import pytest

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.catalogue.actions import describe_columns, withdraw_asset
from staithe.catalogue.models import Asset
from staithe.catalogue.search import search


@pytest.fixture
def describe(cast, at):
    def describe(asset, identifies=(), by=cast.sam, **descriptions):
        return describe_columns(
            asset=asset,
            identifies=set(identifies),
            descriptions=descriptions,
            by=by,
            at=at,
        )

    return describe


def test_it_works(publish, describe, last_event):
    asset = publish().asset
    version = describe(asset, ["road_id"], surface="  What it is\nmade of ")
    columns = {c["name"]: c for c in version.columns}
    assert columns["road_id"]["identifies"]
    assert not columns["surface"]["identifies"]
    assert columns["surface"]["description"] == "What it is made of"
    body = last_event("catalogue:columns:described")
    assert (body["version"], body["identifies"]) == (1, ["road_id"])


def test_what_is_not_described_keeps_its_description(publish, describe):
    asset = publish().asset
    describe(asset, surface="Made of")
    columns = {c["name"]: c for c in describe(asset).columns}
    assert columns["surface"]["description"] == "Made of"


def test_search_knows_the_meaning(cast, publish, describe):
    asset = publish().asset
    describe(asset, surface="Macadam or gravel")
    assert search("macadam", person=cast.ann).items == [asset]


@pytest.mark.parametrize(
    ("identifies", "descriptions"),
    [(["colour"], {}), ([], {"colour": "Red"}), ([], {"surface": "x" * 501})],
)
def test_a_wrong_column_or_text_changes_nothing(
    publish, describe, nothing_stays, identifies, descriptions
):
    asset = publish().asset
    with nothing_stays(), pytest.raises(BadInput):
        describe(asset, identifies, **descriptions)


def test_an_open_asset_cannot_come_to_identify(publish, describe):
    asset = publish(access_rights="OPEN").asset
    with pytest.raises(BadInput, match="identify people: road_id"):
        describe(asset, ["road_id"])


@pytest.mark.parametrize("who", ["ann", "hal", "zed", "vera"])
def test_others_may_not(cast, publish, describe, who):
    with pytest.raises(NotAllowed):
        describe(publish().asset, by=getattr(cast, who))


def test_a_withdrawn_asset_is_not_described(cast, publish, describe, at):
    asset = publish().asset
    withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
    with pytest.raises(Conflict):
        describe(asset)


def test_an_asset_without_data_is_not_described(cast, describe, at):
    asset = Asset.objects.create(
        reference="AST-1",
        slug="x",
        title="X",
        organisation=cast.roads,
        created_at=at,
        modified_at=at,
    )
    with pytest.raises(Conflict, match="no data yet"):
        describe(asset)
