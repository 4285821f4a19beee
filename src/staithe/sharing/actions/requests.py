"""Requests: drafted, changed, sent, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.base.clock import to_text
from staithe.base.errors import BadInput
from staithe.base.ids import new_reference
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.sharing.actions.advice import keep_advice
from staithe.sharing.ladder import DECISION_DAYS, due_at
from staithe.sharing.models import Flow, LegalAdvice, Project, Request
from staithe.sharing.parties import deciders
from staithe.sharing.permissions import check_change_project, check_change_request
from staithe.sharing.policies import (
    check_complete,
    check_costs,
    check_draft,
    check_open_project,
    check_optional_text,
    check_retention,
)
from staithe.sharing.states import FLOW, REQUEST, find_next


if TYPE_CHECKING:
    from datetime import date, datetime

    from staithe.people.models import Person


_EDITABLE = frozenset(
    {
        "who_pays",
        "preparation_cost",
        "impact_if_refused",
        "needed_by",
        "retention_until",
    }
)


@action("sharing:request:drafted")
def draft_request(
    *,
    project: Project,
    who_pays: str,
    preparation_cost: int | None = None,
    impact_if_refused: str = "",
    needed_by: date | None = None,
    retention_until: date | None = None,
    by: Person,
    at: datetime,
) -> Request:
    """Open a draft that flows are added to; nobody else is told yet."""
    check_change_project(by, project)
    check_open_project(project)
    request = Request(
        reference=new_reference("REQ"),
        project=project,
        who_pays=who_pays,
        preparation_cost=preparation_cost,
        impact_if_refused=impact_if_refused,
        needed_by=needed_by,
        retention_until=retention_until,
        created_by=by,
        created_at=at,
    )
    _check_dates_and_costs(request, at=at)
    request.save()
    _record(request, by=by, at=at)
    return request


@action("sharing:request:edited")
def edit_request(
    *, request: Request, by: Person, at: datetime, **fields: Any
) -> Request:
    """Change the costs and dates of a draft: any of the fields of draft_request."""
    request.refresh_from_db()
    check_change_request(by, request)
    check_draft(request)
    strange = sorted(set(fields) - _EDITABLE)
    if strange:
        raise BadInput(f"A request has no field called {', '.join(strange)}.")
    for name, value in fields.items():
        setattr(request, name, value)
    _check_dates_and_costs(request, at=at)
    request.save(update_fields=sorted(fields))
    _record(request, by=by, at=at)
    return request


@action("sharing:request:submitted")
def submit_request(*, request: Request, by: Person, at: datetime) -> Request:
    """Send a draft to every holder and start the clock: ten working days."""
    request.refresh_from_db()
    check_change_request(by, request)
    request.state = REQUEST.next_state(request.state, "submit")
    flows = list(request.flows.select_related("asset__organisation"))
    check_complete(request, flows, on=at.date())
    request.submitted_at = at
    request.save(update_fields=["state", "submitted_at"])
    for flow in flows:
        flow.state = FLOW.next_state(flow.state, "submit")
        flow.due_at = due_at(at)
        flow.save(update_fields=["state", "due_at"])
        keep_advice(flow=flow, occasion=LegalAdvice.Occasion.SENT, by=by, at=at)
        _tell_holder(flow, at=at)
    record(
        by=by,
        at=at,
        subject=request.ledger_id,
        organisation=request.project.organisation.slug,
        request=request.reference,
        project=request.project.reference,
        flows=[_flow_facts(flow) for flow in flows],
        due_at=to_text(due_at(at)),
    )
    return request


@action("sharing:request:withdrawn")
def withdraw_request(*, request: Request, by: Person, at: datetime) -> Request:
    """Take a request back; what holders have already decided stays decided."""
    request.refresh_from_db()
    check_change_request(by, request)
    request.state = REQUEST.next_state(request.state, "withdraw")
    request.closed_at = at
    request.save(update_fields=["state", "closed_at"])
    for flow in request.flows.select_related("asset__organisation"):
        following = find_next(FLOW, flow.state, "withdraw")
        if following is None:
            continue
        was_sent = flow.state != Flow.State.DRAFT
        flow.state = following
        flow.save(update_fields=["state"])
        if was_sent:
            _tell_withdrawn(flow, at=at)
    _record(request, by=by, at=at)
    return request


def _check_dates_and_costs(request: Request, *, at: datetime) -> None:
    check_costs(
        who_pays=request.who_pays,
        preparation_cost=request.preparation_cost,
        needed_by=request.needed_by,
        today=at.date(),
    )
    check_retention(request.retention_until, today=at.date())
    request.impact_if_refused = check_optional_text(
        request.impact_if_refused, field="impact_if_refused"
    )


def _flow_facts(flow: Flow) -> dict[str, Any]:
    return {
        "flow": flow.reference,
        "asset": flow.asset.reference,
        "holder": flow.holder.slug,
        "route": flow.route_id,
        "columns": len(flow.columns),
    }


def _tell_holder(flow: Flow, *, at: datetime) -> None:
    project = flow.request.project
    notify(
        deciders(flow),
        title=f"{project.organisation.name} asks for {flow.asset.title}",
        body=f"The project is {project.title}. Decide within {DECISION_DAYS} working "
        "days; a decision that is late passes up.",
        link=f"/flows/{flow.reference}/decide",
        at=at,
        organisation=flow.holder,
    )


def _tell_withdrawn(flow: Flow, *, at: datetime) -> None:
    notify(
        deciders(flow),
        title=f"The request for {flow.asset.title} was withdrawn",
        body="There is nothing left for you to decide on it.",
        link=f"/requests/{flow.request.reference}",
        at=at,
        organisation=flow.holder,
    )


def _record(request: Request, *, by: Person, at: datetime) -> None:
    record(
        by=by,
        at=at,
        subject=request.ledger_id,
        organisation=request.project.organisation.slug,
        request=request.reference,
        project=request.project.reference,
    )
