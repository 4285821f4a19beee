"""Publishing a large file in the background, with progress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction

from staithe.base.errors import NotAllowed, UserError
from staithe.catalogue.actions import keep_asset, keep_version
from staithe.catalogue.models import Asset
from staithe.catalogue.policies import check_details
from staithe.catalogue.storing import stored_file
from staithe.catalogue.uploads import forget_upload, kept_upload
from staithe.jobs.context import JobContext
from staithe.jobs.registry import job
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, check
from staithe.people.queries import find_person_by_ledger_id


@job("catalogue:publish", label="Publish a file")
def publish(
    context: JobContext,
    *,
    upload: str,
    source_name: str,
    organisation: str,
    details: dict[str, Any],
) -> None:
    """Read, store and profile an upload, then keep it as a new asset."""
    try:
        person = _person(context)
        holder = Organisation.objects.get(slug=organisation)
        check(person, Permission.PUBLISH_ASSET, holder)
        fields = check_details(details)
        with kept_upload(upload) as path:
            _publish(
                context,
                path,
                source_name=source_name,
                holder=holder,
                fields=fields,
                person=person,
            )
    except UserError:
        forget_upload(upload)
        raise


def _publish(
    context: JobContext,
    path: Path,
    *,
    source_name: str,
    holder: Organisation,
    fields: dict[str, Any],
    person: Person,
) -> None:
    at = context.now()
    context.progress(0.1, "Reading and checking every row")
    with stored_file(path, source_name=source_name, identifies=None, at=at) as stored:
        context.progress(0.9, "Adding it to the catalogue")
        with transaction.atomic():
            version = keep_asset(
                stored=stored,
                source_name=source_name,
                organisation=holder,
                kind=Asset.Kind.DATASET,
                fields=fields,
                by=person,
                at=at,
            )
            context.finish({"asset": version.asset.slug})


@job("catalogue:version", label="Publish a new version")
def publish_version(
    context: JobContext, *, upload: str, source_name: str, asset: str
) -> None:
    """Read, store and profile an upload, then keep it as an asset's newest version."""
    try:
        person = _person(context)
        row = Asset.objects.select_related("organisation").get(reference=asset)
        check(person, Permission.PUBLISH_ASSET, row.organisation)
        at = context.now()
        with kept_upload(upload) as path:
            context.progress(0.1, "Reading and checking every row")
            with (
                stored_file(
                    path, source_name=source_name, identifies=None, at=at
                ) as stored,
                transaction.atomic(),
            ):
                version = keep_version(
                    asset=row, stored=stored, source_name=source_name, by=person, at=at
                )
                context.finish({"asset": version.asset.slug})
    except UserError:
        forget_upload(upload)
        raise


def _person(context: JobContext) -> Person:
    person = find_person_by_ledger_id(context.actor)
    if person is None or not person.is_active:
        raise NotAllowed("The person who asked for this has no account any more.")
    return person
