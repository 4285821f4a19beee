"""The law beside asking: questions answered, gaps reported, how it worked in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from staithe.base.clock import now
from staithe.law.purposes import PURPOSES
from staithe.law.routes import load_routes
from staithe.law.vocabulary import WORDS
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries, queries_law
from staithe.sharing.advice import (
    advice_context,
    changes_in_words,
    hints_of_columns,
    questions_to_answer,
)
from staithe.sharing.forms_law import GapForm, QuestionsForm
from staithe.sharing.permissions import check_change_request, check_see_requests
from staithe.sharing.policies import check_draft
from staithe.sharing.web import attempt, posted, status_of
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.web import render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from staithe.sharing.models import Flow
    from staithe.sharing.queries_law import Gap


def _draft_flow(request: HttpRequest, reference: str) -> Flow:
    person = signed_in_person(request)
    flow = queries.get_flow(reference, person=person)
    check_change_request(person, flow.request)
    check_draft(flow.request)
    return flow


@require_http_methods(["GET", "POST"])
@signed_in
def answer_questions(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask what the law library needs to know, and show its advice as it changes."""
    flow = _draft_flow(request, reference)
    context = advice_context(flow)
    form = QuestionsForm(
        posted(request),
        questions=questions_to_answer(context["advice"]),
        answered=flow.legal_answers,
        hints=hints_of_columns(flow),
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(
            form,
            lambda: actions.answer_questions(
                flow=flow,
                answers=form.answers(),
                by=signed_in_person(request),
                at=now(),
            ),
        )
    ):
        messages.success(request, "The advice now rests on these answers.")
        return redirect("sharing-flow-questions", reference=flow.reference)
    return render_page(
        request,
        "sharing/questions.html",
        {**context, "form": form, "flow": flow},
        status=status_of(form),
    )


@require_http_methods(["GET", "POST"])
@signed_in
def report_gap(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask what the law stops, and keep it as evidence for reform."""
    flow = _draft_flow(request, reference)
    form = GapForm(posted(request))
    if (
        request.method == "POST"
        and form.is_valid()
        and attempt(
            form,
            lambda: actions.report_gap(
                flow=flow, by=signed_in_person(request), at=now(), **form.cleaned_data
            ),
        )
    ):
        messages.success(
            request, "The gap is in the log, with the facts of this request."
        )
        return redirect("sharing-law-log")
    return render_page(
        request,
        "sharing/gap.html",
        {**advice_context(flow), "form": form, "flow": flow},
        status=status_of(form),
    )


@require_GET
@signed_in
def show_law_log(request: HttpRequest) -> HttpResponse:
    """Show gaps met, like facts answered apart, and agreements the law has touched."""
    person = signed_in_person(request)
    check_see_requests(person)
    gaps = queries_law.legal_gaps(person, at=now())
    if wants_csv(request):
        return csv_response("legal-gaps", _HEADER, map(_row, gaps))
    return render_page(
        request,
        "sharing/law-log.html",
        {
            "gaps": [(gap, facts_in_words(gap.facts)) for gap in gaps],
            "apart": [
                (found, facts_in_words(found.facts))
                for found in queries_law.inconsistencies(person)
            ],
            "touched": [
                (each.agreement, changes_in_words(each.parts))
                for each in queries_law.touched_agreements(person, on=now().date())
            ],
            "verdicts": WORDS.verdicts,
        },
    )


_HEADER = ["facts", "times", "bodies", "verdicts", "working days", "said"]


def _row(gap: Gap) -> list[Any]:
    return [
        facts_in_words(gap.facts), gap.times, "; ".join(gap.bodies),
        "; ".join(gap.verdicts), gap.days_lost, " | ".join(gap.notes),
    ]  # fmt: skip


def facts_in_words(facts: tuple[str, ...]) -> str:
    """Say what makes cases alike: kinds of body, purpose, data, route."""
    holder, recipient, purpose, data, route = facts
    label = PURPOSES[purpose].label if purpose in PURPOSES else purpose
    parts = [
        f"{holder.replace('-', ' ')} to {recipient.replace('-', ' ')}".capitalize(),
        label.lower(),
        f"{data} data",
        f"under {_citation(route)}" if route else "no route stated",
    ]
    return ", ".join(parts)


def _citation(route_id: str) -> str:
    route = load_routes().find(route_id)
    return route.citation if route else route_id
