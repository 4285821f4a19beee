"""Flows of a draft: which data, which columns, under which legal route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.base.errors import Conflict
from staithe.base.ids import new_reference
from staithe.ledger.actions import action, record
from staithe.sharing.models import Flow, Request
from staithe.sharing.permissions import check_change_request
from staithe.sharing.policies import (
    check_can_be_asked_for,
    check_columns,
    check_draft,
    check_optional_text,
    check_route,
    check_row_filter,
    check_text,
)


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from staithe.catalogue.models import Asset
    from staithe.people.models import Person


@action("sharing:flow:added")
def add_flow(
    *,
    request: Request,
    asset: Asset,
    columns: Sequence[str],
    link_columns: Sequence[str] = (),
    justification: str = "",
    row_filter: Mapping[str, Any] | None = None,
    by: Person,
    at: datetime,
) -> Flow:
    """Ask one holder for columns of one asset, in a draft.

    `columns` are what the analyst sees; `link_columns` only the linkage step sees.
    """
    request.refresh_from_db()
    check_change_request(by, request)
    check_draft(request)
    if request.flows.filter(asset=asset).exists():
        raise Conflict(f"This request already asks for {asset.title}. Change it there.")
    flow = Flow(reference=new_reference("FLW"), request=request, asset=asset)
    _fill(flow, columns, link_columns, justification, row_filter)
    flow.save()
    _record(flow, by=by, at=at, columns=len(flow.columns))
    return flow


@action("sharing:flow:edited")
def edit_flow(
    *,
    flow: Flow,
    columns: Sequence[str],
    link_columns: Sequence[str] = (),
    justification: str = "",
    row_filter: Mapping[str, Any] | None = None,
    by: Person,
    at: datetime,
) -> Flow:
    """Replace what a draft flow asks for; its legal route stays."""
    _check_editable(flow, by=by)
    _fill(flow, columns, link_columns, justification, row_filter)
    flow.save()
    _record(flow, by=by, at=at, columns=len(flow.columns))
    return flow


@action("sharing:flow:removed")
def remove_flow(*, flow: Flow, by: Person, at: datetime) -> None:
    """Take one holder's data out of a draft."""
    _check_editable(flow, by=by)
    _record(flow, by=by, at=at)
    flow.delete()


@action("sharing:route:chosen")
def choose_route(
    *, flow: Flow, route_id: str, reason: str, by: Person, at: datetime
) -> Flow:
    """State under which encoded route this flow is asked for, and why it fits."""
    _check_editable(flow, by=by)
    route = check_route(flow, route_id, on=at.date())
    flow.route_id = route.id
    flow.route_citation = route.citation
    flow.route_reason = check_text(
        reason, field="reason", ask="Say why this route fits what you ask for."
    )
    flow.save(update_fields=["route_id", "route_citation", "route_reason"])
    _record(flow, by=by, at=at, route=route.id, citation=route.citation)
    return flow


def _check_editable(flow: Flow, *, by: Person) -> None:
    flow.refresh_from_db()
    check_change_request(by, flow.request)
    check_draft(flow.request)


def _fill(
    flow: Flow,
    columns: Sequence[str],
    link_columns: Sequence[str],
    justification: str,
    row_filter: Mapping[str, Any] | None,
) -> None:
    version = check_can_be_asked_for(flow.asset)
    check_columns(version, columns=columns, link_columns=link_columns)
    flow.columns = list(columns)
    flow.link_columns = list(link_columns)
    flow.row_filter = check_row_filter(version, row_filter)
    flow.justification = check_optional_text(justification, field="justification")


def _record(flow: Flow, *, by: Person, at: datetime, **body: Any) -> None:
    record(
        by=by,
        at=at,
        subject=flow.ledger_id,
        organisation=flow.request.project.organisation.slug,
        flow=flow.reference,
        request=flow.request.reference,
        asset=flow.asset.reference,
        holder=flow.holder.slug,
        **body,
    )
