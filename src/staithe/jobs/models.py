"""One row for each piece of background work, and one for each recurring kind.

django-tasks-db carries the message that a job is ready; this row says what became
of it: attempts, lease, progress, result. The constraints make a half-finished
state impossible to store.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from staithe.base.ids import new_reference


def new_job_reference() -> str:
    """Return a short random reference for a job."""
    return new_reference("JOB", 10)


class JobState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Stopped"


FINISHED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(models.Model):
    reference = models.CharField(
        max_length=16, unique=True, editable=False, default=new_job_reference
    )
    kind = models.CharField(max_length=80)
    state = models.CharField(
        max_length=10, choices=JobState, default=JobState.QUEUED, db_index=True
    )
    arguments = models.JSONField(default=dict)
    # Ledger ids, opaque here: this room stands above people and their things.
    actor = models.CharField(max_length=120)
    subject = models.CharField(max_length=200, blank=True, db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField()
    # Attempts that ended because the worker died: not the fault of the work.
    losses = models.PositiveSmallIntegerField(default=0)
    run_after = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=64, blank=True)
    # The message of the transport that is to wake a worker for this job.
    delivery = models.UUIDField(null=True, blank=True)
    progress = models.FloatField(default=0.0)
    progress_note = models.CharField(max_length=200, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["state", "lease_until"], name="jobs_lease"),
            models.Index(fields=["state", "run_after"], name="jobs_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=JobState.values), name="jobs_state_known"
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0.0, progress__lte=1.0),
                name="jobs_progress_is_fraction",
            ),
            models.CheckConstraint(
                condition=Q(
                    attempts__lte=F("max_attempts") + F("losses"), max_attempts__gte=1
                ),
                name="jobs_attempts_bounded",
            ),
            models.CheckConstraint(
                condition=(
                    Q(state="running", lease_until__isnull=False) & ~Q(lease_token="")
                )
                | (~Q(state="running") & Q(lease_until=None)),
                name="jobs_running_has_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=FINISHED, finished_at__isnull=False)
                | (~Q(state__in=FINISHED) & Q(finished_at=None)),
                name="jobs_finished_has_time",
            ),
        ]


class Recurrence(models.Model):
    """The last slot for which a recurring kind was enqueued: once, by one worker."""

    kind = models.CharField(max_length=80, unique=True)
    last_slot = models.BigIntegerField(default=-1)
