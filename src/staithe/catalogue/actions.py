"""Every write of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from staithe.base.errors import BadInput, Conflict
from staithe.base.ids import new_reference, to_slug
from staithe.catalogue.indexing import index_asset
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import check_details
from staithe.catalogue.storing import Stored, stored_file
from staithe.ledger.actions import action, record
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, check


def publish_asset(
    *,
    path: Path,
    source_name: str,
    organisation: Organisation,
    title: str,
    by: Person,
    at: datetime,
    identifies: set[str] | None = None,
    kind: str = Asset.Kind.DATASET,
    **details: Any,
) -> AssetVersion:
    """Publish a file as a new asset with its first version.

    `details` are the fields of `policies.DETAILS`. Reading, storing and profiling
    come first, outside the transaction; if anything fails nothing is kept.
    """
    if kind == Asset.Kind.DATASET:  # a release was permitted where it was reviewed
        check(by, Permission.PUBLISH_ASSET, organisation)
    fields = check_details({"title": title, **details})
    with stored_file(
        path, source_name=source_name, identifies=identifies, at=at
    ) as stored:
        return keep_asset(
            stored=stored,
            source_name=source_name,
            organisation=organisation,
            kind=kind,
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
    """Write the rows of a new asset whose snapshot is already stored."""
    asset = Asset.objects.create(
        reference=new_reference("AST"),
        slug=_free_slug(fields["title"]),
        kind=kind,
        organisation=organisation,
        created_at=at,
        modified_at=at,
        **{"contact_email": organisation.contact_email, **fields},
    )
    version = _keep_version(asset, stored, source_name=source_name, at=at)
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
    """Publish a newer file of an asset; earlier versions stay as they were."""
    check(by, Permission.PUBLISH_ASSET, asset.organisation)
    if identifies is None and (newest := asset.versions.first()):
        identifies = {c["name"] for c in newest.columns if c["identifies"]} or None
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
    row = _current(asset)
    version = _keep_version(row, stored, source_name=source_name, at=at)
    row.modified_at = at
    row.save(update_fields=["modified_at"])
    index_asset(row)
    _record(row, version, by=by, at=at)
    return version


@action("catalogue:asset:edited")
def edit_asset(*, asset: Asset, by: Person, at: datetime, **fields: Any) -> Asset:
    """Change what the catalogue says about an asset."""
    check(by, Permission.EDIT_ASSET, asset.organisation)
    row = _current(asset)
    for name, value in check_details(fields, partial=True).items():
        setattr(row, name, value)
    row.modified_at = at
    row.save()
    index_asset(row)
    record(
        by=by,
        at=at,
        subject=row.ledger_id,
        organisation=row.organisation.slug,
        asset=row.reference,
        fields=sorted(fields),
    )
    return row


@action("catalogue:asset:withdrawn")
def withdraw_asset(*, asset: Asset, reason: str, by: Person, at: datetime) -> Asset:
    """Take an asset out of the catalogue; agreements already made stand."""
    check(by, Permission.EDIT_ASSET, asset.organisation)
    if not reason.strip():
        raise BadInput("Say why the asset is withdrawn.", field="reason")
    row = _current(asset)
    row.status, row.modified_at = Asset.Status.WITHDRAWN, at
    row.save(update_fields=["status", "modified_at"])
    record(
        by=by,
        at=at,
        subject=row.ledger_id,
        organisation=row.organisation.slug,
        asset=row.reference,
    )
    return row


def _current(asset: Asset) -> Asset:
    row = Asset.objects.select_for_update().get(pk=asset.pk)
    if row.status == Asset.Status.WITHDRAWN:
        raise Conflict("This asset has been withdrawn.")
    return row


def _keep_version(
    asset: Asset, stored: Stored, *, source_name: str, at: datetime
) -> AssetVersion:
    newest = asset.versions.order_by("-number").first()
    return AssetVersion.objects.create(
        asset=asset,
        number=newest.number + 1 if newest else 1,
        snapshot_id=stored.manifest.id,
        manifest_sha256=stored.manifest.digest.removeprefix("sha256:"),
        rows=stored.manifest.rows,
        bytes=stored.manifest.bytes,
        columns=stored.columns,
        profile=stored.profile,
        source_name=source_name[:255],
        created_at=at,
    )


def _free_slug(title: str) -> str:
    stem = to_slug(title)
    taken: Iterable[str] = Asset.objects.filter(slug__startswith=stem).values_list(
        "slug", flat=True
    )
    names, slug, number = set(taken), stem, 2
    while slug in names:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def _record(
    asset: Asset, version: AssetVersion, *, by: Person, at: datetime, **body: object
) -> None:
    record(
        by=by,
        at=at,
        subject=asset.ledger_id,
        organisation=asset.organisation.slug,
        asset=asset.reference,
        holder=asset.organisation.slug,
        version=version.number,
        rows=version.rows,
        columns=len(version.columns),
        manifest_sha256=version.manifest_sha256,
        **body,
    )


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
    row = _current(asset)
    version = row.versions.order_by("-number").first()
    if version is None:
        raise Conflict("This asset has no data yet.")
    names = {column["name"] for column in version.columns}
    strange = (identifies | set(descriptions)) - names
    if strange:
        raise BadInput(f"There is no column called {min(strange)}.")
    for column in version.columns:
        column["identifies"] = column["name"] in identifies
        text = descriptions.get(column["name"], column["description"])
        column["description"] = text.strip()[:500]
    version.save(update_fields=["columns"])
    row.modified_at = at
    row.save(update_fields=["modified_at"])
    record(
        by=by,
        at=at,
        subject=row.ledger_id,
        organisation=row.organisation.slug,
        asset=row.reference,
        version=version.number,
        identifies=sorted(identifies),
    )
    return version
