"""Recording what came of a share, and crediting those who made it possible."""

from __future__ import annotations

from datetime import datetime

from staithe.accountability.models import Credit, Outcome
from staithe.base.errors import BadInput, NotAllowed
from staithe.base.ids import new_reference
from staithe.ledger.actions import action, record
from staithe.people.models import Organisation, Person
from staithe.people.notices import notify
from staithe.people.permissions import Permission, people_who_can
from staithe.sharing.models import Project


@action("accountability:outcome:recorded")
def record_outcome(
    *,
    project: Project,
    title: str,
    description: str,
    by: Person,
    at: datetime,
    measure: str = "",
    value: str = "",
    evidence_link: str = "",
    preparation_cost: int | None = None,
) -> Outcome:
    """Record a result of a project and credit every holder that agreed to share."""
    _check_member(project, by)
    if not title.strip():
        raise BadInput("Give the result a title.", field="title")
    if not description.strip():
        raise BadInput(
            "Say what changed because the data was shared.", field="description"
        )
    _check_link(evidence_link)
    outcome = Outcome.objects.create(
        reference=new_reference("RES"),
        project=project,
        title=title.strip()[:200],
        description=description.strip(),
        measure=measure.strip()[:200],
        value=value.strip()[:60],
        evidence_link=evidence_link.strip(),
        preparation_cost=preparation_cost,
        by=by,
        at=at,
    )
    holders = holders_of(project)
    Credit.objects.bulk_create(
        Credit(outcome=outcome, organisation=holder) for holder in holders
    )
    record(
        by=by,
        at=at,
        subject=project.ledger_id,
        organisation=project.organisation.slug,
        outcome=outcome.reference,
        project=project.reference,
        holders=sorted(holder.slug for holder in holders),
        preparation_cost=preparation_cost,
    )
    for holder in holders:
        notify(
            people_who_can(Permission.DECIDE_REQUEST, holder),
            title=f"Your data made this possible: {outcome.title}",
            body=f"{project.title} recorded a result that rests on data of {holder.name}.",
            link=f"/organisations/{holder.slug}",
            at=at,
        )
    return outcome


def holders_of(project: Project) -> list[Organisation]:
    """Return the bodies whose agreement with the project was ever in force."""
    found = Organisation.objects.filter(
        assets__flows__agreement__project=project,
        assets__flows__agreement__accepted_at__isnull=False,
    )
    return list(found.distinct().order_by("slug"))


def _check_member(project: Project, person: Person) -> None:
    if not project.members.filter(person=person, ended_at=None).exists():
        raise NotAllowed("Only members of the project can record its results.")


def _check_link(link: str) -> None:
    """Accept a path on this service or an https address, nothing that runs."""
    text = link.strip()
    if text and not (text.startswith(("/", "https://")) and not text.startswith("//")):
        raise BadInput(
            "The evidence must be a path here or an address that starts with https://.",
            field="evidence_link",
        )
    if len(text) > 500:  # noqa: PLR2004  the column's width
        raise BadInput("The evidence link is too long.", field="evidence_link")
