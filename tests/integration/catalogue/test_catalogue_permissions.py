"""Who sees the inside of an asset: a table of everyone against every state."""

from __future__ import annotations

import pytest

from staithe.base.errors import NotAllowed, NotFound
from staithe.catalogue.actions import withdraw_asset
from staithe.catalogue.permissions import check_open, may_see_inside
from staithe.catalogue.queries import entry, withdrawn_assets


EVERYONE = ["olive", "sam", "ann", "hal", "vera", "root", "zed", None]
MEMBERS = {"olive", "sam", "ann", "hal", "vera", "root"}


@pytest.mark.parametrize(
    ("rights", "withdrawn", "see"),
    [
        ("OPEN", False, set(EVERYONE)),
        ("INTERNAL", False, MEMBERS),
        ("COMMERCIAL", False, MEMBERS),
        ("OPEN", True, {"olive", "sam", "vera"}),
        ("INTERNAL", True, {"olive", "sam", "vera"}),
    ],
)
def test_who_sees_inside(cast, publish, at, rights, withdrawn, see):  # noqa: PLR0917  fixtures
    asset = publish(access_rights=rights).asset
    if withdrawn:
        asset = withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
    seen = {
        who
        for who in EVERYONE
        if may_see_inside(asset, person=who and getattr(cast, who))
    }
    assert seen == see


def test_the_public_reads_no_more_than_title_summary_and_holder(cast, publish):
    asset = publish(
        summary="Shown",
        description="Hidden text",
        keywords=["hidden word"],
        theme="Hidden theme",
        contact_email="hidden@roads.example",
    ).asset
    for person in (None, cast.zed):
        seen = str(entry(asset, person=person))
        assert "Shown" in seen
        assert "idden" not in seen
        assert "road_id" not in seen
    assert "road_id" in str(entry(asset, person=cast.ann))


def test_rows_are_open_only_where_the_asset_is_and_stands(cast, publish, at):
    check_open(publish(access_rights="OPEN").asset)
    with pytest.raises(NotAllowed, match="is not open data"):
        check_open(publish(title="B").asset)
    gone = publish(title="C", access_rights="OPEN").asset
    gone = withdraw_asset(asset=gone, reason="Old.", by=cast.olive, at=at)
    with pytest.raises(NotFound, match="was withdrawn"):
        check_open(gone)


def test_what_was_withdrawn_is_listed_for_those_who_look_after_it(cast, publish, at):
    asset = publish().asset
    withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
    for who in EVERYONE:
        person = who and getattr(cast, who)
        expected = [asset] if who in {"olive", "sam"} else []
        assert withdrawn_assets(cast.roads, person=person) == expected
