"""When a person's last role goes, so does their work on projects."""

from __future__ import annotations

from typing import Any

from staithe.ledger.actions import on
from staithe.ledger.models import Event
from staithe.people.queries import find_person_by_ledger_id, organisations_of
from staithe.sharing.actions import leave_project
from staithe.sharing.models import ProjectMember


@on("people:membership:ended")
def end_work_on_projects(event: Event, body: dict[str, Any]) -> None:
    """End a person's work on projects where no role of theirs is left.

    That is on the projects of the organisation that the role was at, and on all once
    the person has no role anywhere.
    """
    person = find_person_by_ledger_id(body["person"])
    if person is None:
        return
    left = organisations_of(person)
    members = ProjectMember.objects.filter(person=person, ended_at=None)
    if left.exists():
        members = members.filter(project__organisation__slug=event.organisation)
        members = members.exclude(project__organisation__in=left)
    for member in members.select_related("project__organisation", "person"):
        leave_project(member=member, by=event.actor, at=event.at)
