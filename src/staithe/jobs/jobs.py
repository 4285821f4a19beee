"""The room's own recurring work: old rows of finished work are deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from staithe.jobs import transport
from staithe.jobs.models import FINISHED, Job
from staithe.jobs.registry import job


if TYPE_CHECKING:
    from staithe.jobs.context import JobContext

KEEP_DAYS = 90
KEEP_MESSAGES_DAYS = 7


@job("jobs:prune", label="Delete records of old work", every_seconds=24 * 3600)
def prune(context: JobContext) -> None:
    """Delete jobs finished 90 days ago and messages dealt with 7 days ago."""
    at = context.now()
    old = Job.objects.filter(
        state__in=FINISHED, finished_at__lt=at - timedelta(days=KEEP_DAYS)
    )
    with transaction.atomic():
        deleted, _ = old.delete()
        messages = transport.prune(before=at - timedelta(days=KEEP_MESSAGES_DAYS))
        context.finish({"jobs": deleted, "messages": messages})
