"""Background work of the analysis room: deleting data files."""

from __future__ import annotations

from django.db import transaction

from staithe.analysis.datafile import forget_data_files
from staithe.jobs.context import JobContext
from staithe.jobs.registry import job


FORGET = "analysis:forget"


@job(FORGET, label="Delete a project’s data files", max_attempts=20)
def forget(context: JobContext, *, project: str) -> None:
    """Delete a project's data files; the next question builds what it needs."""
    forget_data_files(project)
    with transaction.atomic():
        context.finish({"project": project})
