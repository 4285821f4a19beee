"""Who may read what an event says; that it exists is public.

The log's tree and commitments are for everyone. What an event says is for overseers,
for the people of the body it belongs to, for the body whose project it concerns, and
for whoever did it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, Value
from django.db.models.functions import Concat

from staithe.base.errors import NotAllowed, NotSignedIn
from staithe.exchange.models import Grant
from staithe.ledger.models import Event
from staithe.people.models import Person
from staithe.people.permissions import Permission, can
from staithe.people.queries import organisations_of
from staithe.sharing.models import Agreement, Flow


if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from staithe.people.permissions import Someone


def visible_events(person: Someone) -> QuerySet[Event]:
    """Return the events whose content a person may read."""
    if not isinstance(person, Person) or not person.is_active:
        return Event.objects.none()
    if can(person, Permission.SEE_LEDGER_BODIES):
        return Event.objects.all()
    return Event.objects.filter(Q(actor=person.ledger_id) | _of_own_bodies(person))


def can_see_body(person: Someone, event: Event) -> bool:
    """Say whether check_see_body passes."""
    return visible_events(person).filter(number=event.number).exists()


def check_see_body(person: Someone, event: Event) -> None:
    """Raise unless the person may read what an event says."""
    if not isinstance(person, Person):
        raise NotSignedIn("Sign in to see what this event says.")
    if not can_see_body(person, event):
        raise NotAllowed(
            "What this event says is for the bodies it concerns and for overseers. "
            "Its proof is for everyone."
        )


def _of_own_bodies(person: Person) -> Q:
    """Return what a person's bodies recorded, and what concerns their projects."""
    bodies = organisations_of(person).values("pk")
    flows = Flow.objects.filter(request__project__organisation__in=bodies)
    agreements = Agreement.objects.filter(project__organisation__in=bodies)
    grants = Grant.objects.filter(project__organisation__in=bodies)
    return (
        Q(organisation__in=organisations_of(person).values("slug"))
        | Q(subject__in=_subjects("flow", flows))
        | Q(subject__in=_subjects("agreement", agreements))
        | Q(subject__in=_subjects("grant", grants))
    )


def _subjects(noun: str, rows: QuerySet[Model]) -> QuerySet[Model, str]:
    subject = Concat(Value(f"{noun}:"), "reference")
    found: QuerySet[Model, str] = rows.annotate(ledger_subject=subject).values_list(
        "ledger_subject", flat=True
    )
    return found
