"""publish_version: a newer file; the holder's words about columns are carried over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.catalogue.actions import (
    describe_columns,
    publish_version,
    withdraw_asset,
)
from staithe.catalogue.search import search
from staithe.ledger import recording


NEWER = "road_id,length_m,surface,nhs_number\n1,120,tarmac,9434765919\n"


@pytest.fixture
def renew(cast, write, at):
    def renew(asset, text=NEWER, **changes):
        values = {
            "asset": asset,
            "path": write(text, "newer.csv"),
            "source_name": "newer.csv",
            "by": cast.olive,
            "at": at + timedelta(days=30),
        }
        return publish_version(**(values | changes))

    return renew


def test_it_works_and_the_earlier_version_stays(publish, renew, last_event):
    first = publish()
    second = renew(first.asset)
    assert (second.number, second.rows) == (2, 1)
    assert second.asset.modified_at == second.created_at
    body = last_event("catalogue:version:published")
    assert (body["version"], body["rows"], body["columns"]) == (2, 1, 4)
    first.refresh_from_db()
    assert first.rows == 3


def test_what_was_said_of_a_column_is_carried_over(cast, publish, renew, at):
    asset = publish().asset
    describe_columns(
        asset=asset,
        identifies={"surface"},
        descriptions={"length_m": "Length in metres"},
        by=cast.sam,
        at=at,
    )
    columns = {c["name"]: c for c in renew(asset).columns}
    assert columns["surface"]["identifies"]
    assert not columns["road_id"]["identifies"]
    assert columns["length_m"]["description"] == "Length in metres"


def test_a_new_column_is_judged_by_its_meaning(publish, renew):
    columns = {c["name"]: c for c in renew(publish().asset).columns}
    assert columns["nhs_number"]["identifies"]


def test_the_publisher_may_say_otherwise(publish, renew):
    version = renew(publish().asset, identifies={"road_id"})
    assert [c["name"] for c in version.columns if c["identifies"]] == ["road_id"]


def test_search_knows_the_new_columns(cast, publish, renew):
    asset = publish().asset
    assert search("nhs", person=cast.ann).total == 0
    renew(asset)
    assert search("nhs", person=cast.ann).items == [asset]


def test_others_may_not(cast, publish, renew, nothing_stays):
    asset = publish().asset
    for person in (cast.sam, cast.hal, cast.vera):
        with nothing_stays(), pytest.raises(NotAllowed):
            renew(asset, by=person)


def test_a_withdrawn_asset_takes_no_version(cast, publish, renew, nothing_stays, at):
    asset = publish().asset
    withdraw_asset(asset=asset, reason="Wrong county.", by=cast.olive, at=at)
    with nothing_stays(), pytest.raises(Conflict, match="has been withdrawn"):
        renew(asset)


def test_an_open_asset_takes_no_version_that_identifies(publish, renew, nothing_stays):
    asset = publish(access_rights="OPEN").asset
    with nothing_stays(), pytest.raises(BadInput, match="nhs_number"):
        renew(asset)


def test_a_file_that_cannot_be_read_leaves_the_asset_as_it_was(
    publish, renew, nothing_stays
):
    asset = publish().asset
    with nothing_stays(), pytest.raises(BadInput):
        renew(asset, "a,b\n1,2,3\n")


def test_a_broken_ledger_leaves_the_asset_as_it_was(
    publish, renew, nothing_stays, monkeypatch
):
    asset = publish().asset

    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(recording, "_append", fail)
    with nothing_stays(), pytest.raises(OSError, match="disk is full"):
        renew(asset)
