"""The holder's pages: one flow with its facts, the decision, its confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staithe.base.clock import now
from staithe.base.errors import Conflict, NotFound
from staithe.law.routes import load_routes
from staithe.law.vocabulary import WORDS
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries, queries_law
from staithe.sharing.advice import advice_context, routes_tried
from staithe.sharing.forms_decide import (
    AgreeForm,
    OfferForm,
    OutcomeForm,
    PartForm,
    RefuseForm,
)
from staithe.sharing.models import Agreement, Decision, Flow, LegalAdvice
from staithe.sharing.permissions import (
    can_decide_flow,
    can_offer_agreement,
    can_review_flow,
    check_decide_flow,
    check_offer_agreement,
)
from staithe.sharing.reasons import REFUSAL_REASONS
from staithe.sharing.terms import filter_from_plain
from staithe.sharing.web import attempt, posted, status_of
from staithe.ui.web import render_page


if TYPE_CHECKING:
    from datetime import date

    from django.http import HttpRequest, HttpResponse

    from staithe.ui.forms import Form


_FORMS: dict[str, type[AgreeForm | RefuseForm]] = {
    "agree": AgreeForm,
    "agree-in-part": PartForm,
    "refuse": RefuseForm,
}


@require_GET
@signed_in
def show_flow(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what is asked of one holder and what became of it."""
    person = signed_in_person(request)
    flow = queries.get_flow(reference, person=person)
    decision = Decision.objects.filter(flow=flow).first()
    kept = LegalAdvice.objects.filter(decision=decision).first() if decision else None
    return render_page(
        request,
        "sharing/flow.html",
        {
            **_facts(flow),
            **advice_context(flow),
            "decision": decision,
            "kept": kept,
            "kept_verdict": WORDS.verdicts[kept.verdict].text
            if kept and kept.verdict
            else "Nothing: the facts could not be read",
            "agreement": Agreement.objects.filter(flow=flow).first(),
            "escalations": flow.escalations.select_related("person"),
            "reasons": REFUSAL_REASONS,
            "may_decide": flow.state in queries.OPEN_FLOWS
            and can_decide_flow(person, flow),
            "may_offer": flow.state == Flow.State.AGREED
            and can_offer_agreement(person, flow),
        },
    )


@require_http_methods(["GET", "POST"])
@signed_in
def decide(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the facts, the route’s conditions and precedents; ask for the decision."""
    person = signed_in_person(request)
    flow = _open_flow(request, reference)
    form = OutcomeForm(posted(request))
    if request.method == "POST" and form.is_valid():
        return redirect(
            "sharing-flow-answer",
            reference=flow.reference,
            outcome=form.cleaned_data["outcome"],
        )
    return render_page(
        request,
        "sharing/decide.html",
        {
            **_facts(flow),
            **advice_context(flow),
            "form": form,
            "precedents": queries.precedents(flow),
            "same": queries_law.legal_precedents(flow),
            "reasons": REFUSAL_REASONS,
            "talk": queries.conversation(flow.request, person=person),
            "may_review": flow.state == Flow.State.SUBMITTED
            and can_review_flow(person, flow),
        },
        status=status_of(form),
    )


@require_POST
@signed_in
def start_review(request: HttpRequest, reference: str) -> HttpResponse:
    """Take a flow into review."""
    person = signed_in_person(request)
    flow = queries.get_flow(reference, person=person)
    actions.start_review(flow=flow, by=person, at=now())
    messages.success(request, "The requester can see that you have it.")
    return redirect("sharing-flow-decide", reference=flow.reference)


@require_http_methods(["GET", "POST"])
@signed_in
def answer(request: HttpRequest, reference: str, outcome: str) -> HttpResponse:
    """Ask for what the answer needs, show it once more, then record it."""
    if outcome not in _FORMS:
        raise NotFound("There is no such decision.")
    flow = _open_flow(request, reference)
    form = _FORMS[outcome].for_flow(posted(request), flow, today=now().date())
    act = request.POST.get("act", "")
    if request.method == "POST" and form.is_valid() and act != "change":
        if act != "confirm":
            return _check_page(request, flow, form, outcome)
        if attempt(form, lambda: _record(request, flow, form)):
            return redirect("sharing-flow-decided", reference=flow.reference)
    return render_page(
        request,
        "sharing/answer.html",
        {
            "form": form,
            "flow": flow,
            "outcome": outcome,
            "label": Decision.Outcome(outcome).label,
            "hints": {
                code: f"{reason.applies_when} {reason.way_forward}"
                for code, reason in REFUSAL_REASONS.items()
            },
        },
        status=status_of(form),
    )


@require_GET
@signed_in
def decided(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirm a decision, with what happens next."""
    flow = queries.get_flow(reference, person=signed_in_person(request))
    decision = Decision.objects.filter(flow=flow).first()
    if decision is None:
        raise Conflict("This has not been decided yet.")
    agreement = Agreement.objects.filter(flow=flow).first()
    return render_page(
        request,
        "sharing/decided.html",
        {"flow": flow, "decision": decision, "agreement": agreement},
    )


@require_http_methods(["GET", "POST"])
@signed_in
def offer(request: HttpRequest, reference: str) -> HttpResponse:
    """Offer terms for a flow that was agreed without them."""
    person = signed_in_person(request)
    flow = queries.get_flow(reference, person=person)
    check_offer_agreement(person, flow)
    form = OfferForm(posted(request))
    if request.method == "POST" and form.is_valid():
        ends_on: date = form.cleaned_data["ends_on"]
        if attempt(
            form,
            lambda: actions.offer_agreement(
                flow=flow, ends_on=ends_on, by=person, at=now()
            ),
        ):
            return redirect("sharing-flow-decided", reference=flow.reference)
    return render_page(
        request,
        "sharing/offer.html",
        {"form": form, "flow": flow},
        status=status_of(form),
    )


def _open_flow(request: HttpRequest, reference: str) -> Flow:
    """Return a flow that this person may decide now."""
    person = signed_in_person(request)
    flow = queries.get_flow(reference, person=person)
    check_decide_flow(person, flow)
    if flow.state not in queries.OPEN_FLOWS:
        label = Flow.State(flow.state).label.lower()
        raise Conflict(f"There is nothing left to decide: this is {label}.")
    return flow


def _facts(flow: Flow) -> dict[str, Any]:
    """Return what a decider weighs: who asks, what for, under which route."""
    route = load_routes().find(flow.route_id)
    tried = routes_tried(flow, [flow.route_id], on=now().date()).get(flow.route_id)
    return {
        "flow": flow,
        "asked": flow.request,
        "project": flow.request.project,
        "columns": queries.asked_columns(flow),
        "row_filter": filter_from_plain(flow.row_filter),
        "waiting": queries.waiting(flow, at=now()),
        "route": route,
        "sides": tried.sides_in_words() if tried else ("Not known", "Not known"),
        "people": [
            member.person
            for member in flow.request.project.members.filter(
                ended_at=None
            ).select_related("person")
        ],
    }


def _check_page(
    request: HttpRequest, flow: Flow, form: Form, outcome: str
) -> HttpResponse:
    """Show the answer once more; the answers travel as hidden fields."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in {"csrfmiddlewaretoken", "act"}
        for value in values
    ]
    return render_page(
        request,
        "sharing/answer-check.html",
        {
            "flow": flow,
            "kept": kept,
            "label": Decision.Outcome(outcome).label,
            "rows": [(str(field.label), _shown(form, field)) for field in form],
        },
    )


def _shown(form: Form, field: Any) -> Any:
    """Return one answer as a person reads it."""
    value = form.cleaned_data[field.name]
    words = dict(getattr(field.field, "choices", ()))
    if isinstance(value, list):
        return ", ".join(str(words.get(each, each)) for each in value)
    if hasattr(value, "strftime"):
        return f"{value:%-d %B %Y}"
    return words.get(value, value)


def _record(
    request: HttpRequest, flow: Flow, form: AgreeForm | RefuseForm
) -> Decision | Agreement:
    person = signed_in_person(request)
    if isinstance(form, RefuseForm):
        return actions.decide_flow(flow=flow, by=person, at=now(), **form.answer())
    return actions.decide_and_offer(flow=flow, by=person, at=now(), **form.answer())
