"""The ledger for people: what it is, what it holds, and how to check it yourself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from staithe.accountability.forms import LedgerFilter
from staithe.accountability.permissions import (
    check_see_body,
    visible_events,
)
from staithe.accountability.queries import (
    bodies_of,
    find_events,
    kinds_of,
    names_of_bodies,
)
from staithe.base.clock import now
from staithe.ledger import keys, proof, queries, receipt, tree
from staithe.ledger.wording import event_words
from staithe.people.models import Person
from staithe.people.queries import names_of
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from staithe.ledger.models import Checkpoint, Event


CSV_HEADER = ("event", "at", "commitment", "name", "subject", "body", "by")
# One page of a spreadsheet; the whole log is a download of its own.
MOST_CSV_ROWS = 100_000
MOST = 2**53  # beyond what a database holds: no such event


@dataclass(frozen=True, slots=True)
class Shown:
    """One event as a reader may see it: beyond the public part only if `open`."""

    event: Event
    open: bool
    words: str
    by: str
    organisation: str

    @property
    def commitment(self) -> str:
        """Return the event's public commitment in hexadecimal."""
        return bytes(self.event.commitment).hex()


@require_safe
def list_events(request: HttpRequest) -> HttpResponse:
    """List the newest events; what they say only to those who may read it."""
    person = request.user
    query = query_of(request)
    reader = isinstance(person, Person)
    mine = visible_events(person)
    form = LedgerFilter(
        request.GET,
        names=kinds_of(mine) if reader else [],
        bodies=bodies_of(mine) if reader else [],
    )
    wanted = form.cleaned_data if form.is_valid() else {}
    found = find_events(mine, **wanted).order_by("-number")
    if wants_csv(request):
        rows = map(_csv_row, show(list(found[:MOST_CSV_ROWS]), person))
        return csv_response("ledger", CSV_HEADER, rows)
    page = paginate(found, query=query)
    return render_page(
        request,
        "accountability/ledger.html",
        {
            "filter_form": form,
            "filtered": any(wanted.values()),
            "reader": reader,
            "page": page,
            "shown": show(page.items, person),
            "signed": _newest(),
            "key": str(keys.verifier_keys()[0]),
            "base_url": settings.BASE_URL,
        },
        status=422 if form.errors else 200,
    )


@require_safe
def show_event(request: HttpRequest, number: int) -> HttpResponse:
    """Show one event, its proof, and how to verify it with the network off."""
    event = _event(number)
    (shown,) = show([event], request.user)
    entry = queries.entry_of(event) if shown.open else None
    return render_page(
        request,
        "accountability/event.html",
        {
            "shown": shown,
            "event": event,
            "erased": event.body is None,
            "body": json.dumps(entry.body, indent=2, ensure_ascii=False)
            if entry
            else "",
            "leaf": tree.leaf_hash(bytes(event.commitment)).hex(),
            "key": str(keys.verifier_keys()[0]),
            "base_url": settings.BASE_URL,
        },
    )


@require_safe
def download_receipt(request: HttpRequest, number: int) -> HttpResponse:
    """Give an event's receipt: what it says, with its proof, in one file."""
    event = _event(number)
    check_see_body(request.user, event)
    text = receipt.to_json(queries.receipt_for(event, at=now()))
    return _file(text, f"event-{number}.json", kind="application/json")


@require_safe
def download_proof(request: HttpRequest, number: int) -> HttpResponse:
    """Give an event's inclusion proof (C2SP tlog-proof), which says nothing of it."""
    event = _event(number)
    signed = queries.latest_checkpoint(at=now())
    text = proof.to_text(queries.proof_of(event.number, signed=signed))
    return _file(text, f"event-{number}.tlog-proof", kind="text/plain; charset=utf-8")


@require_safe
def download_log(request: HttpRequest) -> HttpResponseBase:
    """Give the whole log, commitments and signed checkpoints only, in one file."""
    lines = queries.export_lines(
        signed=queries.latest_checkpoint(at=now()), with_bodies=False
    )
    answer = StreamingHttpResponse(lines, content_type="application/jsonl")
    answer["Content-Disposition"] = 'attachment; filename="ledger.jsonl"'
    return answer


def show(events: Iterable[Event], person: Any) -> list[Shown]:
    """Return events as a person may see them, in as many queries for 1 as for 100."""
    rows = list(events)
    numbers = _open_numbers(rows, visible_events(person))
    people = names_of({row.actor for row in rows if row.number in numbers})
    bodies = names_of_bodies(
        {row.organisation for row in rows if row.number in numbers}
    )
    return [
        Shown(
            event=row,
            open=row.number in numbers,
            words=event_words(row.name),
            by=people.get(row.actor, _actor(row.actor)),
            organisation=bodies.get(row.organisation, row.organisation),
        )
        if row.number in numbers
        else Shown(row, open=False, words="", by="", organisation="")
        for row in rows
    ]


def _actor(ledger_id: str) -> str:
    """Return who acted where no person here has that id."""
    return "the service" if ledger_id.startswith("service") else ledger_id


def _event(number: int) -> Event:
    return queries.get_event(min(number, MOST))


def _open_numbers(rows: list[Event], mine: QuerySet[Event]) -> set[int]:
    if not rows:
        return set()
    numbers = [row.number for row in rows]
    near = mine.filter(number__gte=min(numbers), number__lte=max(numbers))
    return set(near.values_list("number", flat=True)) & set(numbers)


def _csv_row(shown: Shown) -> tuple[object, ...]:
    event = shown.event
    said = (
        (event.name, event.subject, event.organisation, shown.by)
        if shown.open
        else [""] * 4
    )
    return (event.number, event.at, shown.commitment, *said)


def _newest() -> Checkpoint:
    return queries.find_published() or queries.latest_checkpoint(at=now())


def _file(text: str, name: str, *, kind: str) -> HttpResponse:
    answer = HttpResponse(text, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
