"""Publishing: a file becomes an asset, or a newer version of one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from staithe.base.ids import new_reference, to_slug
from staithe.catalogue.actions.rows import asset_now, record_change
from staithe.catalogue.indexing import index_asset
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import (
    OPEN_LICENCE,
    check_details,
    check_may_be_open,
    clean_file_name,
)
from staithe.catalogue.storing import Progress, Stored, stored_file, untold
from staithe.ledger.actions import action
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, check


# Addresses below /catalogue/ that are pages of their own.
TAKEN_SLUGS = frozenset({"jobs", "publish"})


def publish_asset(
    *,
    path: Path,
    source_name: str,
    organisation: Organisation,
    title: str,
    by: Person,
    at: datetime,
    identifies: set[str] | None = None,
    progress: Progress = untold,
    **details: Any,
) -> AssetVersion:
    """Publish a file as a new asset with its first version.

    `details` are the fields of `policies.DETAILS`. Reading, storing and profiling
    come first, outside the transaction; if anything fails nothing is kept.
    """
    check(by, Permission.PUBLISH_ASSET, organisation)
    fields = check_details({"title": title, **details})
    with stored_file(
        path,
        source_name=source_name,
        identifies=identifies,
        at=at,
        progress=progress,
    ) as stored:
        return keep_asset(
            stored=stored,
            source_name=source_name,
            organisation=organisation,
            kind=Asset.Kind.DATASET,
            fields=fields,
            by=by,
            at=at,
        )


@action("catalogue:asset:published")
def keep_asset(
    *,
    stored: Stored,
    source_name: str,
    organisation: Organisation,
    kind: str,
    fields: dict[str, Any],
    by: Person,
    at: datetime,
) -> AssetVersion:
    """Write the rows of a new asset whose snapshot is already stored.

    A release was permitted where its result was reviewed, so only a dataset asks
    for the permission to publish. Open data without a licence get the usual one.
    """
    if kind == Asset.Kind.DATASET:
        check(by, Permission.PUBLISH_ASSET, organisation)
    if fields.get("access_rights") == Asset.AccessRights.OPEN:
        check_may_be_open(stored.columns)
        fields = fields | {"licence": fields.get("licence") or OPEN_LICENCE}
    asset = Asset.objects.create(
        reference=new_reference("AST"),
        slug=_free_slug(fields["title"]),
        kind=kind,
        organisation=organisation,
        created_at=at,
        modified_at=at,
        **{"contact_email": organisation.contact_email, **fields},
    )
    version = _keep(asset, stored, None, source_name=source_name, at=at)
    index_asset(asset)
    _record(asset, version, by=by, at=at, title=asset.title, kind=kind)
    return version


def publish_version(
    *,
    asset: Asset,
    path: Path,
    source_name: str,
    by: Person,
    at: datetime,
    identifies: set[str] | None = None,
) -> AssetVersion:
    """Publish a newer file of an asset; earlier versions stay as they were.

    Columns of the version before keep their description and whether they identify
    people, unless `identifies` says otherwise.
    """
    check(by, Permission.PUBLISH_ASSET, asset.organisation)
    with stored_file(
        path, source_name=source_name, identifies=identifies, at=at
    ) as stored:
        return keep_version(
            asset=asset, stored=stored, source_name=source_name, by=by, at=at
        )


@action("catalogue:version:published")
def keep_version(
    *, asset: Asset, stored: Stored, source_name: str, by: Person, at: datetime
) -> AssetVersion:
    """Write the row of a new version whose snapshot is already stored."""
    check(by, Permission.PUBLISH_ASSET, asset.organisation)
    row = asset_now(asset)
    newest = row.versions.order_by("-number").first()
    version = _keep(row, stored, newest, source_name=source_name, at=at)
    if row.access_rights == Asset.AccessRights.OPEN:
        check_may_be_open(version.columns)
    row.modified_at = at
    row.save(update_fields=["modified_at"])
    index_asset(row)
    _record(row, version, by=by, at=at)
    return version


def _keep(
    asset: Asset,
    stored: Stored,
    newest: AssetVersion | None,
    *,
    source_name: str,
    at: datetime,
) -> AssetVersion:
    return AssetVersion.objects.create(
        asset=asset,
        number=newest.number + 1 if newest else 1,
        snapshot_id=stored.manifest.id,
        manifest_sha256=stored.manifest.digest.removeprefix("sha256:"),
        rows=stored.manifest.rows,
        bytes=stored.manifest.bytes,
        columns=_with_earlier(stored, newest.columns if newest else []),
        profile=stored.profile,
        source_name=clean_file_name(source_name),
        csv_bytes=stored.csv.bytes,
        csv_sha256=stored.csv.sha256,
        created_at=at,
    )


def _with_earlier(
    stored: Stored, earlier: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Carry over what the holder said of columns that were there before.

    A column that is new is judged by its meaning: a new identifier is never shown
    because older columns were harmless.
    """
    known = {column["name"]: column for column in earlier}
    kept = []
    for column in stored.columns:
        before = known.get(column["name"])
        if before is None:
            kept.append(column)
            continue
        said = {"description": before["description"]}
        if not stored.told:
            said["identifies"] = before["identifies"]
        kept.append(column | said)
    return kept


def _free_slug(title: str) -> str:
    stem = to_slug(title)
    taken = Asset.objects.filter(slug__startswith=stem).values_list("slug", flat=True)
    names, slug, number = {*taken, *TAKEN_SLUGS}, stem, 2
    while slug in names:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def _record(
    asset: Asset, version: AssetVersion, *, by: Person, at: datetime, **body: object
) -> None:
    record_change(
        asset,
        by=by,
        at=at,
        holder=asset.organisation.slug,
        version=version.number,
        rows=version.rows,
        columns=len(version.columns),
        manifest_sha256=version.manifest_sha256,
        **body,
    )
