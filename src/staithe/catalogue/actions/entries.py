"""Changing what the catalogue says about an asset, and taking it out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from staithe.base.errors import BadInput, Conflict
from staithe.catalogue.actions.rows import asset_now, record_change
from staithe.catalogue.indexing import forget_asset, index_asset
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import (
    LONGEST_MEANING,
    LONGEST_REASON,
    OPEN_LICENCE,
    check_details,
    check_may_be_open,
    clean_text,
)
from staithe.ledger.actions import action
from staithe.people.models import Person
from staithe.people.permissions import Permission, check


@action("catalogue:asset:edited")
def edit_asset(
    *,
    asset: Asset,
    by: Person,
    at: datetime,
    unchanged_since: datetime | None = None,
    **fields: Any,
) -> Asset:
    """Change what the catalogue says about an asset.

    `unchanged_since` is when the editor read the entry: Conflict where somebody
    changed it in between.
    """
    check(by, Permission.EDIT_ASSET, asset.organisation)
    row = asset_now(asset)
    if unchanged_since is not None and row.modified_at > unchanged_since:
        raise Conflict(
            "Somebody else changed this entry while you were editing. Open it again "
            "to see what it says now."
        )
    changed = {
        name: value
        for name, value in check_details(fields, partial=True).items()
        if getattr(row, name) != value
    }
    for name, value in changed.items():
        setattr(row, name, value)
    if row.access_rights == Asset.AccessRights.OPEN:
        _open(row)
    row.modified_at = at
    row.save()
    index_asset(row)
    record_change(row, by=by, at=at, fields=sorted(changed))
    return row


def _open(row: Asset) -> None:
    newest = row.versions.order_by("-number").first()
    check_may_be_open(newest.columns if newest else [])
    row.licence = row.licence or OPEN_LICENCE


@action("catalogue:asset:withdrawn")
def withdraw_asset(*, asset: Asset, reason: str, by: Person, at: datetime) -> Asset:
    """Take an asset out of the catalogue; agreements already made stand.

    The reason is public: whoever follows an old link reads it.
    """
    check(by, Permission.EDIT_ASSET, asset.organisation)
    text = clean_text(reason, name="reason", longest=LONGEST_REASON, paragraphs=True)
    if not text:
        raise BadInput("Say why the asset is withdrawn.", field="reason")
    row = asset_now(asset)
    row.status, row.modified_at = Asset.Status.WITHDRAWN, at
    row.withdrawn_at, row.withdrawn_reason = at, text
    row.save()
    forget_asset(row)
    record_change(row, by=by, at=at)
    return row


@action("catalogue:columns:described")
def describe_columns(
    *,
    asset: Asset,
    identifies: set[str],
    descriptions: dict[str, str],
    by: Person,
    at: datetime,
) -> AssetVersion:
    """Say which columns identify people and what each column means.

    A column marked as identifying can be asked for linkage only, never to be seen.
    """
    check(by, Permission.EDIT_ASSET, asset.organisation)
    row = asset_now(asset)
    version = row.versions.order_by("-number").first()
    if version is None:
        raise Conflict("This asset has no data yet.")
    version.columns = _described(version.columns, identifies, descriptions)
    if row.access_rights == Asset.AccessRights.OPEN:
        check_may_be_open(version.columns)
    version.save(update_fields=["columns"])
    row.modified_at = at
    row.save(update_fields=["modified_at"])
    index_asset(row)
    record_change(
        row, by=by, at=at, version=version.number, identifies=sorted(identifies)
    )
    return version


def _described(
    columns: list[dict[str, Any]], identifies: set[str], descriptions: dict[str, str]
) -> list[dict[str, Any]]:
    strange = (identifies | set(descriptions)) - {column["name"] for column in columns}
    if strange:
        raise BadInput(f"There is no column called {min(strange)!r}.")
    texts = {
        name: clean_text(text, name="meaning", longest=LONGEST_MEANING)
        for name, text in descriptions.items()
    }
    return [
        column
        | {
            "identifies": column["name"] in identifies,
            "description": texts.get(column["name"], column["description"]),
        }
        for column in columns
    ]
