"""The page on which a member has the pairs of a join judged."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from staithe.base.clock import now
from staithe.base.errors import NotFound, UserError
from staithe.exchange.forms import JudgeForm
from staithe.exchange.judging import have_judged
from staithe.exchange.queries import get_join, get_own_project
from staithe.exchange.reports import run_views
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.web import render_page


@require_http_methods(["GET", "POST"])
@signed_in
def judge(request: HttpRequest, reference: str, number: int, run: int) -> HttpResponse:
    """Give pairs of one linkage of a join to two people; `run` counts from 1."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    join = get_join(project, number)
    views = run_views(join)
    if not 1 <= run <= len(views):
        raise NotFound("This join has no linkage of that number.")
    form = JudgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        size = form.cleaned_data["size"]
        try:
            review = have_judged(join=join, run=run - 1, size=size, by=person, at=now())
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "Trusted linkers have been asked to judge.")
            return redirect("linkage-review-show", reference=review.reference)
    return render_page(
        request,
        "exchange/judge.html",
        {
            "form": form,
            "project": project,
            "join": join,
            "title": views[run - 1].title,
        },
        status=422 if form.errors else 200,
    )
