"""Pages about requests: the list, the queue of decisions, one request, its talk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staithe.base.clock import now
from staithe.base.errors import BadInput, Conflict, NotFound
from staithe.ledger.models import Event
from staithe.people.permissions import Permission, can_somewhere
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.sharing import actions, queries
from staithe.sharing.forms import MessageForm, QueueFilter, RequestFilter
from staithe.sharing.models import Flow, Request
from staithe.sharing.panels import draw
from staithe.sharing.permissions import (
    can_change_request,
    can_decide_flow,
    can_say,
    check_change_request,
    check_see_requests,
)
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse, QueryDict

    from staithe.ui.forms import Form


def attempt(form: Form, act: Callable[[], object]) -> bool:
    """Do an act; show on the form why it could not be done, where the form can tell."""
    try:
        act()
    except (BadInput, Conflict) as error:
        form.refuse(error)
        return False
    return True


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, even if nothing; None where it was not."""
    return request.POST if request.method == "POST" else None


def status_of(form: Form) -> int:
    """Return 422 for a form that was sent and refused."""
    return 422 if form.is_bound and form.errors else 200


@require_GET
@signed_in
def list_requests(request: HttpRequest) -> HttpResponse:
    """List the requests that a person may see."""
    person = signed_in_person(request)
    query = query_of(request)
    form = RequestFilter(request.GET)
    found = queries.find_requests(
        person, state=_known(query.get("state"), Request.State.values)
    )
    if wants_csv(request):
        return csv_response("requests", _REQUEST_HEADER, map(_request_row, found))
    return render_page(
        request,
        "sharing/requests.html",
        {
            "filter_form": form,
            "page": paginate(found, query=query),
            "may_ask": can_somewhere(person, Permission.MAKE_REQUEST),
            "may_see": can_somewhere(person, Permission.SEE_REQUEST),
            "queue_total": queries.to_decide(person).count(),
        },
    )


@require_GET
@signed_in
def list_queue(request: HttpRequest) -> HttpResponse:
    """List what waits for the person's decision, the longest waiting first."""
    person = signed_in_person(request)
    check_see_requests(person)
    query = query_of(request)
    found = queries.to_decide(person, step=_known(query.get("step"), Flow.Step.values))
    at = now()
    if wants_csv(request):
        rows = (_queue_row(queries.waiting(flow, at=at)) for flow in found)
        return csv_response("decisions-waiting", _QUEUE_HEADER, rows)
    page = paginate(found, query=query)
    return render_page(
        request,
        "sharing/queue.html",
        {
            "filter_form": QueueFilter(request.GET),
            "page": page,
            "rows": [queries.waiting(flow, at=at) for flow in page.items],
        },
    )


@require_GET
@signed_in
def show_request(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a request: what is left to do of a draft, what became of a sent one."""
    person = signed_in_person(request)
    asked = queries.get_request(reference, person=person)
    if asked.state == Request.State.DRAFT:
        return _show_draft(request, asked)
    return _show_sent(request, asked, MessageForm(None, flows=_flows(asked)))


@require_POST
@signed_in
def send_message(request: HttpRequest, reference: str) -> HttpResponse:
    """Write a line to the other side."""
    person = signed_in_person(request)
    asked = queries.get_request(reference, person=person)
    flows = _flows(asked)
    form = MessageForm(request.POST, flows=flows)
    if form.is_valid():
        about = {flow.reference: flow for flow in flows}.get(form.cleaned_data["about"])
        if attempt(
            form,
            lambda: actions.say(
                request=asked,
                text=form.cleaned_data["text"],
                flow=about,
                by=person,
                at=now(),
            ),
        ):
            return redirect(f"/requests/{asked.reference}#conversation")
    return _show_sent(request, asked, form)


@require_http_methods(["GET", "POST"])
@signed_in
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask once more, then take a request back."""
    person = signed_in_person(request)
    asked = queries.get_request(reference, person=person)
    check_change_request(person, asked)
    if request.method == "POST":
        actions.withdraw_request(request=asked, by=person, at=now())
        messages.success(request, "The request is withdrawn.")
        return redirect("sharing-request-list")
    return render_page(request, "sharing/withdraw.html", {"asked": asked})


def find_flow_of(asked: Request, reference: str) -> Flow:
    """Return a flow of this request; NotFound."""
    for flow in _flows(asked):
        if flow.reference == reference:
            return flow
    raise NotFound("There is no such data in this request.")


def _show_draft(request: HttpRequest, asked: Request) -> HttpResponse:
    flows = _flows(asked)
    return render_page(
        request,
        "sharing/draft.html",
        {
            "asked": asked,
            "flows": flows,
            "costs_done": has_costs(asked),
            "may_change": can_change_request(signed_in_person(request), asked),
            "panels": draw("request", asked, request),
        },
    )


def _show_sent(request: HttpRequest, asked: Request, form: Form) -> HttpResponse:
    person = signed_in_person(request)
    flows = _flows(asked)
    at = now()
    return render_page(
        request,
        "sharing/request.html",
        {
            "asked": asked,
            "rows": [queries.waiting(flow, at=at) for flow in flows],
            "deciding": {
                flow.reference
                for flow in flows
                if flow.state in queries.OPEN_FLOWS and can_decide_flow(person, flow)
            },
            "talk": queries.conversation(asked, person=person),
            "form": form,
            "may_say": can_say(person, asked, None),
            "may_withdraw": asked.state == Request.State.SUBMITTED
            and can_change_request(person, asked),
            "entries": queries.timeline(asked),
            "panels": draw("request", asked, request),
        },
        status=status_of(form),
    )


def has_costs(asked: Request) -> bool:
    """Say whether somebody has answered the page about costs and dates."""
    return (
        asked.retention_until is not None
        and Event.objects.filter(
            name="sharing:request:edited", subject=asked.ledger_id
        ).exists()
    )


def _flows(asked: Request) -> list[Flow]:
    return list(
        asked.flows.select_related("asset__organisation", "decider", "decision")
    )


def _known(value: str, values: list[str]) -> str:
    return value if value in values else ""


_REQUEST_HEADER = ["reference", "project", "organisation", "state", "sent", "holders"]


def _request_row(asked: Request) -> list[object]:
    return [
        asked.reference,
        asked.project.title,
        asked.project.organisation.name,
        asked.state,
        asked.submitted_at,
        getattr(asked, "flow_count", ""),
    ]


_QUEUE_HEADER = ["flow", "data", "asked by", "project", "days", "due", "step"]


def _queue_row(row: queries.Waiting) -> list[object]:
    flow = row.flow
    return [
        flow.reference,
        flow.asset.title,
        flow.request.project.organisation.name,
        flow.request.project.title,
        row.days,
        flow.due_at,
        flow.step,
    ]
