"""Every read that a page or another room needs of people and organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.base.errors import NotFound
from staithe.people.models import (
    ApiToken,
    Invitation,
    Membership,
    Notice,
    Organisation,
    Person,
)
from staithe.people.permissions import ESCALATION
from staithe.people.roles import Role


if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True)
class Colleague:
    """One person at an organisation with the roles held there now."""

    person: Person
    memberships: tuple[Membership, ...]


def find_operator() -> Organisation | None:
    """Return the organisation that runs this service, or None before `init`."""
    return Organisation.objects.filter(is_operator=True).first()


def all_organisations() -> list[Organisation]:
    """Return every organisation by name."""
    return list(Organisation.objects.all())


def get_organisation(slug: str) -> Organisation:
    """Return an organisation by its slug, or raise NotFound."""
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no organisation with this name here.")
    return found


def find_person(email: str) -> Person | None:
    """Return the person with an email address, or None."""
    return Person.objects.filter(email=email.strip().lower()).first()


def find_person_by_ledger_id(ledger_id: str) -> Person | None:
    """Return the person whom the ledger or a job names, or None for the service."""
    kind, _, public_id = ledger_id.partition(":")
    if kind != "person":
        return None
    return Person.objects.filter(public_id=public_id).first()


def names_of(ledger_ids: set[str]) -> dict[str, str]:
    """Return the names of the people among some ledger ids, for lists of events."""
    wanted = {i.removeprefix("person:") for i in ledger_ids if i.startswith("person:")}
    rows = Person.objects.filter(public_id__in=wanted).values_list("public_id", "name")
    return {f"person:{public_id}": name for public_id, name in rows}


def active_memberships(person: Person) -> QuerySet[Membership]:
    """Return what a person may act as now, with the organisations."""
    return person.memberships.filter(ended_at=None).select_related("organisation")


def organisations_of(person: Person) -> QuerySet[Organisation]:
    """Return the organisations where a person has a role now."""
    held = person.memberships.filter(ended_at=None)
    return Organisation.objects.filter(pk__in=held.values("organisation"))


def colleagues(organisation: Organisation) -> list[Colleague]:
    """Return the active people of an organisation by name, each with their roles."""
    rows = organisation.memberships.filter(ended_at=None, person__is_active=True)
    found: dict[Person, list[Membership]] = {}
    for row in rows.select_related("person").order_by("person__name", "person", "role"):
        found.setdefault(row.person, []).append(row)
    return [Colleague(person, tuple(held)) for person, held in found.items()]


def people_with_role(role: Role, organisation: Organisation) -> list[Person]:
    """Return the active people with a role at an organisation, longest first."""
    rows = organisation.memberships.filter(
        role=role, ended_at=None, person__is_active=True
    )
    ordered = rows.select_related("person").order_by("created_at", "pk")
    return [row.person for row in ordered]


def accountable_people(organisation: Organisation) -> list[Person]:
    """Return who answers for an organisation, in the order in which silence goes up.

    Data sharing officers first, then administrators; within a role, longest first.
    """
    found = {
        person.pk: person
        for role in ESCALATION
        for person in people_with_role(role, organisation)
    }
    return list(found.values())


def open_invitations(
    organisation: Organisation, *, at: datetime
) -> QuerySet[Invitation]:
    """Return the invitations that can still be accepted, newest first."""
    return organisation.invitations.filter(
        accepted_at=None, revoked_at=None, expires_at__gt=at
    )


def open_tokens(person: Person, *, at: datetime) -> QuerySet[ApiToken]:
    """Return a person's tokens that work, newest first."""
    return person.api_tokens.filter(revoked_at=None, expires_at__gt=at)


def get_own_token(reference: str, *, person: Person) -> ApiToken:
    """Return one of a person's tokens, or raise NotFound."""
    found = person.api_tokens.filter(reference=reference).first()
    if found is None:
        raise NotFound("You have no such token.")
    return found


def inbox(person: Person) -> QuerySet[Notice]:
    """Return what a person was told, newest first."""
    return person.notices.select_related("organisation")


def get_own_notice(reference: str, *, person: Person) -> Notice:
    """Return a notice of a person, or raise NotFound."""
    found = person.notices.filter(reference=reference).first()
    if found is None:
        raise NotFound("You have no such notice.")
    return found


def count_unread(person: Person) -> int:
    """Return how many notices a person has not read."""
    return person.notices.filter(read_at=None).count()


def find_open_invitation(reference: str, *, at: datetime) -> Invitation | None:
    """Return an invitation that can still be accepted, or None."""
    return (
        Invitation.objects.select_related("organisation")
        .filter(
            reference=reference, accepted_at=None, revoked_at=None, expires_at__gt=at
        )
        .first()
    )


def get_invitation(reference: str) -> Invitation:
    """Return an invitation, or raise NotFound."""
    found = Invitation.objects.filter(reference=reference).first()
    if found is None:
        raise NotFound("There is no such invitation.")
    return found


def get_membership(public_id: str, slug: str, role: str) -> Membership:
    """Return the active membership that three names point to, or raise NotFound."""
    found = (
        Membership.objects.select_related("organisation", "person")
        .filter(
            person__public_id=public_id,
            organisation__slug=slug,
            role=role,
            ended_at=None,
        )
        .first()
    )
    if found is None:
        raise NotFound("This person does not have this role here now.")
    return found


def has_administrator() -> bool:
    """Say whether anyone can manage this service."""
    return Membership.objects.filter(
        organisation__is_operator=True,
        role=Role.ADMINISTRATOR,
        ended_at=None,
        person__is_active=True,
    ).exists()
