"""May this grant be read now, by this person: the one question every door asks."""

from __future__ import annotations

from datetime import datetime

from staithe.base.clock import to_text
from staithe.base.errors import Conflict, NotAllowed, UserError
from staithe.exchange.models import Grant, Recipient
from staithe.people.models import Person
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


def check_live(grant: Grant, *, at: datetime) -> None:
    """Raise NotAllowed unless agreement and grant are in force at this moment."""
    if grant.state == Grant.State.REVOKED and grant.closed_at is not None:
        raise NotAllowed(
            f"The agreement was revoked on {to_text(grant.closed_at)[:10]}."
        )
    if grant.state == Grant.State.EXPIRED or at >= grant.expires_at:
        raise NotAllowed(f"The agreement ended on {to_text(grant.expires_at)[:10]}.")
    if grant.agreement.state != Agreement.State.IN_FORCE:
        raise NotAllowed("The agreement is not in force.")
    if grant.state == Grant.State.FAILED:
        raise Conflict(f"The data could not be prepared: {grant.problem}")
    if grant.state not in {Grant.State.ACTIVE, Grant.State.PREPARING}:
        raise NotAllowed("The grant is closed.")


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
