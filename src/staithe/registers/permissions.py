"""Who may do what with a register: its keepers change it, anyone may read.

Built on the table of roles (people.roles). Keeping is changing records and answering
corrections, for the owner's people and those of bodies named as writers; shaping is
making a register and changing its fields, its promises and its keepers, for the
owner's people alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from staithe.base.errors import NotAllowed, NotFound
from staithe.people.models import Organisation, Person
from staithe.people.permissions import (
    Permission,
    Someone,
    can,
    check,
    organisations_where,
    people_who_can,
)
from staithe.registers.models import Register


if TYPE_CHECKING:
    from django.db.models import QuerySet


def check_keep(by: Someone | str, register: Register) -> None:
    """Raise unless a person may change records; None and text are the service."""
    if by is None or isinstance(by, str):
        return
    _check_kept(register)
    if not can_keep(by, register):
        check(by, Permission.KEEP_REGISTER, register.owner)


def check_shape(by: Someone | str, register: Register) -> None:
    """Raise unless a person may change what a register is; None is the service."""
    if by is None or isinstance(by, str):
        return
    _check_kept(register)
    check(by, Permission.SHAPE_REGISTER, register.owner)


def _check_kept(register: Register) -> None:
    if register.owner is None:
        raise NotAllowed(f"Nobody keeps {register.name} here: it is a copy.")


def can_keep(person: Someone, register: Register) -> bool:
    """Say whether a person may change the records of a register."""
    return isinstance(person, Person) and any(
        can(person, Permission.KEEP_REGISTER, body) for body in keeping_bodies(register)
    )


def can_shape(person: Someone, register: Register) -> bool:
    """Say whether a person may change what a register is."""
    return (
        isinstance(person, Person)
        and register.owner is not None
        and can(person, Permission.SHAPE_REGISTER, register.owner)
    )


def can_see(person: Someone, register: Register) -> bool:
    """Say whether a person may read a register."""
    return register.is_public or can_keep(person, register)


def check_see(person: Someone, register: Register) -> None:
    """Raise NotFound unless a person may read a register."""
    if not can_see(person, register):
        raise NotFound("There is no such register.")


def keeping_bodies(register: Register) -> list[Organisation]:
    """Return the owner and the bodies named as writers; none where it is a copy."""
    if register.owner is None:
        return []
    writers = register.writers.all() if register.pk else ()
    return [register.owner, *writers]


def keepers(register: Register) -> list[Person]:
    """Return everyone who may change the records of a register."""
    found = {
        person.pk: person
        for body in keeping_bodies(register)
        for person in people_who_can(Permission.KEEP_REGISTER, body)
    }
    return list(found.values())


def registers_kept_by(person: Someone) -> QuerySet[Register]:
    """Return the registers whose records a person may change."""
    if not isinstance(person, Person):
        return Register.objects.none()
    bodies = organisations_where(person, Permission.KEEP_REGISTER)
    written = Q(owner__isnull=False, writers__in=bodies)
    return Register.objects.filter(Q(owner__in=bodies) | written).distinct()


def visible_registers(person: Someone) -> QuerySet[Register]:
    """Return the registers that a person may read."""
    public = Q(is_public=True)
    if not isinstance(person, Person):
        return Register.objects.filter(public)
    return Register.objects.filter(public | Q(pk__in=registers_kept_by(person)))
