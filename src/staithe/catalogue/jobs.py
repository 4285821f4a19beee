"""Work in the background: large files, and the nightly look at what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from staithe.base.errors import NotAllowed, UserError
from staithe.catalogue.actions import (
    keep_asset,
    keep_version,
    note_damage,
    note_repair,
)
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import check_details
from staithe.catalogue.queries import get_asset
from staithe.catalogue.scrubbing import find_damage, sweep_snapshots
from staithe.catalogue.storing import stored_file
from staithe.catalogue.uploads import forget_upload, kept_upload, sweep_uploads
from staithe.jobs.context import JobCancelled, JobContext
from staithe.jobs.registry import job
from staithe.people.models import Person
from staithe.people.notices import notify
from staithe.people.permissions import Permission, check
from staithe.people.queries import find_person_by_ledger_id, get_organisation
from staithe.tables.snapshot import sweep_leftovers
from staithe.tables.store import open_store


NIGHTLY = 24 * 3600


def tell_sender(
    *, error: str, at: datetime, upload: str, source_name: str, sender: str, **_: Any
) -> None:
    """Tell who sent a file that it was not published, and let go of the file."""
    forget_upload(upload)
    person = find_person_by_ledger_id(sender)
    if person is not None:
        title = f"Not published: {source_name}"
        notify(person, title=title, body=error, link="/catalogue/publish", at=at)


@job("catalogue:publish", label="Publish a file", given_up=tell_sender)
def publish(
    context: JobContext,
    *,
    upload: str,
    source_name: str,
    sender: str,
    organisation: str,
    details: dict[str, Any],
    identifies: list[str] | None = None,
) -> None:
    """Read, store and profile an upload, then keep it as a new asset."""
    with _read_once(upload) as path:
        person = _sender(sender)
        holder = get_organisation(organisation)
        check(person, Permission.PUBLISH_ASSET, holder)
        fields, at = check_details(details), context.now()
        with (
            stored_file(
                path,
                source_name=source_name,
                identifies=None if identifies is None else set(identifies),
                at=at,
                progress=context.progress,
            ) as stored,
            transaction.atomic(),
        ):
            version = keep_asset(
                stored=stored,
                source_name=source_name,
                organisation=holder,
                kind=Asset.Kind.DATASET,
                fields=fields,
                by=person,
                at=at,
            )
            _finish(context, version, person, at=at)


@job("catalogue:version", label="Publish a new version", given_up=tell_sender)
def publish_version(
    context: JobContext, *, upload: str, source_name: str, sender: str, asset: str
) -> None:
    """Read, store and profile an upload, then keep it as an asset's newest version."""
    with _read_once(upload) as path:
        person, row, at = _sender(sender), get_asset(asset), context.now()
        check(person, Permission.PUBLISH_ASSET, row.organisation)
        with (
            stored_file(
                path,
                source_name=source_name,
                identifies=None,
                at=at,
                progress=context.progress,
            ) as stored,
            transaction.atomic(),
        ):
            version = keep_version(
                asset=row, stored=stored, source_name=source_name, by=person, at=at
            )
            _finish(context, version, person, at=at)


@job("catalogue:scrub", label="Verify what is stored", every_seconds=NIGHTLY)
def scrub(context: JobContext) -> None:
    """Digest every published snapshot again; tell its owners where one is damaged."""
    store = open_store(settings.STORAGE_URL)
    versions = AssetVersion.objects.select_related("asset__organisation")
    keys = list(versions.order_by("pk").values_list("pk", flat=True))
    damaged = 0
    for done, key in enumerate(keys):
        context.progress(done / len(keys), f"Verified {done:,} of {len(keys):,}")
        version = versions.get(pk=key)
        damage = find_damage(version, store=store)
        damaged += bool(damage)
        if damage and version.damaged_at is None:
            note_damage(version=version, damage=damage, at=context.now())
        elif not damage and version.damaged_at is not None:
            note_repair(version=version, at=context.now())
    with transaction.atomic():
        context.finish({"versions": len(keys), "damaged": damaged})


@job("catalogue:sweep", label="Clear away what was left", every_seconds=NIGHTLY)
def sweep(context: JobContext) -> None:
    """Delete uploads and snapshots that a stopped or killed publication left."""
    store, at = open_store(settings.STORAGE_URL), context.now()
    uploads = sweep_uploads(at=at)
    context.progress(0.3)
    snapshots = sweep_snapshots(store=store, at=at) + sweep_leftovers(store=store)
    with transaction.atomic():
        context.finish({"uploads": uploads, "snapshots": snapshots})


@contextmanager
def _read_once(upload: str) -> Iterator[Path]:
    """Give the path of an upload; delete it unless the job will be tried again."""
    try:
        with kept_upload(upload) as path:
            yield path
    except (UserError, JobCancelled):
        forget_upload(upload)
        raise


def _finish(
    context: JobContext, version: AssetVersion, person: Person, *, at: datetime
) -> None:
    """End the job and tell who sent the file, who may have left the page long ago."""
    asset = version.asset
    notify(
        person,
        title=f"Published: {asset.title}",
        body=f"Version {version.number} has {version.rows:,} rows.",
        link=f"/catalogue/{asset.slug}/published",
        at=at,
        organisation=asset.organisation,
    )
    context.finish({"asset": asset.slug, "version": version.number})


def _sender(ledger_id: str) -> Person:
    person = find_person_by_ledger_id(ledger_id)
    if person is None or not person.is_active:
        raise NotAllowed("The person who asked for this has no account any more.")
    return person
