"""Whether this person may do this, here.

The table itself is `people.roles`; this module asks the database which roles the
person holds now. `check` raises with a sentence, `can` answers yes or no. Asking
for an organisation's permission without naming the organisation is answered only
by service-wide roles: forgetting to name it can never widen access.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser

from staithe.base.errors import NotAllowed, NotSignedIn
from staithe.people.models import Membership, Organisation, Person
from staithe.people.roles import (
    ESCALATION,
    MEANINGS,
    ROLES,
    Permission,
    Role,
    Scope,
    roles_with,
    service_roles_with,
)


if TYPE_CHECKING:
    from django.db.models import QuerySet


__all__ = [
    "ESCALATION",
    "MEANINGS",
    "ROLES",
    "Permission",
    "Role",
    "Scope",
    "Someone",
    "can",
    "can_somewhere",
    "check",
    "check_somewhere",
    "memberships_with",
    "organisations_where",
    "people_who_can",
]

# Whoever made a request to the service, signed in or not.
Someone = Person | AnonymousUser | None


def memberships_with(permission: Permission) -> QuerySet[Membership]:
    """Return the active memberships that give a permission where they are held."""
    return Membership.objects.filter(
        ended_at=None, person__is_active=True, role__in=roles_with(permission)
    )


def _service_memberships(permission: Permission) -> QuerySet[Membership]:
    return Membership.objects.filter(
        ended_at=None,
        person__is_active=True,
        organisation__is_operator=True,
        role__in=service_roles_with(permission),
    )


def can(
    person: Someone, permission: Permission, organisation: Organisation | None = None
) -> bool:
    """Say whether a person may do something, at an organisation where it matters."""
    scope = MEANINGS[permission].scope
    if scope is Scope.PUBLIC:
        return True
    if not isinstance(person, Person) or not person.is_active:
        return False
    if _service_memberships(permission).filter(person=person).exists():
        return True
    held = memberships_with(permission).filter(person=person)
    if scope is Scope.MEMBER:
        return held.exists()
    if scope is Scope.SERVICE or organisation is None:
        return False
    return held.filter(organisation=organisation).exists()


def check(
    person: Someone, permission: Permission, organisation: Organisation | None = None
) -> None:
    """Raise NotSignedIn or NotAllowed, with a sentence, unless the person may."""
    if not can(person, permission, organisation):
        raise _refusal(person, permission, organisation)


def can_somewhere(person: Someone, permission: Permission) -> bool:
    """Say whether a person may do something at any organisation: for menus."""
    if can(person, permission):
        return True
    if not isinstance(person, Person) or MEANINGS[permission].scope is Scope.SERVICE:
        return False
    return memberships_with(permission).filter(person=person).exists()


def check_somewhere(person: Someone, permission: Permission) -> None:
    """Raise NotSignedIn or NotAllowed unless the person may do this somewhere."""
    if not can_somewhere(person, permission):
        raise _refusal(person, permission, None)


def organisations_where(
    person: Someone, permission: Permission
) -> QuerySet[Organisation]:
    """Return the organisations for which a person may do something."""
    if can(person, permission):  # without an organisation: so for every one
        return Organisation.objects.all()
    if not isinstance(person, Person) or MEANINGS[permission].scope is Scope.SERVICE:
        return Organisation.objects.none()
    held = memberships_with(permission).filter(person=person)
    return Organisation.objects.filter(pk__in=held.values("organisation"))


def people_who_can(
    permission: Permission, organisation: Organisation
) -> QuerySet[Person]:
    """Return the people whose own organisation this is and who may do this there."""
    held = memberships_with(permission).filter(organisation=organisation)
    return Person.objects.filter(pk__in=held.values("person"))


def _refusal(
    person: Someone, permission: Permission, organisation: Organisation | None
) -> NotAllowed | NotSignedIn:
    if not isinstance(person, Person):
        return NotSignedIn(f"Sign in to {MEANINGS[permission].does}.")
    where = f" for {organisation.name}" if organisation else ""
    return NotAllowed(
        f"You are not allowed to {MEANINGS[permission].does}{where}. "
        f"Ask an administrator of {_whose(permission, organisation)} "
        f"for the role {_names(permission)}."
    )


def _whose(permission: Permission, organisation: Organisation | None) -> str:
    if MEANINGS[permission].scope is Scope.SERVICE:
        return "the service"
    return organisation.name if organisation else "your organisation"


def _names(permission: Permission) -> str:
    roles = roles_with(permission) or service_roles_with(permission)
    return " or ".join(
        f"“{ROLES[role].display_name}”" for role in Role if role in roles
    )
