"""What happens by the clock: late decisions pass up, agreements run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from staithe.jobs.registry import job
from staithe.sharing.actions import end_expired, escalate_overdue


if TYPE_CHECKING:
    from staithe.jobs.context import JobContext


EVERY_SECONDS = 15 * 60


@job("sharing:escalate", label="Pass up late decisions", every_seconds=EVERY_SECONDS)
def escalate(context: JobContext) -> None:
    """Take every step that is due on every late decision."""
    with transaction.atomic():
        taken = escalate_overdue(at=context.now())
        context.finish({"steps": len(taken)})


@job("sharing:expire", label="End agreements run out", every_seconds=EVERY_SECONDS)
def expire(context: JobContext) -> None:
    """End every agreement whose last day has passed, and so close its doors."""
    with transaction.atomic():
        ended = end_expired(at=context.now())
        context.finish({"agreements": [each.reference for each in ended]})
