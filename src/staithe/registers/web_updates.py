"""Pages of updates: what would change, who agrees, what waits for me."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.registers import queries_corrections, queries_updates, updates
from staithe.registers.forms import RefuseForm, SendForm
from staithe.registers.models import Line, Update
from staithe.registers.permissions import can_shape
from staithe.registers.policies import asks_second_person
from staithe.registers.web_edit import get_kept
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


State = Update.State
PAGE = 50
MOST_IN_CSV = 200_000
SAID = {
    State.WAITING: "Sent. It waits for a second person.",
    State.SCHEDULED: "Scheduled. It happens by itself.",
    State.APPLIED: "The changes are made.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def show_update(request: HttpRequest, slug: str, reference: str) -> HttpResponse:
    """Show what an update changes; send it, agree to it, refuse it, take it back."""
    register = get_kept(request, slug)
    update = queries_updates.get_update(register, reference)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    send = SendForm(request.POST if act == "send" else None)
    refuse = RefuseForm(request.POST if act == "refuse" else None)
    if act:
        done = _act(request, update, act, send, refuse)
        if done is not None:
            return done
    if wants_csv(request):
        return _lines_csv(update)
    me = signed_in_person(request).ledger_id
    page, shown = _lines(request, update)
    context = {
        "register": register,
        "update": update,
        "counts": queries_updates.counts_of(update),
        "page": page,
        "lines": shown,
        "send": send,
        "refuse": refuse,
        "form": refuse if act == "refuse" else send,
        "makes": updates.will_change(update).exists(),
        "is_mine": update.made_by == me,
        "asks_second": asks_second_person(register),
        "shapes": not update.lines.filter(kind__in=updates.SHAPE).exists()
        or can_shape(request.user, register),
        "maker": queries_updates.name_of_person(update.made_by),
        "decider": queries_updates.name_of_person(update.decided_by),
    }
    status = 422 if context["form"].errors else 200
    return render_page(request, "registers/update.html", context, status=status)


def _act(
    request: HttpRequest, update: Update, act: str, send: SendForm, refuse: RefuseForm
) -> HttpResponse | None:
    """Do what was asked and lead on; None where the page must say what is wrong."""
    given: dict[str, Any] = {
        "update": update,
        "by": signed_in_person(request),
        "at": now(),
    }
    form = refuse if act == "refuse" else send
    try:
        if act == "agree":
            done = updates.agree_update(**given)
        elif act == "withdraw":
            updates.withdraw_update(**given)
            messages.success(request, "Withdrawn. Nothing was changed.")
            return redirect("registers-register-show", slug=update.register.name)
        elif not form.is_valid():
            return None
        elif act == "refuse":
            done = updates.refuse_update(reason=form.cleaned_data["reason"], **given)
        else:
            day = form.cleaned_data["apply_on"]
            done = updates.send_update(
                reason=form.cleaned_data["reason"],
                apply_at=_start_of(day) if day else None,
                **given,
            )
    except UserError as error:
        if not form.is_bound:
            raise
        form.refuse(error)
        return None
    messages.success(request, SAID.get(State(done.state), "Your answer is recorded."))
    return redirect(
        "registers-update-show", slug=update.register.name, reference=update.reference
    )


def _start_of(day: date) -> datetime:
    """Return the first moment of a day where the service's people are."""
    zone = timezone.get_current_timezone()
    return datetime.combine(day, time(), tzinfo=zone)


def _lines(
    request: HttpRequest, update: Update
) -> tuple[Any, list[queries_updates.Shown]]:
    query = query_of(request)
    if update.state == State.APPLIED and update.first_entry and update.last_entry:
        numbers = range(update.first_entry, update.last_entry + 1)
        page = paginate(numbers, query=query, size=PAGE)
        shown = queries_updates.show_entries(
            update.register, page.items[0], page.items[-1]
        )
        wrong = list(update.lines.filter(kind=Line.Kind.WRONG)[:PAGE])
        return page, shown + queries_updates.show_lines(update, wrong)
    # What is wrong comes first: it is what a person must look at.
    lines = update.lines.order_by("-kind", "number")
    page = paginate(lines, query=query, size=PAGE)
    return page, queries_updates.show_lines(update, list(page.items))


def _lines_csv(update: Update) -> HttpResponse:
    rows = [
        (
            line.row,
            line.kind,
            line.key,
            line.problem,
            change.field,
            change.before,
            change.after,
        )
        for line in queries_updates.show_lines(
            update, list(update.lines.all()[:MOST_IN_CSV])
        )
        for change in line.changes or (queries_updates.NOTHING,)
    ]
    header = ["row", "kind", "key", "problem", "field", "before", "after"]
    return csv_response(update.reference, header, rows)


@require_safe
@signed_in
def list_updates(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the updates of a register: what waits, what is scheduled, what was done."""
    register = get_kept(request, slug)
    context = {
        "register": register,
        "open": list(queries_updates.open_updates(register)[:200]),
        "page": paginate(
            queries_updates.past_updates(register), query=query_of(request)
        ),
    }
    return render_page(request, "registers/updates.html", context)


@require_safe
@signed_in
def show_queue(request: HttpRequest) -> HttpResponse:
    """Show everything that waits for whoever is signed in."""
    context = {
        "updates": list(queries_updates.updates_waiting_for(request.user)[:200]),
        "corrections": queries_corrections.queue_of(request.user, at=now()),
        "late": queries_corrections.late_reviews(request.user, at=now()),
    }
    return render_page(request, "registers/queue.html", context)
