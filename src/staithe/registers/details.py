"""What a register says of itself: title, owner role, licence, promises, its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.actions import action, record
from staithe.people.models import Organisation
from staithe.people.queries import get_organisation
from staithe.registers.actions import state_details
from staithe.registers.models import Register
from staithe.registers.permissions import check_keep, check_shape
from staithe.registers.policies import check_two_people


TEXTS = {
    "title": 200,
    "description": 5000,
    "owner_role": 200,
    "licence": 200,
    "copyright": 200,
    "end_reason": 500,
    "replacement": 200,
}
DAYS = ("review_every_days", "answer_within_days")
YES_NO = ("is_public", "needs_second_person")
DATES = ("ended_on",)
WRITERS = "writers"
WORDS = {
    "title": "Title",
    "description": "What it covers",
    "owner_role": "Role that answers for it",
    "licence": "Licence",
    "copyright": "Copyright",
    "review_every_days": "Looked at every (days)",
    "answer_within_days": "Corrections answered within (days)",
    "is_public": "Public",
    "needs_second_person": "A second person agrees to every change",
    "ended_on": "Ended on",
    "end_reason": "Why it ended",
    "replacement": "Replaced by",
    "writers": "Bodies that may also change records",
}
MOST_DAYS = 3660


def details_of(register: Register) -> dict[str, str]:
    """Return every detail of a register as text."""
    found = {
        name: as_text(getattr(register, name)) for name in WORDS if name != WRITERS
    }
    writers = register.writers.order_by("slug").values_list("slug", flat=True)
    return found | {WRITERS: ";".join(writers)}


def as_text(value: Any) -> str:
    """Return a detail as a declaration or a form spells it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def read_details(given: Mapping[str, str]) -> dict[str, Any]:
    """Read details from text; BadInput names the field that is wrong."""
    return {name: _read(name, str(text).strip()) for name, text in given.items()}


def _read(name: str, text: str) -> Any:
    words = WORDS.get(name)
    if words is None:
        raise BadInput(f"A register has no detail {name[:40]}.", field=name)
    if name in TEXTS:
        return _read_text(name, text)
    if name in DAYS:
        return _read_days(name, text)
    if name in YES_NO:
        if text not in {"yes", "no"}:
            raise BadInput(f"{words}: answer yes or no.", field=name)
        return text == "yes"
    if name in DATES:
        return _read_date(name, text)
    return [get_organisation(slug) for slug in text.split(";") if slug]


def _read_text(name: str, text: str) -> str:
    if len(text) > TEXTS[name]:
        raise BadInput(
            f"{WORDS[name]}: at most {TEXTS[name]:,} characters.", field=name
        )
    if name == "title" and not text:
        raise BadInput("Enter the title.", field=name)
    return text


def _read_days(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise BadInput(
            f"{WORDS[name]}: a whole number from 1 to {MOST_DAYS:,}.", field=name
        )
    return int(text)


def _read_date(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(
            f"{WORDS[name]}: a date such as 2026-04-01.", field=name
        ) from error


@action("registers:details:changed")
def change_details(
    *,
    register: Register,
    details: Mapping[str, str],
    by: Any,
    at: datetime,
    made_by: str = "",
) -> Register:
    """Change what a register says of itself; BadInput names what is wrong."""
    register = Register.objects.select_related("owner").get(pk=register.pk)
    check_shape(by, register)
    check_two_people(register, by=by, made_by=made_by)
    values = read_details(details)
    writers: list[Organisation] | None = values.pop(WRITERS, None)
    for name, value in values.items():
        setattr(register, name, value)
    if register.ended_on and not register.end_reason:
        raise BadInput("Say why the register ends.", field="end_reason")
    register.save(update_fields=list(values))
    state_details(register, at=at)
    if writers is not None:
        register.writers.set(writers)
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        details={name: str(text) for name, text in details.items()},
    )
    return register


@action("registers:register:reviewed")
def note_review(*, register: Register, by: Any, at: datetime) -> Register:
    """Note that the owner looked through the register and found it up to date."""
    register = Register.objects.select_related("owner").get(pk=register.pk)
    check_keep(by, register)
    if register.reviewed_at and register.reviewed_at.date() == at.date():
        raise Conflict("This register was looked at today already.")
    register.reviewed_at = at
    register.save(update_fields=["reviewed_at"])
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        size=register.size,
    )
    return register
