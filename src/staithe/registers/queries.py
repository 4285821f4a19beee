"""What the pages of a register as a whole show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from staithe.base.errors import NotFound
from staithe.people.permissions import Someone
from staithe.registers.models import Register
from staithe.registers.permissions import check_see, visible_registers


__all__ = ["Freshness", "address_of", "freshness", "get_register", "visible_registers"]


def get_register(name: str, *, person: Someone) -> Register:
    """Return a register that a person may read; NotFound."""
    register = Register.objects.filter(name=name).select_related("owner").first()
    if register is None:
        raise NotFound("There is no such register.")
    check_see(person, register)
    return register


@dataclass(frozen=True)
class Freshness:
    """When a register was last changed or looked at, against its owner's promise."""

    changed: datetime | None
    reviewed: datetime | None
    due: datetime | None
    is_late: bool

    @property
    def last(self) -> datetime | None:
        """Return the later of the two."""
        return max((m for m in (self.changed, self.reviewed) if m), default=None)


def freshness(register: Register, *, at: datetime) -> Freshness:
    """Return whether a register is as fresh as its owner promises."""
    seconds = register.last_entry_at
    changed = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    found = Freshness(changed, register.reviewed_at, None, is_late=False)
    if found.last is None or not register.review_every_days or register.ended_on:
        return found
    due = found.last + timedelta(days=register.review_every_days)
    return Freshness(changed, register.reviewed_at, due, is_late=due < at)


def address_of(register: Register) -> str:
    """Return the full address of a register."""
    return f"{settings.BASE_URL}/registers/{register.name}"
