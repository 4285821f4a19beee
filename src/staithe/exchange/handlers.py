"""Agreements open and close grants, in the same transaction."""

from __future__ import annotations

from typing import Any

from staithe.exchange.actions.grants import expire_grant, open_grant, revoke_grant
from staithe.exchange.models import Grant, Join
from staithe.ledger.actions import on
from staithe.ledger.models import Event
from staithe.linkage.models import Review
from staithe.linkage.quality_report import caveat
from staithe.sharing.models import Agreement


@on("sharing:agreement:accepted")
def open_on_acceptance(event: Event, body: dict[str, Any]) -> None:
    """Open the grant of an agreement that both sides have accepted."""
    agreement = Agreement.objects.get(reference=body["agreement"])
    open_grant(agreement=agreement, by=event.actor, at=event.at)


@on("sharing:agreement:revoked")
def close_on_revocation(event: Event, body: dict[str, Any]) -> None:
    """Close every door at once."""
    for grant in _open_grants(body):
        revoke_grant(grant=grant, by=event.actor, at=event.at)


@on("sharing:agreement:ended")
def close_on_end(event: Event, body: dict[str, Any]) -> None:
    """Close the doors of an agreement that has run its time."""
    for grant in _open_grants(body):
        expire_grant(grant=grant, by=event.actor, at=event.at)


@on("linkage:review:closed")
def keep_estimate(event: Event, body: dict[str, Any]) -> None:
    """Write what people judged into the report of the linkage that they judged."""
    review = Review.objects.get(reference=body["review"])
    assert review.result is not None
    join = Join.objects.select_for_update().get(
        project=review.project, number=review.join
    )
    run = join.report["runs"][review.run]
    run["estimate"] = {k: v for k, v in review.result.items() if k != "learned"}
    run["caveat"] = caveat(run)
    join.save(update_fields=["report"])


def _open_grants(body: dict[str, Any]) -> list[Grant]:
    grants = Grant.objects.filter(agreement__reference=body["agreement"])
    return list(grants.filter(closed_at=None))
