"""Runs one attempt at one job: the edge where any error becomes a recorded state."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from django.db import OperationalError, connections

from staithe.base import clock
from staithe.base.errors import UserError
from staithe.base.outage import as_outage
from staithe.jobs import actions
from staithe.jobs.context import JobCancelled, JobContext, LeaseLost
from staithe.jobs.models import Job, JobState


if TYPE_CHECKING:
    from collections.abc import Iterator

    from staithe.jobs.actions import Claim

log = structlog.get_logger(__name__)

UNFINISHED = "The work ended without saying that it was done. This is our mistake."


def execute(job_id: int, *, heartbeat: bool = False) -> bool:
    """Run a job if it is queued and due; return whether this call ran it.

    With `heartbeat` a thread renews the lease while a long step runs.
    """
    claim = actions.claim(job_id, at=clock.now())
    if claim is None:
        return False
    with structlog.contextvars.bound_contextvars(
        job=claim.job.reference, kind=claim.kind.name, attempt=claim.job.attempts
    ):
        if heartbeat:
            with _beating(claim):
                _attempt(claim)
        else:
            _attempt(claim)
    return True


def run_pending(*, limit: int = 1000) -> int:
    """Run here, one by one, the jobs that are due; return how many were run.

    For the demo, the command line and tests: a worker does the same from outside.
    """
    for count in range(limit):
        due = Job.objects.filter(state=JobState.QUEUED, run_after__lte=clock.now())
        job_id = due.order_by("run_after", "pk").values_list("pk", flat=True).first()
        if job_id is None:
            return count
        execute(job_id)
    return limit


def _attempt(claim: Claim) -> None:
    try:
        claim.kind.handler(JobContext(claim), **claim.job.arguments)
    except JobCancelled:
        actions.stop(claim, at=clock.now())
        log.info("job stopped on request")
    except LeaseLost:
        log.warning("job lost its lease; its effect was rolled back")
    except UserError as error:
        # The same input gets the same answer: trying again helps nobody.
        actions.fail(claim, at=clock.now(), error=error.message, again=False)
        log.info("job refused", reason=error.message)
    except Exception as error:
        log.exception("job failed")
        actions.fail(claim, at=clock.now(), error=_sentence(error), again=True)
    else:
        # Nothing to do after finish(): the row is done and no longer held.
        actions.fail(claim, at=clock.now(), error=UNFINISHED, again=False)


def _sentence(error: Exception) -> str:
    outage = as_outage(error)
    if outage is not None:
        return outage.message
    return (
        "Something went wrong on our side "
        f"({type(error).__name__}). The details are in the service's log."
    )


@contextmanager
def _beating(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread until the block ends."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(claim, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(claim: Claim, done: threading.Event) -> None:
    try:
        while not done.wait(claim.kind.lease_seconds / 3):
            try:
                if not actions.renew(claim, at=clock.now()):
                    return
            except OperationalError:
                # A busy database: the next beat may still come in time.
                log.warning("heartbeat missed")
    finally:
        connections.close_all()
