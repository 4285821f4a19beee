"""The pages that put data in: a file, the work in the background, what was learned."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from staithe.base.clock import now
from staithe.base.errors import Conflict, NotAllowed, UserError
from staithe.catalogue.forms import FileForm, PublishForm
from staithe.catalogue.models import Asset
from staithe.catalogue.policies import matching_only
from staithe.catalogue.publishing import publish_upload, publish_upload_version
from staithe.catalogue.queries import (
    card_of,
    get_asset,
    get_current_version,
    get_organisation,
)
from staithe.jobs.actions import cancel
from staithe.jobs.models import Job
from staithe.jobs.queries import get_job, job_view
from staithe.people.permissions import (
    Permission,
    check,
    check_somewhere,
    organisations_where,
)
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.web import render_page


@signed_in
def publish(request: HttpRequest) -> HttpResponse:
    """Publish a file as a new asset."""
    person = signed_in_person(request)
    check_somewhere(person, Permission.PUBLISH_ASSET)
    holders = organisations_where(person, Permission.PUBLISH_ASSET).order_by("name")
    form = PublishForm(
        request.POST or None,
        request.FILES or None,
        organisations=holders,
        initial=_asked_for(request),
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = publish_upload(
                form.cleaned_data["file"],
                organisation=get_organisation(form.cleaned_data["organisation"]),
                details=form.details(),
                identifies=form.identifies(),
                by=person,
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            if isinstance(made, Job):
                return redirect("catalogue-job-show", reference=made.reference)
            return redirect("catalogue-asset-published", slug=made.asset.slug)
    return render_page(
        request,
        "catalogue/publish.html",
        {"form": form},
        status=422 if form.errors else 200,
    )


def _asked_for(request: HttpRequest) -> dict[str, str]:
    """Return the body that a link named, if it named one."""
    named = request.GET.get("organisation", "")
    return {"organisation": named} if named else {}


@signed_in
def new_version(request: HttpRequest, slug: str) -> HttpResponse:
    """Publish a newer file of an asset."""
    person, asset = signed_in_person(request), get_asset(slug)
    check(person, Permission.PUBLISH_ASSET, asset.organisation)
    check_in_catalogue(asset)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = publish_upload_version(
                form.cleaned_data["file"], asset=asset, by=person, at=now()
            )
        except UserError as error:
            form.refuse(error)
        else:
            if isinstance(made, Job):
                return redirect("catalogue-job-show", reference=made.reference)
            messages.success(request, f"Version {made.number} is published.")
            return redirect("catalogue-asset-show", slug=asset.slug)
    return render_page(
        request,
        "catalogue/version.html",
        {"form": form, "asset": asset},
        status=422 if form.errors else 200,
    )


def check_in_catalogue(asset: Asset) -> None:
    """Raise Conflict before a form is shown that could not be sent any more."""
    if asset.status == Asset.Status.WITHDRAWN:
        raise Conflict(f"{asset.title} has been withdrawn, so it cannot be changed.")


@signed_in
def published(request: HttpRequest, slug: str) -> HttpResponse:
    """Confirm a publication and say what was learned about the data."""
    asset = get_asset(slug)
    check(request.user, Permission.EDIT_ASSET, asset.organisation)
    version = get_current_version(asset)
    return render_page(
        request,
        "catalogue/published.html",
        {
            "asset": asset,
            "version": version,
            "matching": matching_only(version),
            "card": card_of(version, at=now()),
        },
    )


@signed_in
def show_job(request: HttpRequest, reference: str) -> HttpResponse:
    """Show how far a publication is; go on to the asset when it is done."""
    job = _own_job(request, reference)
    if job.result and job.result.get("asset"):
        return redirect("catalogue-asset-published", slug=job.result["asset"])
    return render_page(request, "catalogue/job.html", {"job": job_view(job)})


@signed_in
def job_progress(request: HttpRequest, reference: str) -> JsonResponse:
    """Answer a job's progress as JSON, for pages that refresh themselves."""
    view = job_view(_own_job(request, reference))
    return JsonResponse(
        {
            "done": view.percent,
            "total": 100,
            "message": view.note or view.state_words,
            "finished": view.is_finished,
        }
    )


@require_POST
@signed_in
def stop_job(request: HttpRequest, reference: str) -> HttpResponse:
    """Stop a publication that has not finished."""
    cancel(_own_job(request, reference), at=now())
    return redirect("catalogue-job-show", reference=reference)


def _own_job(request: HttpRequest, reference: str) -> Job:
    job = get_job(reference)
    if job.actor != signed_in_person(request).ledger_id:
        raise NotAllowed("Only the person who started this can see it.")
    return job
