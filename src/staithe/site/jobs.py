"""The service's own recurring work: what killed processes left is removed."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from staithe.jobs.context import JobContext
from staithe.jobs.registry import job
from staithe.site.tidying import tidy as tidy_home


@job("site:tidy", label="Remove what nothing names any more", every_seconds=3600)
def tidy(context: JobContext) -> None:
    """Remove files that are a day old and that no row names."""
    done = tidy_home()
    with transaction.atomic():
        context.finish(asdict(done))
