"""Every write to a job's row.

These are not ledger events: what a job *does* is an act, recorded by the action it
calls; that it waited, ran or was tried again is operation (decision 0005). Each
write says in its WHERE clause what it believes of the row, so two workers can never
both be right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from staithe.base.errors import Conflict
from staithe.base.ids import new_token
from staithe.jobs import transport
from staithe.jobs.models import FINISHED, Job, JobState
from staithe.jobs.registry import JobKind, backoff_seconds, find_kind, get_kind
from staithe.ledger.actions import SERVICE
from staithe.ledger.recording import lock_head


if TYPE_CHECKING:
    from django.db.models import QuerySet


log = structlog.get_logger(__name__)

# Work that takes its worker down with it must end, but a worker that is killed again
# and again for reasons of its own must not end the work.
MAX_LOSSES = 10
LOST = "The program that ran this stopped before it finished."
NO_HANDLER = "This version of the service does not know this kind of work."


@dataclass(frozen=True)
class Claim:
    """The right of one worker to run a job until its lease ends."""

    job: Job
    kind: JobKind
    token: str


@transaction.atomic
def enqueue(
    kind: str,
    *,
    arguments: dict[str, Any],
    by: object,
    at: datetime,
    subject: str = "",
    run_after: datetime | None = None,
) -> Job:
    """Queue work in the caller's transaction: it is undone if that rolls back.

    `by` is a ledger id, anything with one, or None for the service; `subject` is the
    ledger id of what the work is about. `arguments` are JSON and hold no secrets.
    """
    definition = get_kind(kind)
    job = Job.objects.create(
        kind=kind,
        arguments=arguments,
        actor=_actor(by),
        subject=subject,
        max_attempts=definition.max_attempts,
        run_after=run_after or at,
        created_at=at,
    )
    deliver(job)
    return job


def deliver(job: Job) -> None:
    """Send the transport's message for a queued job and remember which it is."""
    job.delivery = transport.send(job.pk, run_after=job.run_after)
    job.save(update_fields=["delivery"])


@transaction.atomic
def claim(job_id: int, *, at: datetime) -> Claim | None:
    """Take a queued job that is due, or return None: another worker has it."""
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None or job.state != JobState.QUEUED or job.run_after > at:
        return None
    kind = find_kind(job.kind)
    if kind is None:
        _close(Job.objects.filter(pk=job_id), JobState.FAILED, at=at, error=NO_HANDLER)
        return None
    job.state = JobState.RUNNING
    job.attempts += 1
    job.lease_token = new_token()
    job.lease_until = at + timedelta(seconds=kind.lease_seconds)
    job.started_at = job.started_at or at
    job.progress, job.progress_note = 0.0, ""
    job.save()
    return Claim(job, kind, job.lease_token)


def renew(claim: Claim, *, at: datetime, **changes: Any) -> bool:
    """Extend a lease, with progress; False when it is no longer this worker's."""
    until = at + timedelta(seconds=claim.kind.lease_seconds)
    return _held(claim).update(lease_until=until, **changes) == 1


def finish(claim: Claim, result: Any, *, at: datetime) -> bool:
    """Mark a job done in the caller's transaction; False when the lease was lost."""
    changed = _close(
        _held(claim), JobState.DONE, at=at, result=result, error="", progress=1.0
    )
    return changed == 1


@transaction.atomic
def fail(claim: Claim, *, at: datetime, error: str, again: bool) -> None:
    """Record a failed attempt: queue another where allowed, else fail for good."""
    errors = claim.job.attempts - claim.job.losses
    if again and errors < claim.job.max_attempts:
        _put_back(_held(claim), claim.job, at=at, error=error)
    else:
        _give_up(_held(claim), claim.job, at=at, error=error)


def stop(claim: Claim, *, at: datetime) -> None:
    """Record that a running job obeyed a request to stop."""
    _close(_held(claim), JobState.CANCELLED, at=at)


@transaction.atomic
def reap(job_id: int, *, at: datetime) -> bool:
    """Take a job back from a worker whose lease ended; False if it lives after all."""
    lock_head()  # before the row, as an action that ends a job does
    expired = Job.objects.filter(pk=job_id, state=JobState.RUNNING, lease_until__lt=at)
    job = expired.select_for_update().first()
    if job is None:
        return False
    transport.give_up(job.delivery, at=at)
    if job.cancel_asked_at:
        _close(expired, JobState.CANCELLED, at=at)
    elif job.losses < MAX_LOSSES:
        _put_back(expired, job, at=at, error=LOST, losses=job.losses + 1)
    else:
        _give_up(expired, job, at=at, error=LOST)
    return True


@transaction.atomic
def cancel(job: Job, *, at: datetime) -> Job:
    """Ask for a job to stop: at once if it waits, at its next mark if it runs."""
    row = Job.objects.select_for_update().get(pk=job.pk)
    if row.state in FINISHED:
        raise Conflict("This work has already finished, so it cannot be stopped.")
    Job.objects.filter(pk=row.pk, cancel_asked_at=None).update(cancel_asked_at=at)
    if row.state == JobState.QUEUED:
        _close(Job.objects.filter(pk=row.pk), JobState.CANCELLED, at=at)
    row.refresh_from_db()
    return row


@transaction.atomic
def retry(job: Job, *, at: datetime) -> Job:
    """Queue a job again that failed or was stopped, with all its attempts."""
    row = Job.objects.select_for_update().get(pk=job.pk)
    if row.state not in {JobState.FAILED, JobState.CANCELLED}:
        raise Conflict("Only work that failed or was stopped can be tried again.")
    row.state = JobState.QUEUED
    row.attempts, row.losses = 0, 0
    row.progress, row.progress_note, row.error = 0.0, "", ""
    row.finished_at = row.cancel_asked_at = None
    row.run_after = at
    row.save()
    deliver(row)
    return row


def _actor(by: object) -> str:
    return SERVICE if by is None else str(getattr(by, "ledger_id", by))


def _held(claim: Claim) -> QuerySet[Job]:
    """Return the row, only while this claim's lease token is the one in force."""
    return Job.objects.filter(
        pk=claim.job.pk, state=JobState.RUNNING, lease_token=claim.token
    )


def _close(
    rows: QuerySet[Job], state: JobState, *, at: datetime, **changes: Any
) -> int:
    return rows.update(
        state=state, finished_at=at, lease_until=None, lease_token="", **changes
    )


def _give_up(rows: QuerySet[Job], job: Job, *, at: datetime, error: str) -> None:
    """Fail for good and tell what waits for the work, in the caller's transaction."""
    kind = find_kind(job.kind)
    if kind is not None and kind.given_up is not None:
        lock_head()  # before the row, as an action that ends a job does
    if not _close(rows, JobState.FAILED, at=at, error=error):
        return
    if kind is None or kind.given_up is None:
        return
    try:
        with transaction.atomic():
            kind.given_up(error=error, at=at, **job.arguments)
    except Exception:
        # A bug there must not keep the job open, or every worker would meet it.
        log.exception("nobody could be told that work was given up", job=job.reference)


@transaction.atomic
def _put_back(
    rows: QuerySet[Job], job: Job, *, at: datetime, error: str, **changes: Any
) -> None:
    errors = job.attempts - changes.get("losses", job.losses)
    later = at + timedelta(seconds=backoff_seconds(errors))
    changed = rows.update(
        state=JobState.QUEUED,
        run_after=later,
        lease_until=None,
        lease_token="",
        error=error,
        **changes,
    )
    if changed:
        job.run_after = later
        deliver(job)
