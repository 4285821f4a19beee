"""Pages for whoever manages people and organisations."""

from __future__ import annotations

from smtplib import SMTPException
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people import actions, queries
from staithe.people.forms import InviteForm, OrganisationForm
from staithe.people.permissions import (
    Permission,
    can,
    check,
    check_somewhere,
    organisations_where,
)
from staithe.people.roles import ROLES
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from staithe.people.models import Invitation

log = structlog.get_logger(__name__)


@signed_in
def organisations(request: HttpRequest) -> HttpResponse:
    """List the organisations whose people I manage."""
    person = signed_in_person(request)
    check_somewhere(person, Permission.MANAGE_PEOPLE)
    found = organisations_where(person, Permission.MANAGE_PEOPLE)
    if wants_csv(request):
        rows = [(o.name, o.get_kind_display(), o.contact_email) for o in found]
        return csv_response("organisations", ["name", "kind", "contact"], rows)
    context = {
        "page": paginate(found, query=query_of(request)),
        "may_add": can(person, Permission.MANAGE_ORGANISATIONS),
    }
    return render_page(request, "people/organisations.html", context)


@signed_in
def new_organisation(request: HttpRequest) -> HttpResponse:
    """Add an organisation to the service."""
    person = signed_in_person(request)
    check(person, Permission.MANAGE_ORGANISATIONS)
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_organisation(by=person, at=now(), **form.cleaned_data)
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{made.name} is added. Invite its people now.")
            return redirect("people-organisation", slug=made.slug)
    status = 422 if form.errors else 200
    context = {"form": form}
    return render_page(request, "people/new-organisation.html", context, status=status)


@signed_in
def organisation(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the people of an organisation and who is invited."""
    found = queries.get_organisation(slug)
    check(signed_in_person(request), Permission.MANAGE_PEOPLE, found)
    context = {
        "organisation": found,
        "colleagues": queries.colleagues(found),
        "invitations": list(queries.open_invitations(found, at=now())),
        "roles": ROLES,
    }
    return render_page(request, "people/organisation.html", context)


@never_cache
@signed_in
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite someone and show the one-time link this once."""
    found = queries.get_organisation(slug)
    person = signed_in_person(request)
    check(person, Permission.MANAGE_PEOPLE, found)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = actions.invite(
                organisation=found, by=person, at=now(), **form.cleaned_data
            )
        except UserError as error:
            form.refuse(error)
        else:
            return _invited(request, made, secret)
    context = {
        "form": form,
        "organisation": found,
        "hints": {role.value: row.description for role, row in ROLES.items()},
    }
    status = 422 if form.errors else 200
    return render_page(request, "people/invite.html", context, status=status)


def _invited(request: HttpRequest, made: Invitation, secret: str) -> HttpResponse:
    link = settings.BASE_URL + reverse("people-invitation-open", args=[secret])
    context = {"invitation": made, "link": link, "emailed": _email_link(made, link)}
    return render_page(request, "people/invited.html", context)


def _email_link(made: Invitation, link: str) -> bool:
    """Email a link where a mail server is set; say whether it took the message.

    Sent at once and not by a job: the secret is never stored in clear.
    """
    if not settings.EMAIL_HOST:
        return False
    text = (
        f"Dear {made.name}\n\nYou are invited to join {made.organisation.name} on "
        f"{settings.SERVICE_NAME}. Use this link once, within a week:\n\n{link}\n"
    )
    subject = f"{settings.SERVICE_NAME}: join {made.organisation.name}"
    try:
        send_mail(subject, text, None, [made.email])
    except (SMTPException, OSError) as error:
        log.warning("invitation not emailed", error=str(error))
        return False
    return True


@signed_in
@require_POST
def revoke_invitation(request: HttpRequest, reference: str) -> HttpResponse:
    """Make an invitation's link stop working."""
    found = queries.get_invitation(reference)
    actions.revoke_invitation(invitation=found, by=signed_in_person(request), at=now())
    messages.success(request, f"The invitation of {found.name} is withdrawn.")
    return redirect("people-organisation", slug=found.organisation.slug)


@signed_in
def end_membership(
    request: HttpRequest, slug: str, public_id: str, role: str
) -> HttpResponse:
    """Ask whether to take a role away; do it on the answer."""
    found = queries.get_membership(public_id, slug, role)
    person = signed_in_person(request)
    check(person, Permission.MANAGE_PEOPLE, found.organisation)
    if request.method == "POST":
        actions.end_membership(membership=found, by=person, at=now())
        messages.success(
            request, f"{found.person.name} no longer has the role “{_words(role)}”."
        )
        return redirect("people-organisation", slug=slug)
    context = {"membership": found, "role_words": _words(role)}
    return render_page(request, "people/end-membership.html", context)


def _words(role: str) -> str:
    return next(row.display_name for known, row in ROLES.items() if known == role)
