"""The page where a reviewer looks at what a project asked in vain."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from staithe.analysis.actions import look_at_refusals
from staithe.analysis.budget import (
    REFUSALS,
    check_looks,
    check_sees_refusals,
    refusals,
    spent,
)
from staithe.analysis.forms import LookForm
from staithe.analysis.policies import is_independent_reviewer
from staithe.analysis.queries import MOST, get_project
from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.web import render_page


@require_http_methods(["GET", "POST"])
@signed_in
def show_refusals(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what was refused for the data; a reviewer lets the project ask on."""
    person = signed_in_person(request)
    project = get_project(reference)
    check_sees_refusals(project, person=person)
    if request.method == "POST":
        check_looks(project, person=person)
    form = LookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            look_at_refusals(project=project, by=person, at=now(), **form.cleaned_data)
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "The project can ask on.")
            return redirect("analysis-refusal-list", reference=reference)
    return render_page(
        request,
        "analysis/refusals.html",
        {
            "project": project,
            "refused": list(refusals(project).select_related("by")[:MOST]),
            "spent": spent(project),
            "most": REFUSALS,
            "form": form if is_independent_reviewer(project, person=person) else None,
        },
        status=422 if form.errors else 200,
    )
