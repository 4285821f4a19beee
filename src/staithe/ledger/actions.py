"""What every room writes with (`action`, `record`, `on`), and this room's own writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import Conflict
from staithe.ledger import keys
from staithe.ledger.erasures import ERASED, subject_of
from staithe.ledger.heads import latest_checkpoint, publish_checkpoint
from staithe.ledger.recording import (
    ACTIONS,
    HANDLERS,
    SERVICE,
    Action,
    action,
    on,
    record,
)


if TYPE_CHECKING:
    from datetime import datetime

    from staithe.ledger.checkpoint import VerifierKey
    from staithe.ledger.models import Event

__all__ = [
    "ACTIONS",
    "HANDLERS",
    "SERVICE",
    "Action",
    "action",
    "erase_event",
    "latest_checkpoint",
    "on",
    "publish_checkpoint",
    "record",
    "rotate_key",
]


@action(ERASED)
def erase_event(*, event: Event, reason_code: str, by: object, at: datetime) -> Event:
    """Erase an event's body and salt for good; the log still verifies. Conflict.

    Without the salt nobody can test a guess of what the body said. What says that an
    event was erased stays: without it the emptiness would have no reason.
    """
    event.refresh_from_db()
    if event.body is None:
        raise Conflict("The content of this event is erased already.")
    if event.name == ERASED:
        raise Conflict("This event says that another was erased, so it stays.")
    event.body = event.salt = None
    event.save(update_fields=["body", "salt"])
    record(by=by, at=at, subject=subject_of(event.number), reason_code=reason_code)
    return event


@action("ledger:key:rotated")
def _announce_key(
    *, old: VerifierKey, new: VerifierKey, by: object, at: datetime
) -> None:
    subject = f"key:{new.key_id.hex()}"
    record(by=by, at=at, subject=subject, old=str(old), new=str(new))


def rotate_key(*, by: object, at: datetime) -> VerifierKey:
    """Sign with a new key from the next checkpoint on, and return its public half.

    The log announces it, and the old key signs the announcement last of all: whoever
    trusts the old key learns the new one from the log itself.
    """
    old, new = keys.signing_key().verifier, keys.next_key().verifier
    _announce_key(old=old, new=new, by=by, at=at)
    latest_checkpoint(at=at)
    return keys.rotate()
