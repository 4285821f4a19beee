"""What both sides agreed is public at once: a share is an entry in a register."""

from __future__ import annotations

from typing import Any

from staithe.accountability.published import publish_agreement, publish_end
from staithe.ledger.actions import on
from staithe.ledger.models import Event
from staithe.sharing.models import Agreement


@on("sharing:agreement:accepted")
def publish(event: Event, body: dict[str, Any]) -> None:
    """Enter an agreement into the public register."""
    publish_agreement(_agreement(body), at=event.at)


@on("sharing:agreement:revoked")
@on("sharing:agreement:ended")
def close(event: Event, body: dict[str, Any]) -> None:
    """Enter that an agreement ended; an offer that nobody accepted was never entered."""
    publish_end(_agreement(body), at=event.at)


def _agreement(body: dict[str, Any]) -> Agreement:
    found = Agreement.objects.select_related("project", "flow__asset__organisation")
    return found.get(reference=body["agreement"])
