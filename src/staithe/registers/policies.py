"""What a register lets happen now: one person alone, or only two."""

from __future__ import annotations

from typing import Any

from staithe.base.errors import NotAllowed
from staithe.people.models import Person
from staithe.registers.models import Register


def who(by: Any) -> str:
    """Return the ledger id of whoever acts; the service where it is nobody."""
    return by.ledger_id if isinstance(by, Person) else str(by or "service")


def asks_second_person(register: Register) -> bool:
    """Tell whether one person's change waits for another's agreement."""
    return register.needs_second_person and register.owner is not None


def check_two_people(register: Register, *, by: Any, made_by: str) -> None:
    """Refuse what one person alone would write where two are asked for.

    The last door, so that no page or program can forget: `made_by` is whoever
    prepared it. The service itself writes what was agreed before.
    """
    if not asks_second_person(register) or not isinstance(by, Person):
        return
    if not made_by or made_by == by.ledger_id:
        raise NotAllowed(
            f"{register.title} asks for two people: send this as an update that "
            "another person agrees to.",
            code="second-person",
        )
