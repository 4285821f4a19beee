"""Starting a request: which project, or what a new one is for. One thing per page.

Answers wait in the session until the project can be made whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from staithe.base.clock import now
from staithe.law.purposes import PURPOSES, area_headings
from staithe.people.permissions import (
    Permission,
    check_somewhere,
    organisations_where,
)
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries
from staithe.sharing.forms import (
    NEW_PROJECT,
    BenefitForm,
    ProjectChoiceForm,
    PurposeForm,
    WhyForm,
)
from staithe.sharing.models import Project, Request
from staithe.sharing.web import attempt, posted, status_of
from staithe.ui.web import render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from staithe.people.models import Person


KEY = "start-request"


@require_http_methods(["GET", "POST"])
@signed_in
def start(request: HttpRequest) -> HttpResponse:
    """Say what a request needs and ask which project it is for."""
    person = signed_in_person(request)
    check_somewhere(person, Permission.MAKE_REQUEST)
    asset = queries.find_askable_asset(request.GET.get("asset", ""))
    if asset:
        request.session[KEY] = {"asset": asset.slug}
    projects = list(queries.own_projects(person))
    form = ProjectChoiceForm(posted(request), projects=projects)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["project"]
        if chosen == NEW_PROJECT:
            return redirect("sharing-start-purpose")
        project = next(each for each in projects if each.reference == chosen)
        return _go_on(request, _open_draft(project, person))
    return render_page(
        request,
        "sharing/start.html",
        {"form": form, "has_projects": bool(projects)},
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def purpose(request: HttpRequest) -> HttpResponse:
    """Ask for the title and the kind of purpose of a new project."""
    organisations = _organisations(request)
    answers = _answers(request)
    form = PurposeForm(posted(request), initial=answers, organisations=organisations)
    if request.method == "POST" and form.is_valid():
        _keep(request, form.cleaned_data)
        return redirect("sharing-start-why")
    return render_page(
        request,
        "sharing/start-purpose.html",
        {
            "form": form,
            "purpose_hints": {code: p.description for code, p in PURPOSES.items()},
            "purpose_groups": area_headings(PURPOSES),
        },
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def why(request: HttpRequest) -> HttpResponse:
    """Ask what the project will find out or do."""
    if "purpose_code" not in _answers(request):
        return redirect("sharing-start-purpose")
    form = WhyForm(posted(request), initial=_answers(request))
    if request.method == "POST" and form.is_valid():
        _keep(request, form.cleaned_data)
        return redirect("sharing-start-benefit")
    return render_page(
        request,
        "sharing/question.html",
        {"form": form, "back": reverse("sharing-start-purpose"), "wide": "purpose"},
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def benefit(request: HttpRequest) -> HttpResponse:
    """Ask for the benefit, then make the project and its first draft."""
    answers = _answers(request)
    if "purpose" not in answers:
        return redirect("sharing-start-why")
    form = BenefitForm(posted(request), initial=answers)
    if request.method == "POST" and form.is_valid():
        _keep(request, form.cleaned_data)
        made: list[Request] = []
        if attempt(form, lambda: made.append(_make(request))):
            return _go_on(request, made[0])
    return render_page(
        request,
        "sharing/question.html",
        {"form": form, "back": reverse("sharing-start-why"), "wide": "benefit"},
        status=status_of(form),
    )


def _make(request: HttpRequest) -> Request:
    """Start the project and open its draft: both or neither."""
    person = signed_in_person(request)
    answers = _answers(request)
    organisation = next(
        each for each in _organisations(request) if each.slug == answers["organisation"]
    )
    with transaction.atomic():
        project = actions.start_project(
            title=answers["title"],
            organisation=organisation,
            purpose_code=answers["purpose_code"],
            purpose=answers["purpose"],
            benefit=answers["benefit"],
            benefit_measure=answers["benefit_measure"],
            by=person,
            at=now(),
        )
        return _open_draft(project, person)


def _open_draft(project: Project, person: Person) -> Request:
    """Return the project's open draft, or a new one: nobody starts two by accident."""
    draft = project.requests.filter(state=Request.State.DRAFT).first()
    return draft or actions.draft_request(
        project=project, who_pays=Request.Payer.REQUESTER, by=person, at=now()
    )


def _go_on(request: HttpRequest, asked: Request) -> HttpResponse:
    """Go to the columns of the data that the person came from, or to the task list."""
    asset = _answers(request).get("asset")
    request.session.pop(KEY, None)
    if asset:
        return redirect("sharing-flow-add", reference=asked.reference, slug=asset)
    return redirect("sharing-request-show", reference=asked.reference)


def _organisations(request: HttpRequest) -> list[Any]:
    person = signed_in_person(request)
    check_somewhere(person, Permission.MAKE_REQUEST)
    return list(organisations_where(person, Permission.MAKE_REQUEST))


def _answers(request: HttpRequest) -> dict[str, Any]:
    kept = request.session.get(KEY)
    return dict(kept) if isinstance(kept, dict) else {}


def _keep(request: HttpRequest, answers: dict[str, Any]) -> None:
    request.session[KEY] = _answers(request) | answers
