"""The ledger's events for programs: what is public of each, and what is yours to read.

Without a token an event is its number, its time and its commitment. With one, a
person who works for a body that an event concerns also reads what it says, and takes
the receipt that proves it to anyone.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from staithe.accountability.permissions import check_see_body, visible_events
from staithe.accountability.queries import find_events
from staithe.accountability.web_ledger import MOST, Shown, show
from staithe.base.clock import now
from staithe.ledger import queries, receipt
from staithe.people.tokens import API_AUTH, asker, signed_in_person
from staithe.sharing.schemas import PageOut
from staithe.sharing.shapes import page_of


router = Router(tags=["accountability"])


class EventFilter(Schema):
    """Which events; a filter looks only at those whose content you may read."""

    name: str = Field("", description="Such as sharing:decision:recorded")
    about: str = Field("", description="A reference, such as REQ-7F3K2M9Q")
    body: str = Field("", description="Slug of the body that it belongs to")
    page: int = 1
    size: int = 50


class EventOut(Schema):
    """An event; what is not yours to read is null."""

    number: int
    at: datetime
    commitment: str = Field(description="Lower-case hexadecimal of 32 bytes.")
    name: str | None = None
    words: str | None = None
    subject: str | None = None
    organisation: str | None = Field(default=None, description="Slug of the body")
    by: str | None = None
    says: dict[str, Any] | None = None


@router.get("/ledger/events", response=PageOut[EventOut], auth=None)
def list_events(request: HttpRequest, wanted: Query[EventFilter]) -> PageOut[EventOut]:
    """List events, the newest first."""
    reader = asker(request)
    found = find_events(
        visible_events(reader),
        name=wanted.name,
        subject=wanted.about,
        organisation=wanted.body,
    ).order_by("-number")
    page: PageOut[Any] = page_of(found, _same, page=wanted.page, size=wanted.size)
    shown = [_event_out(each) for each in show(page.items, reader)]
    return PageOut(items=shown, total=page.total, page=page.page, size=page.size)


@router.get("/ledger/events/{int:number}", response=EventOut, auth=None)
def show_event(request: HttpRequest, number: int) -> EventOut:
    """Show one event and, to who may read it, what it says."""
    event = queries.get_event(min(number, MOST))
    (shown,) = show([event], asker(request))
    return _event_out(shown)


@router.get("/ledger/events/{int:number}/receipt", auth=API_AUTH)
def show_receipt(request: HttpRequest, number: int) -> HttpResponse:
    """Give an event's receipt: what it says, its salt and its proof, to keep."""
    event = queries.get_event(min(number, MOST))
    check_see_body(signed_in_person(request), event)
    text = receipt.to_json(queries.receipt_for(event, at=now()))
    return HttpResponse(text, content_type="application/json")


def _same(event: Any) -> Any:
    return event


def _event_out(shown: Shown) -> EventOut:
    event = shown.event
    public = EventOut(number=event.number, at=event.at, commitment=shown.commitment)
    if not shown.open:
        return public
    return public.model_copy(
        update={
            "name": event.name,
            "words": shown.words,
            "subject": event.subject,
            "organisation": event.organisation or None,
            "by": shown.by,
            "says": json.loads(event.body) if event.body else None,
        }
    )
