"""Public pages of progress and of what is shared, and the form for a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from staithe.accountability import charts, queries
from staithe.accountability.actions import holders_of, record_outcome
from staithe.accountability.forms import (
    OutcomeForm,
    ProgressFilter,
    TransparencyFilter,
)
from staithe.accountability.policies import check_holders, check_member
from staithe.accountability.tables import all_tables, table_of, who_answers
from staithe.accountability.transparency import (
    HEADER,
    line_of,
    line_to_row,
    statement_of,
)
from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people.queries import names_of
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing.ladder import DECISION_DAYS
from staithe.sharing.queries import get_project
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page
from staithe.ui.wording import date_words


if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from django.http import HttpRequest, HttpResponse

    from staithe.accountability.queries import Report
    from staithe.ui.charts import Chart
    from staithe.ui.paging import Query


@require_safe
def show_progress(request: HttpRequest) -> HttpResponse:
    """Show how long each step takes, what holders answer, and what is late now."""
    query = query_of(request)
    bodies = queries.asked_bodies()
    form = ProgressFilter(request.GET, bodies=bodies)
    wanted = form.cleaned_data if form.is_valid() else {}
    report = queries.report(
        at=now(),
        holder=wanted.get("body", ""),
        since=wanted.get("since"),
        until=wanted.get("until"),
    )
    if wants_csv(request):
        code = query.get("table", "steps")
        table = table_of(code, report.progress, name=report.name)
        return csv_response(f"progress-{code}", table.header, table.rows)
    scope = scope_words(wanted, names=dict(bodies))
    return render_page(
        request,
        "accountability/progress.html",
        {
            "filter_form": form,
            "filtered": any(wanted.values()),
            "scope": scope,
            "report": report,
            "progress": report.progress,
            "tables": all_tables(report.progress, name=report.name),
            "charts": _charts(report, scope=scope, query=query),
            "csv": lambda code: query.url(format="csv", table=code),
            "late": _late_flows(report, request),
            "decision_days": DECISION_DAYS,
            "days_words": charts.days_words,
        },
        status=422 if form.errors else 200,
    )


def scope_words(wanted: Mapping[str, Any], *, names: Mapping[str, str]) -> str:
    """Say in words which requests the numbers are about."""
    body = names.get(wanted.get("body") or "", "all bodies")
    since, until = wanted.get("since"), wanted.get("until")
    if since and until:
        return f"{body}, sent {date_words(since)} to {date_words(until)}"
    if since:
        return f"{body}, sent on or after {date_words(since)}"
    if until:
        return f"{body}, sent on or before {date_words(until)}"
    return f"{body}, all time"


def _charts(report: Report, *, scope: str, query: Query) -> dict[str, Chart]:
    """Return the charts that there are numbers for."""
    progress = report.progress
    drawn: dict[str, Chart] = {}
    if progress.counts.asked:
        drawn["steps"] = charts.days_chart(
            progress, scope=scope, csv_url=query.url(format="csv", table="steps")
        )
    if progress.reasons:
        drawn["reasons"] = charts.reasons_chart(
            progress, scope=scope, csv_url=query.url(format="csv", table="reasons")
        )
    if progress.months:
        drawn["months"] = charts.months_chart(
            progress, scope=scope, csv_url=query.url(format="csv", table="months")
        )
    return drawn


def _late_flows(report: Report, request: HttpRequest) -> list[dict[str, Any]]:
    """Return what is overdue; people's names and links for those who may open it."""
    late = report.progress.overdue
    references = [each.flow for each in late]
    own = queries.openable_flows(references, person=request.user) if late else set()
    people = names_of({each.answering for each in late if each.flow in own})
    return [
        {
            "row": each,
            "openable": each.flow in own,
            "answers": who_answers(each.rung, report.name(each.holder)),
            "person": people.get(each.answering, ""),
        }
        for each in late
    ]


@require_safe
def list_transparency(request: HttpRequest) -> HttpResponse:
    """List every agreement that was ever in force, for anyone."""
    bodies = queries.sharing_bodies()
    form = TransparencyFilter(request.GET, bodies=bodies)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = queries.public_agreements(
        body=wanted.get("body", ""), state=wanted.get("state", "")
    )
    if wants_csv(request):
        rows = (line_to_row(line_of(agreement)) for agreement in found)
        return csv_response("transparency", HEADER, rows)
    page = paginate(found, query=query_of(request))
    return render_page(
        request,
        "accountability/transparency.html",
        {
            "filter_form": form,
            "filtered": any(wanted.values()),
            "page": page,
            "lines": [line_of(agreement) for agreement in page.items],
        },
        status=422 if form.errors else 200,
    )


@require_safe
def show_transparency(request: HttpRequest, reference: str) -> HttpResponse:
    """Say in plain English what one agreement shares, why, and with what result."""
    agreement = queries.get_public_agreement(reference)
    return render_page(
        request,
        "accountability/share.html",
        {
            "agreement": agreement,
            "share": statement_of(agreement, reader=request.user),
            "outcomes": queries.outcomes_of(agreement.project),
            "released": queries.released_by(agreement.project),
            "event": queries.acceptance_number(agreement),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new_outcome(request: HttpRequest, reference: str) -> HttpResponse:
    """Record what came of a project's shares."""
    person = signed_in_person(request)
    project = get_project(reference, person=person)
    check_member(person, project)
    holders = holders_of(project)
    check_holders(holders, project)
    form = OutcomeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            record_outcome(project=project, by=person, at=now(), **form.cleaned_data)
        except UserError as error:
            form.refuse(error)
        else:
            messages.success(
                request,
                "The result is recorded and credited to "
                f"{', '.join(holder.name for holder in holders)}.",
            )
            return redirect("sharing-project-show", reference=project.reference)
    return render_page(
        request,
        "accountability/new-outcome.html",
        {"form": form, "project": project, "holders": holders},
        status=422 if form.errors else 200,
    )
