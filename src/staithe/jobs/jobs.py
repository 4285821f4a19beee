"""The room's own recurring work: signing the log, deleting rows of old work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from staithe.jobs import transport
from staithe.jobs.models import FINISHED, Job, JobState
from staithe.jobs.registry import job
from staithe.jobs.schedule import SCHEDULER
from staithe.ledger.actions import publish_checkpoint


if TYPE_CHECKING:
    from staithe.jobs.context import JobContext

KEEP_DAYS = 90
KEEP_MESSAGES_DAYS = 7
KEEP_RECURRING_DAYS = 1  # work that comes every minute says little once it is done


@job("jobs:checkpoint", label="Sign the log", every_seconds=60)
def sign_log(context: JobContext) -> None:
    """Publish a signed checkpoint when the log has grown."""
    checkpoint = publish_checkpoint(at=context.now())
    with transaction.atomic():
        context.finish({"size": checkpoint.size})


@job("jobs:prune", label="Delete records of old work", every_seconds=24 * 3600)
def prune(context: JobContext) -> None:
    """Delete old work: 90 days, recurring work a day, messages 7 days after."""
    at = context.now()
    old = Job.objects.filter(
        state__in=FINISHED, finished_at__lt=at - timedelta(days=KEEP_DAYS)
    )
    recurring = Job.objects.filter(
        state=JobState.DONE,
        actor=SCHEDULER,
        finished_at__lt=at - timedelta(days=KEEP_RECURRING_DAYS),
    )
    with transaction.atomic():
        deleted = old.delete()[0] + recurring.delete()[0]
        messages = transport.prune(before=at - timedelta(days=KEEP_MESSAGES_DAYS))
        context.finish({"jobs": deleted, "messages": messages})
