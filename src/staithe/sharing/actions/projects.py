"""Projects and who works on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import Conflict, NotFound
from staithe.base.ids import new_reference, to_slug
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.sharing.models import Project, ProjectMember
from staithe.sharing.permissions import check_change_project, check_start_project
from staithe.sharing.policies import (
    check_may_join,
    check_open_project,
    check_optional_text,
    check_purpose_code,
    check_text,
)


if TYPE_CHECKING:
    from datetime import datetime

    from staithe.people.models import Organisation, Person


@action("sharing:project:started")
def start_project(
    *,
    title: str,
    organisation: Organisation,
    purpose_code: str,
    purpose: str,
    benefit: str,
    benefit_measure: str = "",
    by: Person,
    at: datetime,
) -> Project:
    """Start a project with one purpose; whoever starts it leads it."""
    check_start_project(by, organisation)
    title = check_text(
        title, field="title", ask="Enter a title for the project.", most=200
    )
    reference = new_reference("PRJ")
    project = Project.objects.create(
        reference=reference,
        slug=_free_slug(title),
        title=title,
        organisation=organisation,
        lead=by,
        purpose_code=check_purpose_code(purpose_code),
        purpose=check_text(
            purpose, field="purpose", ask="Say what the project will find out or do."
        ),
        benefit=check_text(
            benefit, field="benefit", ask="Say who will be better off, and how."
        ),
        benefit_measure=check_optional_text(benefit_measure, field="benefit_measure"),
        created_at=at,
    )
    ProjectMember.objects.create(project=project, person=by, added_at=at)
    record(
        by=by,
        at=at,
        subject=project.ledger_id,
        organisation=organisation.slug,
        project=reference,
        title=title,
        purpose_code=purpose_code,
    )
    return project


@action("sharing:member:added")
def add_project_member(
    *, project: Project, person: Person, by: Person, at: datetime
) -> ProjectMember:
    """Add an analyst of the same organisation to a project."""
    check_change_project(by, project)
    check_open_project(project)
    check_may_join(project, person)
    if project.members.filter(person=person, ended_at=None).exists():
        raise Conflict(f"{person.name} already works on {project.title}.")
    member = ProjectMember.objects.create(project=project, person=person, added_at=at)
    notify(
        person,
        title=f"You now work on {project.title}",
        link=f"/projects/{project.reference}",
        at=at,
        organisation=project.organisation,
    )
    _record_member(member, by=by, at=at)
    return member


@action("sharing:member:ended")
def end_project_member(
    *, project: Project, person: Person, by: Person, at: datetime
) -> ProjectMember:
    """End a person's work on a project; from then on every door is shut to them."""
    check_change_project(by, project)
    member = project.members.filter(person=person, ended_at=None).first()
    if member is None:
        raise NotFound(f"{person.name} does not work on {project.title}.")
    if person == project.lead:
        raise Conflict(f"{person.name} leads {project.title}, so cannot leave it.")
    _end_member(member, by=by, at=at)
    return member


@action("sharing:member:left")
def leave_project(*, member: ProjectMember, by: object, at: datetime) -> ProjectMember:
    """End a person's work on a project with their last role; its lead's too."""
    _end_member(member, by=by, at=at)
    return member


def _end_member(member: ProjectMember, *, by: object, at: datetime) -> None:
    member.ended_at = at
    member.save(update_fields=["ended_at"])
    project = member.project
    notify(
        member.person,
        title=f"You no longer work on {project.title}",
        link="/projects",
        at=at,
        organisation=project.organisation,
    )
    _record_member(member, by=by, at=at)


def _record_member(member: ProjectMember, *, by: object, at: datetime) -> None:
    record(
        by=by,
        at=at,
        subject=member.project.ledger_id,
        organisation=member.project.organisation.slug,
        project=member.project.reference,
        person=member.person.ledger_id,
    )


def _free_slug(title: str) -> str:
    """Return the title's slug, with a number where another project has it."""
    slug = to_slug(title)
    taken = set(
        Project.objects.filter(slug__startswith=slug).values_list("slug", flat=True)
    )
    number = 2
    free = slug
    while free in taken:
        free = f"{slug}-{number}"
        number += 1
    return free
