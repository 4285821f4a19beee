"""Whether this thing allows it now; who may is `permissions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.people.models import Membership, Organisation, Person
from staithe.people.permissions import Permission, check, memberships_with
from staithe.people.roles import Role
from staithe.people.tokens import BAD_LINK, is_open


if TYPE_CHECKING:
    from datetime import datetime

    from staithe.people.models import Invitation


def check_manages(by: Person | None, organisation: Organisation) -> None:
    """Raise NotAllowed unless `by` manages people there; None is the service itself."""
    if by is not None:
        check(by, Permission.MANAGE_PEOPLE, organisation)


def check_may_give(
    by: Person | None, *, organisation: Organisation, email: str
) -> None:
    """Raise NotAllowed unless `by` may give a role there to this email address.

    Whoever runs the service may set up another organisation's people, but not join
    it: that would let the operator decide for everybody.
    """
    check_manages(by, organisation)
    if by is None or by.email != email.lower():
        return
    own = memberships_with(Permission.MANAGE_PEOPLE).filter(person=by)
    if not own.filter(organisation=organisation).exists():
        raise NotAllowed(
            "You cannot give yourself a role at an organisation that is not yours."
        )


def check_not_last_administrator(membership: Membership) -> None:
    """Raise Conflict where nobody would be left to manage the organisation."""
    if membership.role != Role.ADMINISTRATOR:
        return
    others = Membership.objects.filter(
        organisation=membership.organisation,
        role=Role.ADMINISTRATOR,
        ended_at=None,
        person__is_active=True,
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise Conflict(
            f"{membership.organisation.name} needs an administrator: "
            "give the role to someone else first."
        )


def check_open(invitation: Invitation, *, at: datetime) -> None:
    """Raise Conflict unless an invitation can still be accepted."""
    if not is_open(invitation, at=at):
        raise Conflict(BAD_LINK)


def check_role(role: str) -> Role:
    """Return the role of a name, or raise BadInput naming those there are."""
    try:
        return Role(role)
    except ValueError as error:
        known = ", ".join(known.value for known in Role)
        raise BadInput(
            f"There is no role {role!r}. Use one of: {known}.", field="role"
        ) from error
