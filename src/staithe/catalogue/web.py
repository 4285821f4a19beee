"""The catalogue's pages: find, read, publish, describe, withdraw."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from staithe.base.clock import now
from staithe.base.errors import NotAllowed, UserError
from staithe.catalogue import panels
from staithe.catalogue.actions import (
    describe_columns,
    edit_asset,
    publish_asset,
    publish_version,
    withdraw_asset,
)
from staithe.catalogue.download import open_csv
from staithe.catalogue.forms import (
    ColumnsForm,
    DetailsForm,
    FileForm,
    PublishForm,
    SearchForm,
    WithdrawForm,
)
from staithe.catalogue.models import Asset
from staithe.catalogue.queries import (
    facets,
    get_asset,
    get_current_version,
    get_organisation,
    may_see_inside,
    search,
    visible_assets,
)
from staithe.catalogue.uploads import keep_upload, spooled
from staithe.jobs.actions import enqueue
from staithe.jobs.models import Job
from staithe.jobs.queries import get_job, job_view
from staithe.people.permissions import (
    Permission,
    can,
    can_somewhere,
    check,
    check_somewhere,
    organisations_where,
)
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


# A larger file is read by a job, with a progress page; a smaller one at once, so
# that a fault in it is shown beside the form.
INLINE_BYTES = 32 * 1024 * 1024


def list_assets(request: HttpRequest) -> HttpResponse:
    """Search the catalogue."""
    query = query_of(request)
    form = SearchForm(request.GET, facets=facets())
    chosen = form.cleaned_data if form.is_valid() else {}
    found = search(
        chosen.get("q", ""),
        organisation=chosen.get("organisation", ""),
        access_rights=chosen.get("access_rights", ""),
        kind=chosen.get("kind", ""),
    )
    if wants_csv(request):
        header = [
            "reference",
            "title",
            "held by",
            "summary",
            "who can use it",
            "modified",
        ]
        rows = [
            (
                asset.reference,
                asset.title,
                asset.organisation.name,
                asset.summary,
                asset.get_access_rights_display(),
                asset.modified_at.date(),
            )
            for asset in found.items
        ]
        return csv_response("catalogue", header, rows)
    return render_page(
        request,
        "catalogue/list.html",
        {
            "search_form": form,
            "words": chosen.get("q", ""),
            "page": paginate(found.items, query=query),
            "mended": found.mended,
            "may_publish": can_somewhere(request.user, Permission.PUBLISH_ASSET),
        },
    )


def show_asset(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one asset: what it is, how good, who uses it."""
    asset = get_asset(slug)
    version = asset.versions.order_by("-number").first()
    inside = version is not None and may_see_inside(asset, person=request.user)
    return render_page(
        request,
        "catalogue/asset.html",
        {
            "asset": asset,
            "version": version,
            "inside": inside,
            "versions": asset.versions.order_by("-number") if inside else [],
            "may_edit": can(request.user, Permission.EDIT_ASSET, asset.organisation),
            "may_publish": can(
                request.user, Permission.PUBLISH_ASSET, asset.organisation
            ),
            "may_ask": can_somewhere(request.user, Permission.MAKE_REQUEST),
            "blocks": panels.draw("asset", asset, request),
            "person": request.user,
        },
    )


def download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Give an open asset's newest version as CSV."""
    asset = get_asset(slug)
    if asset.access_rights != Asset.AccessRights.OPEN:
        raise NotAllowed("This data is not open. Ask for it on its page.")
    return open_csv(asset, get_current_version(asset))


@signed_in
def publish(request: HttpRequest) -> HttpResponse:
    """Publish a file as a new asset."""
    person = signed_in_person(request)
    check_somewhere(person, Permission.PUBLISH_ASSET)
    holders = organisations_where(person, Permission.PUBLISH_ASSET).order_by("name")
    form = PublishForm(
        request.POST or None, request.FILES or None, organisations=holders
    )
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        holder = get_organisation(form.cleaned_data["organisation"])
        details = {
            name: form.cleaned_data[name]
            for name in ("title", "summary", "access_rights")
        }
        try:
            check(person, Permission.PUBLISH_ASSET, holder)
            if upload.size > INLINE_BYTES:
                job = enqueue(
                    "catalogue:publish",
                    arguments={
                        "upload": keep_upload(upload),
                        "source_name": upload.name,
                        "organisation": holder.slug,
                        "details": details,
                    },
                    by=person,
                    at=now(),
                )
                return redirect("catalogue-job-show", reference=job.reference)
            with spooled(upload) as path:
                version = publish_asset(
                    path=path,
                    source_name=upload.name,
                    organisation=holder,
                    by=person,
                    at=now(),
                    **details,
                )
        except UserError as error:
            form.refuse(error)
        else:
            return redirect("catalogue-asset-published", slug=version.asset.slug)
    return render_page(
        request,
        "catalogue/publish.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


@signed_in
def published(request: HttpRequest, slug: str) -> HttpResponse:
    """Confirm a publication and say what was learned about the data."""
    asset = get_asset(slug)
    check(request.user, Permission.EDIT_ASSET, asset.organisation)
    version = get_current_version(asset)
    return render_page(
        request, "catalogue/published.html", {"asset": asset, "version": version}
    )


@signed_in
def show_job(request: HttpRequest, reference: str) -> HttpResponse:
    """Show how far a publication is; go on to the asset when it is done."""
    job = get_job(reference)
    _check_own_job(request, job)
    view = job_view(job)
    if job.result and job.result.get("asset"):
        return redirect("catalogue-asset-published", slug=job.result["asset"])
    return render_page(request, "catalogue/job.html", {"job": view})


@signed_in
def job_progress(request: HttpRequest, reference: str) -> HttpResponse:
    """Answer a job's progress as JSON, for pages that refresh themselves."""
    from django.http import JsonResponse

    job = get_job(reference)
    _check_own_job(request, job)
    view = job_view(job)
    return JsonResponse(
        {
            "done": view.percent,
            "total": 100,
            "message": view.note,
            "finished": view.is_finished,
        }
    )


def _check_own_job(request: HttpRequest, job: Job) -> None:
    if job.actor != signed_in_person(request).ledger_id:
        raise NotAllowed("Only the person who started this can see it.")


@signed_in
def new_version(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish a newer file of an asset."""
    person, asset = signed_in_person(request), get_asset(slug)
    check(person, Permission.PUBLISH_ASSET, asset.organisation)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            if upload.size > INLINE_BYTES:
                job = enqueue(
                    "catalogue:version",
                    arguments={
                        "upload": keep_upload(upload),
                        "source_name": upload.name,
                        "asset": asset.reference,
                    },
                    by=person,
                    at=now(),
                )
                return redirect("catalogue-job-show", reference=job.reference)
            with spooled(upload) as path:
                publish_version(
                    asset=asset, path=path, source_name=upload.name, by=person, at=now()
                )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The new version is published.")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/version.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


@signed_in
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change what the catalogue says about an asset."""
    person, asset = signed_in_person(request), get_asset(slug)
    check(person, Permission.EDIT_ASSET, asset.organisation)
    kept = {name: getattr(asset, name) for name in DetailsForm.base_fields}
    kept["keywords"] = ", ".join(asset.keywords)
    form = DetailsForm(request.POST or None, initial=kept)
    if request.method == "POST" and form.is_valid():
        try:
            edit_asset(asset=asset, by=person, at=now(), **form.cleaned_data)
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The entry is changed.")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/edit.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


@signed_in
def columns(request: HttpRequest, slug: str) -> HttpResponse:
    """Say which columns identify people and what each means."""
    person, asset = signed_in_person(request), get_asset(slug)
    check(person, Permission.EDIT_ASSET, asset.organisation)
    version = get_current_version(asset)
    form = ColumnsForm(request.POST or None, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            describe_columns(
                asset=asset,
                identifies=set(form.cleaned_data["identifies"]),
                descriptions=form.descriptions(),
                by=person,
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The columns are described.")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/columns.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


@signed_in
def withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """Take an asset out of the catalogue."""
    person, asset = signed_in_person(request), get_asset(slug)
    check(person, Permission.EDIT_ASSET, asset.organisation)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_asset(
                asset=asset, reason=form.cleaned_data["reason"], by=person, at=now()
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{asset.title} is withdrawn.")
            return redirect("catalogue-list")
    return render_page(
        request,
        "catalogue/withdraw.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


def show_organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a body holds and what came of it."""
    organisation = get_organisation(slug)
    assets = visible_assets().filter(organisation=organisation)
    return render_page(
        request,
        "catalogue/organisation.html",
        {
            "organisation": organisation,
            "page": paginate(assets, query=query_of(request)),
            "blocks": panels.draw("organisation", organisation, request),
        },
    )
