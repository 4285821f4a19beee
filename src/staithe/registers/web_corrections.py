"""Pages of proposed corrections: sent by anyone, decided by the owner, told to all."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from staithe.base.clock import now
from staithe.base.errors import BadInput, UserError
from staithe.people.models import Person
from staithe.people.sign_in import address_of
from staithe.people.tokens import signed_in_person
from staithe.registers import (
    corrections,
    mending,
    queries,
    queries_corrections,
    strangers,
)
from staithe.registers.forms import CorrectionForm, DecisionForm, MissingForm
from staithe.registers.item import Item
from staithe.registers.models import Correction, Register
from staithe.registers.permissions import can_keep
from staithe.registers.web_edit import answer_with, posted
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, slug: str, key: str = "") -> HttpResponse:
    """Let anyone propose a change to a record, or without a key a missing record."""
    register = queries.get_register(slug, person=request.user)
    held = mending.get_held(register, key)[1] if key else {}
    kind = CorrectionForm if key else MissingForm
    form = kind(
        posted(request),
        schema=mending.get_schema(register),
        values=held,
        initial={"started": strangers.start_token(at=now())},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = _propose(request, register, key, form)
        except UserError as error:
            form.refuse(error)
        else:
            done = {
                "register": register,
                "correction": made,
                "follow": strangers.follow_token(made),
            }
            return render_page(request, "registers/proposed.html", done)
    return answer_with(
        request, "registers/propose.html", form, register=register, key=key
    )


def _propose(
    request: HttpRequest, register: Register, key: str, form: CorrectionForm
) -> Correction:
    at = now()
    if form.cleaned_data["website"]:
        raise BadInput("Leave the hidden field empty.")
    person = request.user if isinstance(request.user, Person) else None
    if person is None:
        strangers.check_started(form.cleaned_data["started"], at=at)
    return corrections.propose_correction(
        register=register,
        key=key or form.cleaned_data["key"].strip(),
        missing=not key,
        changes={n: v for n, v in form.changes().items() if key or v},
        evidence=form.cleaned_data["evidence"],
        contact_email=form.cleaned_data["contact_email"],
        source=strangers.source_hash(address_of(request), at=at),
        by=person,
        at=at,
    )


@require_safe
def list_corrections(request: HttpRequest, slug: str) -> HttpResponse:
    """Show how corrections went, and to the owner what waits."""
    register = queries.get_register(slug, person=request.user)
    shown = queries_corrections.shown_corrections(register, person=request.user)
    if wants_csv(request):
        return _corrections_csv(register, list(shown[:5000]))
    waiting = shown.filter(state=Correction.State.OPEN).order_by("made_at")
    keeps = can_keep(request.user, register)
    context = {
        "register": register,
        "figures": queries_corrections.figures_of(register, at=now()),
        "waiting": queries_corrections.weigh(waiting[:100], at=now()) if keeps else [],
        "page": paginate(
            shown.exclude(state=Correction.State.OPEN), query=query_of(request)
        ),
        "keeps": keeps,
    }
    return render_page(request, "registers/corrections.html", context)


def _corrections_csv(register: Register, found: list[Correction]) -> HttpResponse:
    rows = [
        (c.reference, c.key, c.made_at, c.get_state_display(), c.decided_at, c.reason, c.entry_number)
        for c in found
    ]  # fmt: skip
    header = ["proposal", "record", "proposed", "state", "decided", "reason", "entry"]
    return csv_response(f"{register.name}-corrections", header, rows)


@require_http_methods(["GET", "HEAD", "POST"])
def show_correction(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Show a proposal; the owner decides it."""
    register = queries.get_register(slug, person=request.user)
    token = request.GET.get("follow", "")
    correction = queries_corrections.get_correction(
        register, reference, person=request.user, token=token
    )
    keeps = can_keep(request.user, register)
    decides = keeps and correction.state == Correction.State.OPEN
    form = _decision_form(request, register, correction) if decides else None
    if form is not None and request.method == "POST" and form.is_valid():
        try:
            done = _decide(request, correction, form)
        except UserError as error:
            form.refuse(error)
        else:
            return _decided(request, done)
    is_open = correction.state in queries_corrections.WAITING
    proposal = queries_corrections.weigh([correction], at=now())[0]
    context = {
        "register": register,
        "correction": correction,
        "proposal": proposal,
        "changes": proposal.changes
        if is_open
        else queries_corrections.before_and_after(correction),
        "form": form,
        "says_how": keeps
        or queries_corrections.is_proposer(
            correction, person=request.user, token=token
        ),
        "supports": list(correction.supports.all()) if keeps else [],
        "others": queries_corrections.others_about(correction) if keeps else [],
        "keeps": keeps,
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "registers/correction.html", context, status=status)


def _decision_form(
    request: HttpRequest, register: Register, correction: Correction
) -> DecisionForm:
    schema = mending.get_schema(register)
    held: Item = {}
    if correction.number_seen:
        held = mending.get_held(register, correction.key)[1]
    proposed = schema.with_texts(held, correction.changes)
    return DecisionForm(
        posted(request),
        schema=schema,
        values=proposed,
        only=correction.changes if correction.number_seen else None,
        asks_key=not correction.key,
    )


def _decide(
    request: HttpRequest, correction: Correction, form: DecisionForm
) -> Correction:
    changes = {n: v for n, v in form.changes().items() if correction.number_seen or v}
    return corrections.decide_correction(
        correction=correction,
        outcome=form.cleaned_data["outcome"],
        reason=form.cleaned_data["reason"],
        changes=changes,
        key=form.cleaned_data.get("key", ""),
        by=signed_in_person(request),
        at=now(),
    )


def _decided(request: HttpRequest, done: Correction) -> HttpResponse:
    waits = done.state == Correction.State.AGREED
    said = "Your decision is recorded."
    messages.success(request, f"{said} A second person must agree." if waits else said)
    return redirect("registers-correction-list", slug=done.register.name)


@require_safe
def compare_corrections(request: HttpRequest) -> HttpResponse:
    """Show how fast and how often each register's corrections are accepted."""
    found = queries.visible_registers(request.user).select_related("owner")
    listed = list(found)
    figures = queries_corrections.figures_of_all(listed, at=now())
    rows = [(each, figures[each.pk]) for each in listed if figures[each.pk].proposed]
    if wants_csv(request):
        cells = [
            (
                r.name,
                f.proposed,
                f.accepted,
                f.declined,
                f.waiting,
                f.late,
                f.median_days,
            )
            for r, f in rows
        ]
        header = ["register", "proposed", "accepted", "declined", "waiting", "late", "median_days"]  # fmt: skip
        return csv_response("corrections", header, cells)
    return render_page(request, "registers/correction_figures.html", {"rows": rows})
