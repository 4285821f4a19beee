"""What every action on an asset begins and ends with."""

from __future__ import annotations

from datetime import datetime

from staithe.base.errors import Conflict
from staithe.catalogue.models import Asset
from staithe.ledger.actions import record
from staithe.people.models import Person


def asset_now(asset: Asset) -> Asset:
    """Return an asset as it is now, locked; raise Conflict once it is withdrawn."""
    row = (
        Asset.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=asset.pk)
    )
    if row.status == Asset.Status.WITHDRAWN:
        raise Conflict(f"{row.title} has been withdrawn, so it cannot be changed.")
    return row


def record_change(
    asset: Asset, *, by: Person | None, at: datetime, **body: object
) -> None:
    """Record the one event of an action on an asset."""
    record(
        by=by,
        at=at,
        subject=asset.ledger_id,
        organisation=asset.organisation.slug,
        asset=asset.reference,
        **body,
    )
