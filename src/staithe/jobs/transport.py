"""The only place that speaks to django-tasks-db: it carries “this job is ready”.

A message holds a job's number and nothing else. Delivering it twice, late or never
is harmless: the job's row decides (see `staithe.jobs.actions.claim` and `schedule`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult


if TYPE_CHECKING:
    from datetime import datetime


def run_job(job_id: int) -> None:
    """Run one job in this worker."""
    from staithe.jobs.run import execute

    execute(job_id, heartbeat=True)


# The transport finds the task by the name of its function, so both share it.
run_job = task(run_job)


def send(job_id: int, *, run_after: datetime) -> UUID:
    """Enqueue the message in the caller's transaction and return its number."""
    return UUID(run_job.using(run_after=run_after).enqueue(job_id).id)  # type: ignore[attr-defined]  # the library is untyped


def waiting(*, started_before: datetime) -> QuerySet[Any]:
    """Return the numbers of messages still to be picked up, or picked up just now."""
    alive = Q(status=TaskResultStatus.READY) | Q(
        status=TaskResultStatus.RUNNING, started_at__gte=started_before
    )
    found: QuerySet[Any] = DBTaskResult.objects.filter(alive).values("id")
    return found


def give_up(delivery: UUID | None, *, at: datetime) -> None:
    """Close the message of a worker that was lost, so that it is pruned in time.

    The row stays: a worker that was only slow still writes to it afterwards.
    """
    DBTaskResult.objects.filter(id=delivery, status=TaskResultStatus.RUNNING).update(
        status=TaskResultStatus.FAILED, finished_at=at, traceback="The worker was lost."
    )


def has_ready() -> bool:
    """Say whether any message waits; a read, so idle workers take no write lock."""
    return bool(DBTaskResult.objects.ready().exists())


def prune(*, before: datetime) -> int:
    """Delete the messages that were dealt with before a time; return how many."""
    done = DBTaskResult.objects.finished().filter(finished_at__lt=before)
    return int(done.delete()[0])
