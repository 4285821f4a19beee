"""The exchange's pages: connect a client, join a project's data, read the report."""

from __future__ import annotations

import json

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staithe.base.clock import now, to_text
from staithe.base.errors import NotFound, UserError
from staithe.exchange.actions import ask_join, issue_recipient, revoke_recipient
from staithe.exchange.forms import JoinForm, TokenForm
from staithe.exchange.models import Grant, Recipient
from staithe.exchange.queries import (
    get_grant_to_read,
    get_join,
    get_own_project,
    tokens_of,
)
from staithe.exchange.reports import run_views
from staithe.exchange.sharing_server import names_of
from staithe.people.models import Person
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.web import render_page


@signed_in
def connect(request: HttpRequest, reference: str) -> HttpResponse:
    """Make a profile file for an open client, or end one."""
    person = signed_in_person(request)
    grant = get_grant_to_read(reference, person=person, at=now())
    profile = ""
    if request.method == "POST" and "recipient" in request.POST:
        _end_token(request, grant, person)
        return redirect("exchange-grant-connect", reference=reference)
    if request.method == "POST":
        recipient, token = issue_recipient(grant=grant, by=person, at=now())
        profile = profile_text(recipient, token)
    return render_page(
        request,
        "exchange/connect.html",
        {
            "grant": grant,
            "names": names_of(grant),
            "tokens": tokens_of(grant, person=person),
            "profile": profile,
            "at": now(),
        },
    )


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
        {"form": form, "project": project},
        status=422 if form.errors else 200,
    )


@signed_in
def show_join(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show how a join went: the numbers that say how far to trust it."""
    project = get_own_project(reference, person=signed_in_person(request))
    join = get_join(project, number)
    return render_page(
        request,
        "exchange/join_report.html",
        {"join": join, "project": project, "runs": run_views(join)},
    )
