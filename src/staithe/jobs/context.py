"""What a handler is given: who asked, how to report progress, how to finish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from staithe.base import clock
from staithe.jobs import actions
from staithe.jobs.models import Job


if TYPE_CHECKING:
    from datetime import datetime

    from staithe.jobs.actions import Claim

# Progress is written no more often than this: a write costs a disk flush.
WRITE_EVERY_SECONDS = 0.5


class JobCancelled(Exception):
    """Someone asked for this job to stop."""


class LeaseLost(Exception):
    """Another worker has taken this job: nothing done here may be kept."""


class JobContext:
    """One attempt at one job."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._written_at: datetime | None = None
        self.job_id: int = claim.job.pk
        self.reference: str = claim.job.reference
        self.actor: str = claim.job.actor
        self.subject: str = claim.job.subject
        self.attempt: int = claim.job.attempts

    def now(self) -> datetime:
        """Return the time: a job is an edge of the program, so it may ask."""
        return clock.now()

    def progress(self, fraction: float, note: str = "") -> None:
        """Report progress (0 to 1) and renew the lease; call it between steps.

        Raises JobCancelled when asked to stop and LeaseLost when another worker has
        the job. Call it outside a transaction, or nobody sees it until the end.
        """
        at = self.now()
        if not self._is_due(at):
            return
        self._written_at = at
        fraction = min(1.0, max(0.0, fraction))
        if not actions.renew(
            self._claim, at=at, progress=fraction, progress_note=note[:200]
        ):
            raise LeaseLost(self.reference)
        if Job.objects.filter(pk=self.job_id, cancel_asked_at__isnull=False).exists():
            raise JobCancelled(self.reference)

    def finish(self, result: Any = None) -> None:
        """Mark the job done, inside the transaction of its effect.

        Raises LeaseLost, which rolls the effect back, when another worker has the
        job: so the effect happens once however often the job is run.
        """
        if not transaction.get_connection().in_atomic_block:
            raise RuntimeError("finish() belongs in the transaction of the effect")
        if not actions.finish(self._claim, result, at=self.now()):
            raise LeaseLost(self.reference)

    def _is_due(self, at: datetime) -> bool:
        if self._written_at is None:
            return True
        return (at - self._written_at).total_seconds() >= WRITE_EVERY_SECONDS
