"""Who is told what: the people on each side of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.people.permissions import Permission, people_who_can
from staithe.people.queries import accountable_people


if TYPE_CHECKING:
    from staithe.people.models import Person
    from staithe.sharing.models import Flow, Project


def requesters(project: Project) -> list[Person]:
    """Return the people who work on a project now, in the order they were added."""
    members = project.members.filter(ended_at=None, person__is_active=True)
    return [member.person for member in members.select_related("person").order_by("pk")]


def deciders(flow: Flow) -> list[Person]:
    """Return who at the holder can answer: whoever took it, or all who may decide.

    Where nobody may decide, those who answer for the organisation.
    """
    if flow.decider is not None and flow.decider.is_active:
        return [flow.decider]
    able = people_who_can(Permission.DECIDE_REQUEST, flow.holder)
    return list(able) or accountable_people(flow.holder)


def holder_people(flow: Flow) -> list[Person]:
    """Return everyone at the holder who decides or answers for it."""
    able = people_who_can(Permission.DECIDE_REQUEST, flow.holder)
    return list({p.pk: p for p in (*able, *accountable_people(flow.holder))}.values())


def find_accountable(flow: Flow) -> Person | None:
    """Return who answers for the holder: not whoever has been silent, if another can.

    People who work on the asking project are passed over: they cannot decide.
    """
    asking = {person.pk for person in requesters(flow.request.project)}
    answering = [
        person for person in accountable_people(flow.holder) if person.pk not in asking
    ]
    fresh = [person for person in answering if person != flow.decider]
    return next(iter([*fresh, *answering]), None)
