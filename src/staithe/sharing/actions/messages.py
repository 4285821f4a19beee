"""The conversation beside a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.sharing.models import Flow, Message, Request
from staithe.sharing.parties import deciders, requesters
from staithe.sharing.permissions import check_say, is_member
from staithe.sharing.policies import check_text


if TYPE_CHECKING:
    from datetime import datetime

    from staithe.people.models import Person


@action("sharing:message:sent")
def say(
    *, request: Request, text: str, flow: Flow | None = None, by: Person, at: datetime
) -> Message:
    """Write to the other side: about one flow, or to every holder."""
    request.refresh_from_db()
    if flow is not None and flow.request_id != request.pk:
        raise BadInput("That data is not part of this request.", field="flow")
    check_say(by, request, flow)
    if request.submitted_at is None:
        raise Conflict("Send the request before you write to its holders.")
    message = Message.objects.create(
        request=request,
        flow=flow,
        person=by,
        text=check_text(text, field="text", ask="Enter a message."),
        at=at,
    )
    _tell(message, at=at)
    record(
        by=by,
        at=at,
        subject=request.ledger_id,
        organisation=request.project.organisation.slug,
        request=request.reference,
        flow=flow.reference if flow else "",
        message=message.pk,
    )
    return message


def _tell(message: Message, *, at: datetime) -> None:
    request = message.request
    flows = (
        [message.flow]
        if message.flow
        else list(request.flows.select_related("asset__organisation"))
    )
    others = requesters(request.project)
    if is_member(message.person, request.project):
        others = [person for flow in flows for person in deciders(flow)]
    notify(
        [person for person in others if person != message.person],
        title=f"{message.person.name} wrote about {request.project.title}",
        body=message.text,
        link=f"/requests/{request.reference}#conversation",
        at=at,
    )
