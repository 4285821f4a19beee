"""Recording what came of a share, and crediting those who made it possible."""

from __future__ import annotations

from datetime import datetime

from staithe.accountability.models import Credit, Outcome
from staithe.accountability.policies import check_holders, check_member, check_outcome
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
    """Record a result of a project and credit every holder that agreed to share.

    NotAllowed for others than members, Conflict before any agreement was in force,
    BadInput naming the field. `preparation_cost` is in whole pounds.
    """
    check_member(by, project)
    texts = check_outcome(
        {
            "title": title,
            "description": description,
            "measure": measure,
            "value": value,
            "evidence_link": evidence_link,
        },
        cost=preparation_cost,
    )
    holders = holders_of(project)
    check_holders(holders, project)
    outcome = Outcome.objects.create(
        reference=new_reference("RES"),
        project=project,
        preparation_cost=preparation_cost,
        by=by,
        at=at,
        **texts,
    )
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
