"""What happens by the clock: leases that ended, lost messages, recurring work.

Every worker calls `tick` every few seconds; whichever comes first does the work,
and a second call at the same time changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from staithe.jobs import actions, transport
from staithe.jobs.models import FINISHED, Job, JobState, Recurrence
from staithe.jobs.registry import JobKind, all_kinds


# Who asks for recurring work, in the ledger.
SCHEDULER = "service:schedule"
# A message picked up this long ago whose job still waits was lost with its worker.
LOST_MESSAGE_SECONDS = 15


@dataclass(frozen=True)
class Ticked:
    """What one tick did."""

    reaped: int
    redelivered: int
    scheduled: int


def tick(*, at: datetime) -> Ticked:
    """Take back expired jobs, resend lost messages and queue recurring work."""
    return Ticked(_reap(at), _redeliver(at), _schedule(at))


def _reap(at: datetime) -> int:
    expired = Job.objects.filter(state=JobState.RUNNING, lease_until__lt=at)
    ids = list(expired.values_list("pk", flat=True))
    return sum(actions.reap(job_id, at=at) for job_id in ids)


def _redeliver(at: datetime) -> int:
    started_before = at - timedelta(seconds=LOST_MESSAGE_SECONDS)
    alive = transport.waiting(started_before=started_before)
    due = Job.objects.filter(state=JobState.QUEUED, run_after__lte=at)
    lost = due.filter(Q(delivery=None) | ~Q(delivery__in=alive))
    ids = list(lost.values_list("pk", flat=True))
    return sum(_send_again(job_id, at=at) for job_id in ids)


@transaction.atomic
def _send_again(job_id: int, *, at: datetime) -> bool:
    waiting = Job.objects.select_for_update().filter(pk=job_id, state=JobState.QUEUED)
    job = waiting.first()
    if job is None:
        return False
    transport.give_up(job.delivery, at=at)
    actions.deliver(job)
    return True


def _schedule(at: datetime) -> int:
    return sum(_enqueue_slot(kind, at) for kind in all_kinds() if kind.every_seconds)


@transaction.atomic
def _enqueue_slot(kind: JobKind, at: datetime) -> bool:
    """Queue a recurring job once for each slot of time, unless one is still open."""
    assert kind.every_seconds is not None
    slot = int(at.timestamp()) // kind.every_seconds
    known = Recurrence.objects.filter(kind=kind.name)
    if not known.exists():
        Recurrence.objects.get_or_create(kind=kind.name)
    # One UPDATE decides: only the first worker of a slot sees a changed row.
    if not known.filter(last_slot__lt=slot).update(last_slot=slot):
        return False
    if Job.objects.filter(kind=kind.name).exclude(state__in=FINISHED).exists():
        return False
    actions.enqueue(kind.name, arguments={}, by=SCHEDULER, at=at)
    return True
