"""Who may do what with a register: the owner's people keep it, anyone may read.

Built on the table of roles (people.roles): whoever describes an organisation's data
keeps its registers.
"""

from __future__ import annotations

from staithe.base.errors import NotAllowed, NotFound
from staithe.people.models import Person
from staithe.people.permissions import Permission, Someone, can, check
from staithe.registers.models import Register


def check_keep(by: Someone | str, register: Register) -> None:
    """Raise unless a person may change a register; None and text are the service."""
    if by is None or isinstance(by, str):
        return
    if register.owner is None:
        raise NotAllowed(f"Nobody keeps {register.name} here: it is a copy.")
    check(by, Permission.EDIT_ASSET, register.owner)


def can_keep(person: Someone, register: Register) -> bool:
    """Say whether a person may change a register."""
    return isinstance(person, Person) and (
        register.owner is not None
        and can(person, Permission.EDIT_ASSET, register.owner)
    )


def can_see(person: Someone, register: Register) -> bool:
    """Say whether a person may read a register."""
    return register.is_public or can_keep(person, register)


def check_see(person: Someone, register: Register) -> None:
    """Raise NotFound unless a person may read a register."""
    if not can_see(person, register):
        raise NotFound("There is no such register.")
