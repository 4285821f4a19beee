"""Changes that anyone may propose to a record, and what the owner makes of them.

A proposal is never a write: accepting one prepares an update like any other, so the
rules of the register (a second person, links, datatypes) hold for it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from staithe.base.errors import BadInput, Conflict, NotFound
from staithe.jobs.actions import enqueue
from staithe.ledger.actions import action, record
from staithe.people.models import Person
from staithe.people.notices import notify
from staithe.people.queries import find_person_by_ledger_id
from staithe.registers import item, mending, reading, strangers
from staithe.registers.models import Correction, Register, Support, Update
from staithe.registers.permissions import check_keep, keepers
from staithe.registers.policies import who
from staithe.registers.updates import prepare_update, send_update
from staithe.registers.wanted import Wanted, check_all_right, held_of, values_of


MAX_TEXT = 2000
OUTCOMES = ("accept", "decline", "spam")


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
    missing: bool = False,
) -> Correction:
    """Propose other values for a record, or a record that is missing; anyone may.

    The same proposal again supports the first, with the evidence of whoever says so.
    For a missing record the key may be left to the owner.
    """
    register = Register.objects.select_related("owner").get(pk=register.pk)
    strangers.check_rate(register, source=source, at=at)
    told = strangers.checked_evidence(evidence)
    number, wanted = _wanted(register, key, changes, missing=missing)
    digest = _digest(wanted)
    same = Correction.objects.filter(
        register=register, key=key, changes_digest=digest, state=Correction.State.OPEN
    ).first()
    said = {
        "evidence": told,
        "proposer": by.ledger_id if isinstance(by, Person) else "",
        "contact_email": contact_email,
        "source_hash": source,
        "made_at": at,
    }
    if same is not None:
        _support(same, said)
    made = same or Correction.objects.create(
        register=register,
        key=key,
        number_seen=number,
        changes=wanted,
        changes_digest=digest,
        **said,
    )
    record(
        by=by if isinstance(by, Person) else "public",
        at=at,
        subject=f"correction:{made.reference}",
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        correction=made.reference,
        fields=sorted(wanted),
        again=same is not None,
    )
    if same is None and strangers.is_first_for_a_while(made):
        _tell_keepers(made, at=at)
    return made


def _wanted(
    register: Register, key: str, changes: Mapping[str, str], *, missing: bool
) -> tuple[int, dict[str, str]]:
    schema = mending.get_schema(register)
    number, held = 0, dict[str, item.Value]()
    if not missing:
        found = held_of(register, [key]).get(key)
        if found is None:
            raise NotFound(f"{register.title} has no record {key[:80]}.")
        number, held = found
    elif key and held_of(register, [key]):
        raise BadInput(f"There is a record {key} already.", field="key")
    wanted = {}
    for name, text in changes.items():
        if name == schema.register or name not in schema.fields:
            raise BadInput(f"{name} cannot be corrected.", field=name)
        if len(text) > MAX_TEXT:
            raise BadInput(f"{name} is longer than {MAX_TEXT} characters.", field=name)
        if text.strip() != item.as_text(held, name):
            wanted[name] = text.strip()
    if not wanted:
        raise BadInput("Fill in a value." if missing else "Change at least one value.")
    if key or not missing:
        check_all_right(_lines(register, key, wanted, missing=missing))
    return number, wanted


def _lines(
    register: Register, key: str, changes: Mapping[str, str], *, missing: bool
) -> list[Wanted]:
    make = mending.add if missing else mending.change
    return make(register, key, dict(changes))


def _digest(changes: Mapping[str, str]) -> str:
    return sha256(item.to_canonical(dict(changes)).encode()).hexdigest()


def _support(same: Correction, said: Mapping[str, Any]) -> None:
    by, source = said["proposer"], said["source_hash"]
    for other in _sayings(same):
        if (by and by == other.proposer) or (source and source == other.source_hash):
            raise Conflict("You proposed this already: the owner has it.")
    Support.objects.create(correction=same, **said)


def _sayings(correction: Correction) -> list[Correction | Support]:
    """Return whoever says so: the first proposal and what supports it."""
    return [correction, *correction.supports.all()]


def _tell_keepers(made: Correction, *, at: datetime) -> None:
    register = made.register
    notify(
        keepers(register),
        title=f"A change to {register.title} is proposed",
        body=f"Record {made.key}." if made.key else "A record that is missing.",
        link=f"/registers/{register.name}/corrections/{made.reference}",
        at=at,
        organisation=register.owner,
    )


# ---------------------------------------------------------------- the decision


@action("registers:correction:decided")
def decide_correction(
    *,
    correction: Correction,
    outcome: str,
    reason: str,
    by: Any,
    at: datetime,
    changes: Mapping[str, str] | None = None,
    key: str = "",
) -> Correction:
    """Accept a correction, as proposed or with other values, decline it, or bin it.

    Accepting makes the change, or sends it to a second person; whoever proposed it
    and left a way to be told is told.
    """
    correction = Correction.objects.select_related("register__owner").get(
        pk=correction.pk
    )
    check_keep(by, correction.register)
    if correction.state != Correction.State.OPEN:
        raise Conflict("This proposal was decided already.")
    if outcome not in OUTCOMES:
        raise BadInput("Select a decision.", field="outcome")
    if outcome != "spam" and not reason.strip():
        raise BadInput("Give the reason.", field="reason")
    correction.reason = reason.strip()[:MAX_TEXT]
    correction.decided_by = who(by)
    if outcome == "accept":
        _accept(correction, changes, key=key, by=by, at=at)
    elif outcome == "decline":
        _settle(correction, Correction.State.DECLINED, at=at)
    else:
        _bin(correction, at=at)
    correction.save()
    _record(correction, by=by, at=at)
    return correction


def _accept(
    correction: Correction,
    changes: Mapping[str, str] | None,
    *,
    key: str,
    by: Any,
    at: datetime,
) -> None:
    missing = correction.number_seen == 0
    correction.key = correction.key or key.strip()
    register = correction.register
    wanted = dict(correction.changes if changes is None else changes)
    lines = _lines(register, correction.key, wanted, missing=missing)
    update = prepare_update(
        register=register,
        origin=Update.Origin.CORRECTION,
        title=f"Correction {correction.reference} to {correction.key}",
        lines=lines,
        reason=correction.reason,
        by=by,
        at=at,
    )
    correction.update = send_update(update=update, by=by, at=at)
    if correction.update.state == Update.State.APPLIED:
        _settle_applied(correction, correction.update, at=at)
    else:
        correction.state = Correction.State.AGREED


def _settle_applied(correction: Correction, update: Update, *, at: datetime) -> None:
    """Settle by what the log now says: just what was proposed, or something else."""
    assert update.last_entry is not None
    correction.entry_number = update.last_entry
    each = reading.find_entry(correction.register_id, update.last_entry)
    assert each is not None
    held = values_of(correction.register, each)
    same = all(item.as_text(held, n) == text for n, text in correction.changes.items())
    states = Correction.State
    _settle(correction, states.ACCEPTED if same else states.EDITED, at=at)


def _settle(correction: Correction, state: Correction.State, *, at: datetime) -> None:
    correction.state = state
    correction.decided_at = at
    _tell_proposers(correction, at=at)


def _bin(correction: Correction, *, at: datetime) -> None:
    """Take everything that a spammer wrote away; nobody is told."""
    correction.state, correction.decided_at = Correction.State.SPAM, at
    correction.changes, correction.evidence, correction.contact_email = {}, "", ""
    correction.reason = ""
    correction.supports.all().delete()


@action("registers:correction:settled")
def settle_correction(
    *, correction: Correction, update: Update, by: Any, at: datetime
) -> Correction:
    """Follow the update that a correction became: made, or back in the queue."""
    correction = Correction.objects.select_related("register__owner").get(
        pk=correction.pk
    )
    if update.state == Update.State.APPLIED:
        _settle_applied(correction, update, at=at)
    else:
        correction.state = Correction.State.OPEN
        correction.update, correction.reason, correction.decided_by = None, "", ""
    correction.save()
    _record(correction, by=by, at=at)
    return correction


def waiting_on(update: Update) -> list[Correction]:
    """Return the corrections that wait for an update to be made."""
    return list(update.corrections.filter(state=Correction.State.AGREED))


def _record(correction: Correction, *, by: Any, at: datetime) -> None:
    register = correction.register
    record(
        by=by,
        at=at,
        subject=f"correction:{correction.reference}",
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        correction=correction.reference,
        outcome=str(correction.state),
        entry=correction.entry_number,
    )


def _tell_proposers(correction: Correction, *, at: datetime) -> None:
    register = correction.register
    said = _sayings(correction)
    people = [find_person_by_ledger_id(each.proposer) for each in said if each.proposer]
    notify(
        [person for person in people if person],
        title=f"Your change to {register.title} is decided",
        body=f"{correction.get_state_display()}: {correction.reason}",
        link=f"/registers/{register.name}/corrections/{correction.reference}",
        at=at,
    )
    if any(each.contact_email for each in said):
        enqueue(
            "registers:answer",
            arguments={"reference": correction.reference},
            by=None,
            at=at,
            subject=register.ledger_id,
        )
