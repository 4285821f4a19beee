"""Pages of the analysis room: ask, read the answer, review, release."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from staithe.analysis.actions import (
    release_output,
    review_output,
    submit_output,
    withdraw_output,
)
from staithe.analysis.asking import ask
from staithe.analysis.forms import AskForm, ReviewForm, SubmitForm
from staithe.analysis.models import Output, Query
from staithe.analysis.policies import can_release, can_review, check_asks
from staithe.analysis.queries import (
    get_output,
    get_query,
    outputs_for,
    votes_shown,
)
from staithe.base.clock import now
from staithe.base.errors import NotFound, UserError
from staithe.exchange.queries import get_own_project, project_tables
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing.models import Project
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


@signed_in
def ask_project(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a project's data a question."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    check_asks(project, person=person)
    form = AskForm(request.POST or None, initial=_start_from(request, project))
    if request.method == "POST" and form.is_valid():
        try:
            query = ask(
                project=project,
                title=form.cleaned_data["title"],
                sql=form.cleaned_data["sql"],
                table=form.table(),
                by=person,
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            if query.state == Query.State.DONE:
                return redirect("analysis-query-show", reference=query.reference)
            # What was typed stays in the form, beside what is wrong with it.
            form.add_error("sql", query.problem)
    return render_page(
        request,
        "analysis/ask.html",
        {
            "form": form,
            "project": project,
            "tables": project_tables(project, person=person, at=now()),
        },
        status=422 if form.errors else 200,
    )


def _start_from(request: HttpRequest, project: Project) -> dict[str, str]:
    """Begin with an earlier question of the same project, where one is named."""
    earlier = Query.objects.filter(
        project=project, reference=request.GET.get("from", "")
    ).first()
    if earlier is None:
        return {}
    measure, _, summed = earlier.table["measure"].partition(":")
    return {
        "title": earlier.title,
        "sql": earlier.sql,
        "rows": earlier.table["rows"],
        "columns": earlier.table["columns"] or "",
        "measure": measure,
        "summed": summed,
    }


@signed_in
def show_query(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a question with its protected answer."""
    person = signed_in_person(request)
    query = get_query(reference, person=person)
    if wants_csv(request) and query.result:
        response = HttpResponse(
            query.result["csv"], content_type="text/csv; charset=utf-8"
        )
        name = f"{query.reference}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    return render_page(
        request,
        "analysis/query.html",
        {
            "query": query,
            "project": query.project,
            "output": Output.objects.filter(query=query).first(),
            "mine": query.by_id == person.pk,
        },
    )


@signed_in
def submit(request: HttpRequest, reference: str) -> HttpResponse:
    """Send an answer to review."""
    person = signed_in_person(request)
    query = get_query(reference, person=person)
    if query.result is None:
        raise NotFound("This question has no answer to send.")
    form = SubmitForm(request.POST or None, initial={"title": query.title})
    if request.method == "POST" and form.is_valid():
        try:
            output = submit_output(
                query=query, by=person, at=now(), **form.cleaned_data
            )
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "Two reviewers have been asked to check it.")
            return redirect("analysis-output-show", reference=output.reference)
    return render_page(
        request,
        "analysis/submit.html",
        {"form": form, "query": query},
        status=422 if form.errors else 200,
    )


@signed_in
def list_outputs(request: HttpRequest) -> HttpResponse:
    """List outputs: to review, mine, released."""
    person = signed_in_person(request)
    query = query_of(request)
    found = outputs_for(person)
    if state := query.get("state", ""):
        found = found.filter(state=state)
    if wants_csv(request):
        rows = [
            (
                o.reference,
                o.title,
                o.query.project.title,
                o.state,
                o.submitted_at.date(),
            )
            for o in found
        ]
        header = ["reference", "title", "project", "state", "submitted"]
        return csv_response("outputs", header, rows)
    return render_page(
        request,
        "analysis/outputs.html",
        {
            "page": paginate(found, query=query),
            "states": Output.State.choices,
            "state": state,
            "waiting": [
                output
                for output in outputs_for(person).filter(state=Output.State.IN_REVIEW)
                if can_review(output, person=person)
            ],
        },
    )


@signed_in
def show_output(request: HttpRequest, reference: str) -> HttpResponse:
    """Show an output; a reviewer votes here, and it is released here."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    reviewing = can_review(output, person=person)
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            review_output(output=output, by=person, at=now(), **form.cleaned_data)
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(request, "Your decision is recorded.")
            return redirect("analysis-output-show", reference=reference)
    return render_page(
        request,
        "analysis/output.html",
        {
            "output": output,
            "query": output.query,
            "form": form if reviewing else None,
            "reviewing": reviewing,
            "votes": votes_shown(output, person=person),
            "may_release": can_release(output, person=person),
            "may_withdraw": output.by_id == person.pk
            and output.state in {Output.State.IN_REVIEW, Output.State.APPROVED},
        },
        status=422 if form.errors else 200,
    )


@signed_in
def release(request: HttpRequest, reference: str) -> HttpResponse:
    """Publish an approved output as open data."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    if request.method == "POST":
        output = release_output(output=output, by=person, at=now())
        return redirect("analysis-output-released", reference=reference)
    return render_page(request, "analysis/release.html", {"output": output})


@signed_in
def released(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirm a release."""
    output = get_output(reference, person=signed_in_person(request))
    if output.released_as is None:
        raise NotFound("This output has not been released.")
    return render_page(
        request,
        "analysis/released.html",
        {"output": output, "asset": output.released_as},
    )


@signed_in
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an output back."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    if request.method == "POST":
        withdraw_output(output=output, by=person, at=now())
        messages.success(request, "The output is withdrawn.")
        return redirect("analysis-output-show", reference=reference)
    return render_page(request, "analysis/withdraw.html", {"output": output})
