"""May this grant be read now, by this person: the one question every door asks."""

from __future__ import annotations

from datetime import datetime

from staithe.base.clock import to_text
from staithe.base.errors import Conflict, NotAllowed, UserError
from staithe.exchange.models import Grant, Join, Recipient
from staithe.jobs.models import FINISHED
from staithe.jobs.queries import JobView, job_view, jobs_about
from staithe.linkage.queries import has_judged
from staithe.people.models import Person
from staithe.people.permissions import Permission, can
from staithe.sharing.grant import check_grant, grant_from_plain
from staithe.sharing.models import Agreement, ProjectMember


def check_permitted(grant: Grant, *, person: Person, at: datetime) -> None:
    """Raise NotAllowed unless the grant is live and the person is in its terms.

    Asked on every request at every door, from the rows as they are now: revoking
    an agreement or ending a membership closes all doors at once.
    """
    check_live(grant, at=at)
    if not person.is_active:
        raise NotAllowed("Your account is closed.")
    check_grant(grant_from_plain(grant.compiled), person=person.ledger_id, at=at)
    members = ProjectMember.objects.filter(
        project=grant.project_id, person=person, ended_at=None
    )
    if not members.exists():
        raise NotAllowed("You no longer belong to this project.")
    if has_judged(person, grant.project):
        raise NotAllowed(
            "You judged pairs of this project's people, so you have seen their names "
            "and may not read their data."
        )
    recipient = grant.project.organisation
    if not can(person, Permission.RUN_QUERY, recipient):
        raise NotAllowed(f"You are no longer an analyst at {recipient.name}.")


def check_live(grant: Grant, *, at: datetime) -> None:
    """Raise NotAllowed unless agreement and grant are in force at this moment."""
    if grant.state == Grant.State.REVOKED and grant.closed_at is not None:
        raise NotAllowed(
            f"The agreement was revoked on {to_text(grant.closed_at)[:10]}."
        )
    if grant.state == Grant.State.EXPIRED or at >= grant.expires_at:
        closed = grant.closed_at.date() if grant.closed_at else grant.last_day
        last = min(grant.last_day, closed)
        raise NotAllowed(f"The agreement ended on {last.isoformat()}.")
    if grant.agreement.state != Agreement.State.IN_FORCE:
        raise NotAllowed("The agreement is not in force.")
    if grant.state == Grant.State.FAILED:
        raise Conflict(f"The data could not be prepared: {grant.problem}")


def can_read(grant: Grant, *, person: Person, at: datetime) -> bool:
    """Tell whether every door would open."""
    try:
        check_permitted(grant, person=person, at=at)
    except UserError:
        return False
    return True


def check_recipient(recipient: Recipient, *, at: datetime) -> None:
    """Raise NotAllowed unless token, grant and person are all still good."""
    if recipient.revoked_at is not None:
        raise NotAllowed("This token was revoked.")
    if at >= recipient.expires_at:
        raise NotAllowed(
            "This token has expired. Make a new one on the agreement page."
        )
    check_permitted(recipient.grant, person=recipient.person, at=at)


def check_ready(grant: Grant) -> None:
    """Raise Conflict until the grant's table has been made."""
    if not grant.table_snapshot:
        raise Conflict(
            "The data is still being prepared. Join the project's data first."
        )


def check_prepares_again(grant: Grant, *, person: Person) -> None:
    """Raise unless the cutting failed and the person may have it done again."""
    if not may_mend(grant, person=person):
        raise NotAllowed(
            "Only the project's members and the holder can have data prepared again."
        )
    if grant.closed_at is not None:
        raise Conflict("This grant is closed, so its data is not prepared again.")
    if not has_stalled(grant):
        raise Conflict("This data is prepared already, or being prepared now.")


def may_mend(grant: Grant, *, person: Person) -> bool:
    """Tell whether a person works on the project, or on the data at its holder."""
    holder = grant.agreement.flow.asset.organisation
    members = grant.project.members.filter(person=person, ended_at=None)
    return members.exists() or can(person, Permission.EDIT_ASSET, holder)


def has_stalled(grant: Grant) -> bool:
    """Tell whether the data is not there and nothing is under way that brings it."""
    if grant.state == Grant.State.FAILED:
        return True
    jobs = jobs_about(grant.ledger_id, kind="exchange:materialise")
    at_work = any(job.state not in FINISHED for job in jobs)
    return grant.state == Grant.State.PREPARING and not at_work


def job_of(join: Join) -> JobView | None:
    """Return the work that a join waits for, as a person may see it."""
    jobs = jobs_about(join.project.ledger_id, kind="exchange:join")
    mine = (job for job in jobs if job.arguments.get("join") == join.pk)
    return next((job_view(job) for job in mine), None)


def is_under_way(join: Join) -> bool:
    """Tell whether a join waits for work that has not ended, well or badly."""
    job = job_of(join)
    waiting = join.state == Join.State.QUEUED
    return waiting and job is not None and not job.is_finished
