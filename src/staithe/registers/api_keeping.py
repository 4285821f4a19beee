"""Registers kept over the API: made, changed by updates, corrected by anyone.

The same updates as on the pages: prepared, perhaps agreed by a second person, made.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Body, Field, Router, Schema, Status

from staithe.base.clock import now
from staithe.base.errors import BadInput
from staithe.people.models import Person
from staithe.people.sign_in import address_of
from staithe.people.tokens import API_AUTH, signed_in_person
from staithe.registers import (
    corrections,
    declaration,
    mending,
    queries,
    queries_corrections,
    queries_updates,
    strangers,
    updates,
)
from staithe.registers.declaring import declare_register
from staithe.registers.models import Register, Update
from staithe.registers.permissions import check_keep
from staithe.registers.wanted import Wanted, held_of, judged, line_for


router = Router(tags=["Registers"])
SHOWN = 100


class ChangeIn(Schema):
    """The whole of a record as it shall be."""

    key: str = Field(max_length=255)
    values: dict[str, str | list[str]]


class UpdateIn(Schema):
    """What is to change, when and why."""

    changes: list[ChangeIn] = Field(min_length=1, max_length=10_000)
    title: str = Field("Sent by a program", min_length=1, max_length=255)
    reason: str = Field("", max_length=2000)
    apply_at: datetime | None = None
    # False: only say what would change; the update waits to be sent from its page.
    send: bool = True


class DifferenceOut(Schema):
    """One field of a record, before and after."""

    field: str
    before: str | None
    after: str | None


class LineOut(Schema):
    """One record that an update changes."""

    kind: str
    key: str
    changes: list[DifferenceOut]


class UpdateOut(Schema):
    """An update: how far it has come and what it changes (the first 100 records)."""

    reference: str
    state: str
    counts: dict[str, int]
    apply_at: datetime | None
    first_entry: int | None
    last_entry: int | None
    lines: list[LineOut]


class CorrectionIn(Schema):
    """What is wrong, and how it is known."""

    key: str = Field(max_length=255)
    changes: dict[str, str] = Field(max_length=200)
    evidence: str = Field(max_length=2000)
    contact_email: str = Field("", max_length=254)


class CorrectionOut(Schema):
    """A proposal, and where to see what comes of it."""

    reference: str
    state: str
    address: str


class FiguresOut(Schema):
    """How fast and how often corrections are accepted."""

    proposed: int
    accepted: int
    declined: int
    waiting: int
    late: int
    median_days: float | None
    on_time_share: float | None


def _update_out(update: Update) -> dict[str, Any]:
    shown = queries_updates.show_lines(update, list(update.lines.all()[:SHOWN]))
    if update.first_entry and update.last_entry:
        last = min(update.last_entry, update.first_entry + SHOWN - 1)
        shown = queries_updates.show_entries(update.register, update.first_entry, last)
    return {
        "reference": update.reference,
        "state": str(update.state),
        "counts": update.counts,
        "apply_at": update.apply_at,
        "first_entry": update.first_entry,
        "last_entry": update.last_entry,
        "lines": shown,
    }


@router.post("/registers", auth=API_AUTH, response={201: dict[str, Any]})
def declare(request: HttpRequest, given: Body[dict[str, Any]]) -> Status[Any]:
    """Make a register as declared (the members of a YAML declaration), or extend it."""
    person = signed_in_person(request)
    declared = declaration.read(given)
    made = declare_register(declared=declared, by=person, at=now())
    return Status(201, {"name": made.name, "address": queries.address_of(made)})


@router.post("/registers/{name}/updates", auth=API_AUTH, response={201: UpdateOut})
def change(request: HttpRequest, name: str, given: UpdateIn) -> Status[Any]:
    """Change records of a register that you keep: now, on a day, or once agreed."""
    person, at = signed_in_person(request), now()
    register = queries.get_register(name, person=person)
    check_keep(person, register)
    schema = mending.get_schema(register)
    update = updates.prepare_update(
        register=register,
        origin=Update.Origin.API,
        title=given.title,
        lines=judged(schema, _lines(register, given.changes)),
        reason=given.reason,
        by=person,
        at=at,
    )
    if given.send:
        update = updates.send_update(
            update=update, apply_at=given.apply_at, by=person, at=at
        )
    return Status(201, _update_out(update))


def _lines(register: Register, changes: list[ChangeIn]) -> list[Wanted]:
    held = held_of(register, [each.key for each in changes])
    counted = Counter(each.key for each in changes)
    twice = next((key for key, count in counted.items() if count > 1), None)
    if twice is not None:
        raise BadInput(f"The record {twice[:80]} is changed twice.", field="changes")
    found = []
    for each in changes:
        line = line_for(each.key, each.values, held=held.get(each.key))
        if line is None:
            raise BadInput(f"{each.key} holds just this already.", field="changes")
        found.append(line)
    return found


@router.get("/registers/{name}/updates/{reference}", auth=API_AUTH, response=UpdateOut)
def show_update(request: HttpRequest, name: str, reference: str) -> dict[str, Any]:
    """Show an update of a register that you keep."""
    return _update_out(_kept(request, name, reference))


@router.post(
    "/registers/{name}/updates/{reference}/agree", auth=API_AUTH, response=UpdateOut
)
def agree(request: HttpRequest, name: str, reference: str) -> dict[str, Any]:
    """Agree, as a second person, to an update that another sent."""
    update = _kept(request, name, reference)
    by = signed_in_person(request)
    return _update_out(updates.agree_update(update=update, by=by, at=now()))


@router.post(
    "/registers/{name}/updates/{reference}/withdraw", auth=API_AUTH, response=UpdateOut
)
def withdraw(request: HttpRequest, name: str, reference: str) -> dict[str, Any]:
    """Take back an update that is not made yet."""
    update = _kept(request, name, reference)
    by = signed_in_person(request)
    return _update_out(updates.withdraw_update(update=update, by=by, at=now()))


def _kept(request: HttpRequest, name: str, reference: str) -> Update:
    person = signed_in_person(request)
    register = queries.get_register(name, person=person)
    check_keep(person, register)
    return queries_updates.get_update(register, reference)


@router.post("/registers/{name}/corrections", response={201: CorrectionOut})
def propose(request: HttpRequest, name: str, given: CorrectionIn) -> Status[Any]:
    """Propose other values for a record; anyone may, without a token."""
    at = now()
    person = request.user if isinstance(request.user, Person) else None
    register = queries.get_register(name, person=request.user)
    made = corrections.propose_correction(
        register=register,
        key=given.key,
        changes=given.changes,
        evidence=given.evidence,
        contact_email=strangers.checked_email(given.contact_email),
        source=strangers.source_hash(address_of(request), at=at),
        by=person,
        at=at,
    )
    place = f"{queries.address_of(register)}/corrections/{made.reference}"
    follow = f"{place}?follow={strangers.follow_token(made)}"
    found = {"reference": made.reference, "state": made.state, "address": follow}
    return Status(201, found)


@router.get("/registers/{name}/corrections", response=FiguresOut)
def show_figures(request: HttpRequest, name: str) -> queries_corrections.Figures:
    """Say how fast and how often corrections to a register are accepted."""
    register = queries.get_register(name, person=request.user)
    return queries_corrections.figures_of(register, at=now())
