"""Pages of the analysis room: ask, read the answer, review, release."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from staithe.analysis.actions import (
    release_output,
    review_output,
    submit_output,
    withdraw_output,
)
from staithe.analysis.answers import (
    chart_of,
    hidden_cells,
    is_hiding,
    protection_words,
    rule_words,
)
from staithe.analysis.asking import ask
from staithe.analysis.examples import Example, example_for
from staithe.analysis.forms import AskForm, ReviewForm, SubmitForm
from staithe.analysis.models import Output, Query
from staithe.analysis.policies import (
    can_release,
    can_review,
    can_see_review,
    can_withdraw,
    check_asks,
    check_releases,
    check_reviews,
    check_submits,
    check_withdraws,
    who_releases,
)
from staithe.analysis.queries import (
    get_output,
    get_query,
    outputs_for,
    queries_of,
    released_elsewhere,
    votes_shown,
    waiting_for,
)
from staithe.base.clock import now
from staithe.base.errors import NotFound, UserError
from staithe.exchange.queries import get_own_project, project_tables
from staithe.people.models import Person
from staithe.people.permissions import Permission, can
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing.models import Project
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


EARLIER = 5
GET_POST = require_http_methods(["GET", "POST"])


@GET_POST
@signed_in
def ask_project(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a project's data a question."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    check_asks(project, person=person)
    tables = project_tables(project, person=person, at=now())
    example = example_for(tables)
    form = AskForm(request.POST or None, initial=_start_from(request, project, example))
    if request.method == "POST" and form.is_valid():
        query = _ask(form, project, person)
        if query is not None:
            return redirect("analysis-query-show", reference=query.reference)
    return render_page(
        request,
        "analysis/ask.html",
        {
            "form": form,
            "project": project,
            "tables": tables,
            "example": example,
            "from_example": not form.is_bound and _is_example(form, example),
            "earlier": list(queries_of(project)[:EARLIER]),
        },
        status=422 if form.errors else 200,
    )


def _ask(form: AskForm, project: Project, person: Person) -> Query | None:
    """Return the question if it was answered; what was wrong goes to the form."""
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
        return None
    if query.state == Query.State.DONE:
        return query
    # What was typed stays in the form, beside what is wrong with it.
    form.add_error("sql", query.problem)
    return None


def _start_from(
    request: HttpRequest, project: Project, example: Example | None
) -> dict[str, str]:
    """Begin with an earlier question of the project, or with an example."""
    earlier = project.queries.filter(reference=request.GET.get("from", "")).first()
    if earlier is None:
        fresh = "example" in request.GET or not project.queries.exists()
        return example.as_initial() if example and fresh else {}
    measure, _, summed = earlier.table["measure"].partition(":")
    return {
        "title": earlier.title,
        "sql": earlier.sql,
        "rows": earlier.table["rows"],
        "columns": earlier.table["columns"] or "",
        "measure": measure,
        "summed": summed,
    }


def _is_example(form: AskForm, example: Example | None) -> bool:
    return example is not None and form.initial.get("sql") == example.sql


@require_GET
@signed_in
def list_questions(request: HttpRequest, reference: str) -> HttpResponse:
    """List all questions of a project."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    return render_page(
        request,
        "analysis/questions.html",
        {
            "project": project,
            "page": paginate(queries_of(project), query=query_of(request)),
            "may_ask": can(person, Permission.RUN_QUERY, project.organisation),
        },
    )


@require_GET
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
            "chart": chart_of(query) if query.result else None,
            "rules": rule_words(query) if query.policy else [],
            "protection_words": protection_words,
            "is_hiding": is_hiding,
        },
    )


@GET_POST
@signed_in
def submit(request: HttpRequest, reference: str) -> HttpResponse:
    """Send an answer to review."""
    person = signed_in_person(request)
    query = get_query(reference, person=person)
    check_submits(query, person=person)
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


@require_GET
@signed_in
def list_outputs(request: HttpRequest) -> HttpResponse:
    """List outputs: to review, mine, released."""
    person = signed_in_person(request)
    query = query_of(request)
    found = outputs_for(person)
    state = query.get("state", "")
    if state:
        found = found.filter(state=state)
    if wants_csv(request):
        return csv_response("outputs", _HEADER, map(_row, found))
    return render_page(
        request,
        "analysis/outputs.html",
        {
            "page": paginate(found, query=query),
            "states": Output.State.choices,
            "state": state,
            "waiting": waiting_for(person),
        },
    )


_HEADER = ["reference", "title", "project", "state", "submitted"]


def _row(output: Output) -> tuple[object, ...]:
    return (
        output.reference,
        output.title,
        output.query.project.title,
        output.state,
        output.submitted_at.date(),
    )


@GET_POST
@signed_in
def show_output(request: HttpRequest, reference: str) -> HttpResponse:
    """Show an output; a reviewer votes here, and it is released here."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    if request.method == "POST":
        check_reviews(output, person=person)
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
            "chart": chart_of(output.query),
            "rules": rule_words(output.query),
            "protection_words": protection_words,
            "is_hiding": is_hiding,
            "hidden": hidden_cells(output.query) if reviewing else [],
            "elsewhere": released_elsewhere(output) if reviewing else [],
            "votes": votes_shown(output, person=person),
            "may_follow": can_see_review(output, person=person),
            "may_release": can_release(output, person=person),
            "releasers": [each.name for each in who_releases(output)],
            "may_withdraw": can_withdraw(output, person=person),
            "mine": output.by_id == person.pk,
        },
        status=422 if form.errors else 200,
    )


@GET_POST
@signed_in
def release(request: HttpRequest, reference: str) -> HttpResponse:
    """Publish an approved output as open data."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    check_releases(output, person=person)
    if request.method == "POST":
        release_output(output=output, by=person, at=now())
        return redirect("analysis-output-released", reference=reference)
    return render_page(
        request, "analysis/release.html", {"output": output, "query": output.query}
    )


@require_GET
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


@GET_POST
@signed_in
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an output back."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    check_withdraws(output, person=person)
    if request.method == "POST":
        withdraw_output(output=output, by=person, at=now())
        messages.success(request, "The output is withdrawn.")
        return redirect("analysis-output-show", reference=reference)
    return render_page(request, "analysis/withdraw.html", {"output": output})
