"""What happens to an upload: a small file is read at once, a large one by a job.

Read at once, a fault in the file is shown beside the form that sent it. The pages
and the API share this.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from staithe.catalogue.actions import publish_asset, publish_version
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import check_details, clean_file_name
from staithe.catalogue.uploads import forget_upload, keep_upload, spooled
from staithe.jobs.actions import enqueue
from staithe.jobs.models import Job
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, check


def publish_upload(
    upload: UploadedFile[Any],
    *,
    organisation: Organisation,
    details: dict[str, Any],
    identifies: set[str] | None,
    by: Person,
    at: datetime,
) -> AssetVersion | Job:
    """Publish an upload as a new asset; the version, or the job that will make it.

    Raises before anything is kept where the person may not or a detail is wrong.
    """
    check(by, Permission.PUBLISH_ASSET, organisation)
    check_details(details)
    name = clean_file_name(upload.name or "")
    if _is_large(upload):
        arguments = {
            "organisation": organisation.slug,
            "details": details,
            "identifies": None if identifies is None else sorted(identifies),
        }
        return _queue(
            upload, "catalogue:publish", arguments, organisation.ledger_id, by=by, at=at
        )
    with spooled(upload) as path:
        return publish_asset(
            path=path,
            source_name=name,
            organisation=organisation,
            identifies=identifies,
            by=by,
            at=at,
            **details,
        )


def publish_upload_version(
    upload: UploadedFile[Any], *, asset: Asset, by: Person, at: datetime
) -> AssetVersion | Job:
    """Publish an upload as an asset's newest version, or queue the job that does."""
    check(by, Permission.PUBLISH_ASSET, asset.organisation)
    if _is_large(upload):
        arguments = {"asset": asset.reference}
        return _queue(
            upload, "catalogue:version", arguments, asset.ledger_id, by=by, at=at
        )
    with spooled(upload) as path:
        name = clean_file_name(upload.name or "")
        return publish_version(asset=asset, path=path, source_name=name, by=by, at=at)


def _is_large(upload: UploadedFile[Any]) -> bool:
    return (upload.size or 0) > int(settings.PUBLISH_INLINE_BYTES)


def _queue(
    upload: UploadedFile[Any],
    kind: str,
    arguments: dict[str, Any],
    subject: str,
    *,
    by: Person,
    at: datetime,
) -> Job:
    kept = keep_upload(upload)
    full = {
        "upload": kept,
        "source_name": clean_file_name(upload.name or ""),
        "sender": by.ledger_id,
        **arguments,
    }
    try:
        return enqueue(kind, arguments=full, by=by, at=at, subject=subject)
    except BaseException:
        forget_upload(kept)
        raise
