"""Pages about projects: the list, one project with its data and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from staithe.base.clock import now
from staithe.base.errors import NotFound
from staithe.law.purposes import PURPOSES
from staithe.people.permissions import Permission, can_somewhere
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries
from staithe.sharing.forms import MemberForm
from staithe.sharing.models import Project, ProjectMember
from staithe.sharing.panels import draw
from staithe.sharing.permissions import can_change_project, check_change_project
from staithe.sharing.web import attempt, posted, status_of
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_GET
@signed_in
def list_projects(request: HttpRequest) -> HttpResponse:
    """List the projects that a person may see."""
    person = signed_in_person(request)
    found = queries.find_projects(person)
    if wants_csv(request):
        return csv_response("projects", _HEADER, map(_row, found))
    return render_page(
        request,
        "sharing/projects.html",
        {
            "page": paginate(found, query=query_of(request)),
            "may_ask": can_somewhere(person, Permission.MAKE_REQUEST),
        },
    )


@require_GET
@signed_in
def show_project(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a project: what it is for, its data, its people, what others add."""
    person = signed_in_person(request)
    project = queries.get_project(reference, person=person)
    mine = queries.find_requests(person).filter(project=project)
    agreements = queries.find_agreements(person).filter(project=project)
    return render_page(
        request,
        "sharing/project.html",
        {
            "project": project,
            "purpose": PURPOSES.get(project.purpose_code),
            "requests": list(mine),
            "agreements": list(agreements),
            "members": _members(project),
            "may_change": can_change_project(person, project),
            "entries": queries.project_history(project),
            "panels": draw("project", project, request),
        },
    )


@require_http_methods(["GET", "POST"])
@signed_in
def add_member(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose an analyst of the organisation to join the project."""
    person = signed_in_person(request)
    project = queries.get_project(reference, person=person)
    check_change_project(person, project)
    people = queries.people_to_add(project)
    form = MemberForm(posted(request), people=people)
    if request.method == "POST" and form.is_valid():
        chosen = next(p for p in people if p.public_id == form.cleaned_data["person"])
        if attempt(
            form,
            lambda: actions.add_project_member(
                project=project, person=chosen, by=person, at=now()
            ),
        ):
            messages.success(request, f"{chosen.name} now works on the project.")
            return redirect("sharing-project-show", reference=reference)
    return render_page(
        request,
        "sharing/add-member.html",
        {"form": form, "project": project, "people": people},
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def end_member(request: HttpRequest, reference: str, public_id: str) -> HttpResponse:
    """Ask once more, then end a person's work on a project."""
    person = signed_in_person(request)
    project = queries.get_project(reference, person=person)
    check_change_project(person, project)
    leaving = next(
        (m.person for m in _members(project) if m.person.public_id == public_id), None
    )
    if leaving is None:
        raise NotFound("This person does not work on the project.")
    if request.method == "POST":
        actions.end_project_member(project=project, person=leaving, by=person, at=now())
        messages.success(request, f"{leaving.name} no longer works on the project.")
        return redirect("sharing-project-show", reference=reference)
    return render_page(
        request, "sharing/end-member.html", {"project": project, "leaving": leaving}
    )


def _members(project: Project) -> list[ProjectMember]:
    return list(project.members.filter(ended_at=None).select_related("person"))


_HEADER = ["project", "title", "organisation", "purpose", "lead", "started"]


def _row(project: Project) -> list[object]:
    return [
        project.reference,
        project.title,
        project.organisation.name,
        project.purpose_code,
        project.lead.name,
        project.created_at,
    ]
