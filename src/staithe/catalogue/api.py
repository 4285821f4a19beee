"""The catalogue for programs: search, read, publish, describe, withdraw.

Reading needs no token; with one, a person who works for a body sees as much as on
the pages. Every write is the action that the page calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from staithe.base.clock import now
from staithe.base.errors import BadInput, NotAllowed
from staithe.catalogue import queries
from staithe.catalogue.actions import describe_columns, edit_asset, withdraw_asset
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.publishing import publish_upload, publish_upload_version
from staithe.catalogue.schemas import (
    AssetColumnsIn,
    AssetDetailsIn,
    AssetOut,
    AssetPublishIn,
    AssetSearchIn,
    AssetsFoundOut,
    AssetWithdrawIn,
    HolderOut,
    PublicationOut,
)
from staithe.jobs.actions import cancel
from staithe.jobs.models import Job
from staithe.jobs.queries import get_job, job_view
from staithe.people.permissions import Someone
from staithe.people.tokens import API_AUTH, asker, signed_in_person
from staithe.ui.paging import Query as PageQuery
from staithe.ui.paging import paginate


router = Router(tags=["catalogue"])


@router.get("/assets", response=AssetsFoundOut, auth=None)
def find_assets(request: HttpRequest, wanted: Query[AssetSearchIn]) -> dict[str, Any]:
    """Search the catalogue; without words, the newest first."""
    _check_known(request.GET, wanted)
    found = queries.search(
        wanted.q,
        person=asker(request),
        organisation=wanted.organisation,
        access_rights=wanted.access_rights,
        kind=wanted.kind,
    )
    query = PageQuery((("page", str(wanted.page)),))
    shown = paginate(found, query=query, size=wanted.size)
    return {
        "items": [queries.brief(asset) for asset in shown.items],
        "total": shown.total,
        "page": shown.number,
        "pages": shown.pages,
        "size": shown.size,
        "mended": found.mended,
    }


@router.get("/assets/{key}", response=AssetOut, auth=None)
def show_asset(request: HttpRequest, key: str) -> dict[str, Any]:
    """Return an asset by its reference or its slug."""
    return _entry(queries.get_asset(key), asker(request))


@router.post("/assets", response={201: AssetOut, 202: PublicationOut}, auth=API_AUTH)
def publish(
    request: HttpRequest, file: File[UploadedFile], about: Form[AssetPublishIn]
) -> Status[dict[str, Any]]:
    """Publish a file as a new asset.

    A large file is read in the background: 202, and an address to ask again.
    """
    _check_known(request.POST, about)
    made = publish_upload(
        file,
        organisation=queries.get_organisation(about.organisation),
        details=about.details(),
        identifies=about.identifying(),
        by=signed_in_person(request),
        at=now(),
    )
    return _made(request, made)


@router.post(
    "/assets/{key}/versions",
    response={201: AssetOut, 202: PublicationOut},
    auth=API_AUTH,
)
def add_version(
    request: HttpRequest, key: str, file: File[UploadedFile]
) -> Status[dict[str, Any]]:
    """Publish a newer file of an asset."""
    made = publish_upload_version(
        file, asset=queries.get_asset(key), by=signed_in_person(request), at=now()
    )
    return _made(request, made)


@router.get("/publications/{reference}", response=PublicationOut, auth=API_AUTH)
def show_publication(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Say how far the reading of a large file has come; for who sent it."""
    return _publication(_own_publication(request, reference))


@router.post("/publications/{reference}/stop", response=PublicationOut, auth=API_AUTH)
def stop_publication(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Stop the reading of a large file; for who sent it."""
    job = _own_publication(request, reference)
    cancel(job, at=now())
    job.refresh_from_db()
    return _publication(job)


@router.patch("/assets/{key}", response=AssetOut, auth=API_AUTH)
def edit(request: HttpRequest, key: str, about: AssetDetailsIn) -> dict[str, Any]:
    """Change what the catalogue says; a field that is not sent stays as it is."""
    person = signed_in_person(request)
    fields = about.dict(exclude_unset=True)
    asset = edit_asset(asset=queries.get_asset(key), by=person, at=now(), **fields)
    return _entry(asset, person)


@router.put("/assets/{key}/columns", response=AssetOut, auth=API_AUTH)
def describe(request: HttpRequest, key: str, body: AssetColumnsIn) -> dict[str, Any]:
    """Say of every column whether it identifies people, and what it means."""
    person, asset = signed_in_person(request), queries.get_asset(key)
    _check_complete(body, asset)
    describe_columns(
        asset=asset,
        identifies={column.name for column in body.columns if column.identifies},
        descriptions={column.name: column.description for column in body.columns},
        by=person,
        at=now(),
    )
    return _entry(queries.get_asset(asset.slug), person)


@router.post("/assets/{key}/withdraw", response=AssetOut, auth=API_AUTH)
def withdraw(request: HttpRequest, key: str, body: AssetWithdrawIn) -> dict[str, Any]:
    """Take an asset out of the catalogue, and say why."""
    person = signed_in_person(request)
    asset = withdraw_asset(
        asset=queries.get_asset(key), reason=body.reason, by=person, at=now()
    )
    return _entry(asset, person)


@router.get("/organisations/{slug}", response=HolderOut, auth=None)
def show_organisation(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Return a body and how much it has in the catalogue."""
    found = queries.get_organisation(slug)
    return {
        "slug": found.slug,
        "name": found.name,
        "kind": found.kind,
        "description": found.description,
        "contact_email": found.contact_email,
        "assets": queries.holdings(found).count(),
        "url": f"{settings.BASE_URL}/organisations/{found.slug}",
    }


def _check_known(sent: Iterable[str], shape: Schema) -> None:
    """Refuse a name that the shape does not have: forms and queries drop it silently."""
    strange = sorted(set(sent) - set(type(shape).model_fields))
    if strange:
        raise BadInput(f"{strange[0]}: there is no field of that name.", code="invalid")


def _entry(asset: Asset, person: Someone) -> dict[str, Any]:
    url = f"{settings.BASE_URL}/catalogue/{asset.slug}"
    return queries.entry(asset, person=person) | {"url": url}


def _made(request: HttpRequest, made: AssetVersion | Job) -> Status[dict[str, Any]]:
    if isinstance(made, Job):
        return Status(202, _publication(made))
    return Status(201, _entry(made.asset, signed_in_person(request)))


def _own_publication(request: HttpRequest, reference: str) -> Job:
    job = get_job(reference)
    if job.actor != signed_in_person(request).ledger_id:
        raise NotAllowed("Only the person who started this can see it.")
    return job


def _publication(job: Job) -> dict[str, Any]:
    view = job_view(job)
    return view.as_json() | {
        "asset": (view.result or {}).get("asset"),
        "url": f"{settings.BASE_URL}/api/v1/publications/{view.reference}",
    }


def _check_complete(body: AssetColumnsIn, asset: Asset) -> None:
    """Refuse a list that leaves out a column: silence would make it visible."""
    named = [column.name for column in body.columns]
    missing = {
        column["name"] for column in queries.get_current_version(asset).columns
    } - set(named)
    if missing:
        raise BadInput(
            f"Name every column once; {min(missing)!r} is missing.", field="columns"
        )
    if len(named) != len(set(named)):
        raise BadInput("Name every column once; one is there twice.", field="columns")
