"""The exchange's pages: connect a client, join a project's data, read the report."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staithe.base.clock import now, to_text
from staithe.base.errors import NotFound, UserError
from staithe.exchange.actions import (
    ask_join,
    issue_recipient,
    prepare_again,
    revoke_recipient,
    stop_join,
)
from staithe.exchange.forms import JoinForm, TokenForm
from staithe.exchange.models import Grant, Join, Recipient
from staithe.exchange.policies import is_under_way, job_of
from staithe.exchange.queries import (
    get_grant_to_mend,
    get_grant_to_read,
    get_join,
    get_own_project,
    joinable,
    latest_join,
    tokens_of,
)
from staithe.exchange.reports import people_view, run_views
from staithe.exchange.sharing_server import names_of
from staithe.linkage.permissions import can_ask
from staithe.linkage.queries import find_reviews_of
from staithe.people.models import Person
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.web import render_page


@require_http_methods(["GET", "POST"])
@signed_in
def connect(request: HttpRequest, reference: str) -> HttpResponse:
    """Make a profile file for an open client, or end one."""
    person = signed_in_person(request)
    grant = get_grant_to_read(reference, person=person, at=now())
    if request.method == "POST" and "recipient" in request.POST:
        _end_token(request, grant, person)
        return redirect("exchange-grant-connect", reference=reference)
    profile = ""
    if request.method == "POST":
        recipient, token = issue_recipient(grant=grant, by=person, at=now())
        profile = profile_text(recipient, token)
        if "download" in request.POST:
            return _as_file(profile)
    names = names_of(grant)
    return render_page(
        request,
        "exchange/connect.html",
        {
            "grant": grant,
            "address": f"{names.share}.{names.schema}.{names.table}",
            "endpoint": settings.BASE_URL,
            "tokens": tokens_of(grant, person=person),
            "profile": profile,
            "at": now(),
        },
    )


def _as_file(profile: str) -> HttpResponse:
    response = HttpResponse(profile, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="staithe.share"'
    return response


def profile_text(recipient: Recipient, token: str) -> str:
    """Return the profile file of a token (delta-sharing PROTOCOL.md, version 1)."""
    profile = {
        "shareCredentialsVersion": 1,
        "endpoint": f"{settings.BASE_URL}/delta-sharing/",
        "bearerToken": token,
        "expirationTime": to_text(recipient.expires_at),
    }
    return json.dumps(profile, indent=2)


def _end_token(request: HttpRequest, grant: Grant, person: Person) -> None:
    form = TokenForm(request.POST)
    wanted = form.cleaned_data["recipient"] if form.is_valid() else 0
    recipient = grant.recipients.filter(pk=wanted, person=person).first()
    if recipient is None:
        raise NotFound("You have no such token for this agreement.")
    revoke_recipient(recipient=recipient, by=person, at=now())
    messages.success(request, "The token is ended. Clients that use it stop now.")


@require_POST
@signed_in
def prepare(request: HttpRequest, reference: str) -> HttpResponse:
    """Have the data of an agreement cut once more where that failed."""
    person = signed_in_person(request)
    grant = get_grant_to_mend(reference, person=person)
    prepare_again(grant=grant, by=person, at=now())
    messages.success(request, "The data is being prepared again.")
    return redirect("sharing-agreement-show", reference=reference)


@require_http_methods(["GET", "POST"])
@signed_in
def join_data(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for a project's data to be joined."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["specification"].strip()
        try:
            join = ask_join(
                project=project,
                specification={"yaml": text} if text else None,
                by=person,
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            return redirect(
                "exchange-join-show", reference=reference, number=join.number
            )
    return render_page(
        request,
        "exchange/join.html",
        {
            "form": form,
            "project": project,
            "grants": joinable(project),
            "earlier": latest_join(project),
        },
        status=422 if form.errors else 200,
    )


@require_GET
@signed_in
def show_join(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show how a join went: the numbers that say how far to trust it."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    join = get_join(project, number)
    done = join.state == Join.State.DONE
    people = people_view(join)
    return render_page(
        request,
        "exchange/join_report.html",
        {
            "join": join,
            "job": job_of(join),
            "under_way": is_under_way(join),
            "project": project,
            "runs": run_views(join) if done else [],
            "reviews": find_reviews_of(project, join=number),
            "may_judge": done and bool(join.evidence) and can_ask(person, project),
            "people": people,
            "people_in": people.figures if people else [],
        },
    )


@require_POST
@signed_in
def stop(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Stop a join that has not finished."""
    person = signed_in_person(request)
    join = get_join(get_own_project(reference, person=person), number)
    stop_join(join=join, by=person, at=now())
    return redirect("exchange-join-show", reference=reference, number=number)


@require_GET
@signed_in
def join_progress(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Answer how far a join is as JSON, for the page that refreshes itself."""
    project = get_own_project(reference, person=signed_in_person(request))
    join = get_join(project, number)
    job = job_of(join)
    return JsonResponse(
        {
            "done": job.percent if job else 0,
            "total": 100,
            "message": job.note if job else "",
            "finished": not is_under_way(join),
        }
    )
