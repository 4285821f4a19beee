"""Tokens by which one person reads one grant with an open client."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from staithe.base.errors import Conflict, NotAllowed
from staithe.base.ids import new_token
from staithe.exchange.models import Grant, Recipient
from staithe.exchange.policies import check_fetches
from staithe.ledger.actions import action, record
from staithe.people.models import Person


TOKEN_DAYS = 90


def hash_token(token: str) -> str:
    """Return what is stored in place of a token (256 random bits need no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()


@action("exchange:recipient:issued")
def issue_recipient(*, grant: Grant, by: Person, at: datetime) -> tuple[Recipient, str]:
    """Return a new token for the caller's own use; it is shown once."""
    check_fetches(grant, person=by, at=at)
    token = new_token()
    recipient = Recipient.objects.create(
        grant=grant,
        person=by,
        token_hash=hash_token(token),
        prefix=token[:6],
        created_at=at,
        expires_at=min(at + timedelta(days=TOKEN_DAYS), grant.expires_at),
    )
    _record(recipient, by=by, at=at)
    return recipient, token


@action("exchange:recipient:revoked")
def revoke_recipient(*, recipient: Recipient, by: Person, at: datetime) -> Recipient:
    """End a token; its owner may, and anyone who may revoke the agreement."""
    if recipient.person_id != by.pk:
        raise NotAllowed("Only the person who made a token can end it.")
    if recipient.revoked_at is not None:
        raise Conflict("This token has already been ended.")
    recipient.revoked_at = at
    recipient.save(update_fields=["revoked_at"])
    _record(recipient, by=by, at=at)
    return recipient


@action("exchange:table:read")
def record_read(*, recipient: Recipient, kind: str, rows: int, at: datetime) -> None:
    """Record that a table was handed to a client: one event for each query."""
    _record(
        recipient,
        by=recipient.person,
        at=at,
        kind=kind,
        rows=rows,
        table=recipient.grant.table_name,
        table_version=recipient.grant.table_version,
    )


def _record(recipient: Recipient, *, by: object, at: datetime, **body: object) -> None:
    grant = recipient.grant
    record(
        by=by,
        at=at,
        subject=grant.ledger_id,
        organisation=str(grant.compiled["holder"]),
        grant=grant.reference,
        agreement=grant.agreement.reference,
        project=grant.project.reference,
        recipient=recipient.pk,
        **body,
    )
