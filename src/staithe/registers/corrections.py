"""Changes that anyone may propose to a record, and what the owner makes of them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from staithe.base.errors import BadInput, Conflict, NotFound, UserError
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.people.notices import notify
from staithe.people.permissions import Permission, people_who_can
from staithe.people.queries import find_person_by_ledger_id
from staithe.registers import erasure, reading
from staithe.registers.actions import append_entries, schema_of
from staithe.registers.item import Item, tidy
from staithe.registers.models import Correction, Register
from staithe.registers.permissions import check_keep


MAX_AN_HOUR = 5  # from one address
MAX_OPEN = 500  # of one register
MAX_TEXT = 2000


class TooMany(UserError):
    """More proposals than a person makes."""

    status = 429
    code = "too-many"


def source_hash(address: str, *, at: datetime) -> str:
    """Return a keyed hash of a network address that holds for one day only."""
    message = f"{at:%Y-%m-%d}|{address}".encode()
    return hmac.digest(settings.SECRET_KEY.encode(), message, "sha256").hex()


def check_rate(source: str, *, at: datetime) -> None:
    """Refuse more proposals from one source than a person makes; TooMany."""
    since = at - timedelta(hours=1)
    recent = Correction.objects.filter(source_hash=source, made_at__gt=since).count()
    if source and recent >= MAX_AN_HOUR:
        raise TooMany("You proposed several changes just now. Try again in an hour.")


@action("registers:correction:proposed")
def propose_correction(
    *,
    register: Register,
    key: str,
    changes: Mapping[str, str],
    evidence: str,
    by: Any,
    at: datetime,
    contact_email: str = "",
    source: str = "",
) -> Correction:
    """Propose other values for a record; anyone may, signed in or not."""
    check_rate(source, at=at)
    if Correction.objects.filter(register=register, state="open").count() >= MAX_OPEN:
        raise TooMany("Too many proposals wait already. Try again later.")
    newest = reading.find_record(register.pk, key)
    if newest is None:
        raise NotFound(f"{register.title} has no record {key[:80]}.")
    held = erasure.reveal(register, reading.data_of(register.pk, newest)[0])
    wanted = _real_changes(register, held, changes)
    if not evidence.strip():
        raise BadInput("Say how you know.", field="evidence")
    made = Correction.objects.create(
        register=register,
        key=key,
        number_seen=newest.number,
        changes=wanted,
        evidence=evidence.strip()[:MAX_TEXT],
        proposer=by.ledger_id if isinstance(by, Person) else "",
        contact_email=contact_email,
        source_hash=source,
        made_at=at,
    )
    record(
        by=by if isinstance(by, Person) else "public",
        at=at,
        subject=f"correction:{made.reference}",
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        correction=made.reference,
        fields=sorted(wanted),
    )
    if register.owner:
        notify(
            people_who_can(Permission.EDIT_ASSET, register.owner),
            title=f"A change to {register.title} is proposed",
            body=f"Record {key}.",
            link=f"/registers/{register.name}/corrections/{made.reference}",
            at=at,
            organisation=register.owner,
        )
    return made


def _real_changes(
    register: Register, held: Item, changes: Mapping[str, str]
) -> dict[str, str]:
    schema = schema_of(register)
    fields = schema.fields if schema else dict.fromkeys(held)
    wanted = {}
    for name, text in changes.items():
        if name not in fields or name == (schema.register if schema else ""):
            raise BadInput(f"{name} cannot be corrected.", field=name)
        if len(text) > MAX_TEXT:
            raise BadInput(f"{name} is longer than {MAX_TEXT} characters.", field=name)
        if text.strip() != as_text(held, name):
            wanted[name] = text.strip()
    if not wanted:
        raise BadInput("Change at least one value.")
    return wanted


def as_text(values: Item, name: str) -> str:
    """Return a value as a form shows it: a list is joined with semicolons."""
    value = values.get(name, "")
    return ";".join(value) if isinstance(value, list) else value


def from_text(register: Register, held: Item, changes: Mapping[str, str]) -> Item:
    """Return a record with values as a form gives them."""
    schema = schema_of(register)
    result = dict(held)
    for name, text in changes.items():
        field = schema.fields.get(name) if schema else None
        many = field is not None and field.cardinality == "n"
        result[name] = [p.strip() for p in text.split(";")] if many else text.strip()
    return tidy(result)


@action("registers:correction:decided")
def decide_correction(
    *,
    correction: Correction,
    accept: bool,
    reason: str,
    by: Any,
    at: datetime,
    changes: Mapping[str, str] | None = None,
) -> Correction:
    """Accept a correction, as proposed or with other values, or decline it.

    Accepting appends the entry; both tell the proposer who left a way to.
    """
    correction = Correction.objects.select_related("register").get(pk=correction.pk)
    register = correction.register
    check_keep(by, register)
    if correction.state != Correction.State.OPEN:
        raise Conflict("This proposal was decided already.")
    if not reason.strip():
        raise BadInput("Give the reason.", field="reason")
    state = Correction.State.DECLINED
    if accept:
        state = _accept(correction, dict(changes or correction.changes), by=by, at=at)
    correction.state = state
    correction.reason = reason.strip()[:MAX_TEXT]
    correction.decided_at = at
    correction.decided_by = by.ledger_id if isinstance(by, Person) else "service"
    correction.save()
    record(
        by=by,
        at=at,
        subject=f"correction:{correction.reference}",
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        correction=correction.reference,
        outcome=str(state),
        entry=correction.entry_number,
    )
    _tell(correction, at=at)
    return correction


def _accept(
    correction: Correction, changes: dict[str, str], *, by: Any, at: datetime
) -> Correction.State:
    register = correction.register
    newest = reading.find_record(register.pk, correction.key)
    assert newest is not None
    held = erasure.reveal(register, reading.data_of(register.pk, newest)[0])
    values = from_text(register, held, changes)
    grown = append_entries(
        register=register,
        changes=[(correction.key, values)],
        because=correction.reference,
        by=by,
        at=at,
    )
    correction.entry_number = grown.size
    same = changes == correction.changes
    return Correction.State.ACCEPTED if same else Correction.State.EDITED


def _tell(correction: Correction, *, at: datetime) -> None:
    person = find_person_by_ledger_id(correction.proposer)
    if person is None:
        return
    notify(
        person,
        title=f"Your change to {correction.register.title} is decided",
        body=f"{correction.get_state_display()}: {correction.reason}",
        link=f"/registers/{correction.register.name}/corrections/{correction.reference}",
        at=at,
    )
