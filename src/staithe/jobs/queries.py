"""What a page or an API says about background work.

This room has no pages: the room that started a job decides who may see it, finds it
by reference or subject, and shows its view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from staithe.base.clock import to_text
from staithe.base.errors import NotFound
from staithe.jobs.models import FINISHED, Job, JobState
from staithe.jobs.registry import find_kind


@dataclass(frozen=True)
class JobView:
    """A job as a person or a program sees it; times are RFC 3339 in UTC."""

    reference: str
    kind: str
    label: str
    state: str
    state_words: str
    percent: int
    note: str
    error: str
    result: Any
    attempts: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    is_finished: bool
    can_stop: bool

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON for a progress page to poll."""
        return dict(vars(self))


def job_view(job: Job) -> JobView:
    """Describe a job for a page; the error is a sentence, never a traceback."""
    kind = find_kind(job.kind)
    finished = job.state in FINISHED
    return JobView(
        reference=job.reference,
        kind=job.kind,
        label=kind.label if kind else job.kind,
        state=job.state,
        state_words=_state_words(job),
        percent=int(job.progress * 100),
        note=job.progress_note,
        error=job.error,
        result=job.result,
        attempts=job.attempts,
        created_at=to_text(job.created_at),
        started_at=to_text(job.started_at) if job.started_at else None,
        finished_at=to_text(job.finished_at) if job.finished_at else None,
        is_finished=finished,
        can_stop=not finished and job.cancel_asked_at is None,
    )


def find_job(reference: str) -> Job | None:
    """Return a job by its reference, or None."""
    return Job.objects.filter(reference=reference).first()


def get_job(reference: str) -> Job:
    """Return a job by its reference, or raise NotFound."""
    job = find_job(reference)
    if job is None:
        raise NotFound("There is no such piece of work, or its record was deleted.")
    return job


def jobs_about(subject: str, *, kind: str | None = None) -> list[Job]:
    """Return the jobs about a thing, by ledger id, newest first."""
    jobs = Job.objects.filter(subject=subject)
    return list(jobs.filter(kind=kind) if kind else jobs)


def find_latest_job(subject: str, *, kind: str | None = None) -> Job | None:
    """Return the newest job about a thing, or None."""
    return next(iter(jobs_about(subject, kind=kind)), None)


def _state_words(job: Job) -> str:
    if job.cancel_asked_at and job.state == JobState.RUNNING:
        return "Stopping"
    if job.state == JobState.QUEUED and job.attempts:
        return "Waiting to try again"
    return JobState(job.state).label
