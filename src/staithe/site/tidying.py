"""Removing what a killed process left on disk: nothing names it, so nobody sees it.

A file is written before the row that names it and deleted after the row is gone, so a
process that dies in between leaves a file and never a row without one. What is left
may be personal data, or data of a grant that has closed: it must not stay.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.catalogue.models import AssetVersion
from staithe.exchange.models import Grant, Join
from staithe.jobs.models import FINISHED, Job
from staithe.sharing.models import Project
from staithe.tables.snapshot import (
    delete_snapshot,
    list_snapshots,
    open_snapshot,
    sweep_leftovers,
)
from staithe.tables.store import Store, open_store


# Longer than any upload or job may take between writing a file and naming it.
AGE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Tidied:
    """How many things of each kind were removed."""

    snapshots: int
    unfinished: int
    scratch: int
    uploads: int
    data_files: int


def tidy(*, older_than: float = AGE_SECONDS) -> Tidied:
    """Remove what nothing names any more and is older than so many seconds."""
    store = open_store(settings.STORAGE_URL)
    return Tidied(
        snapshots=_forget_orphans(store, older_than),
        unfinished=sweep_leftovers(store=store, older_than=older_than),
        scratch=_empty(settings.HOME / "scratch", older_than, keep=set()),
        uploads=_empty(settings.HOME / "uploads", older_than, keep=_wanted_uploads()),
        data_files=_forget_data_of_closed_grants(),
    )


def referenced_snapshots() -> set[str]:
    """Return every snapshot that a row names."""
    named = set(AssetVersion.objects.values_list("snapshot_id", flat=True))
    for field in ("identifiers_snapshot", "attributes_snapshot", "table_snapshot"):
        named.update(Grant.objects.values_list(field, flat=True))
    named.update(Join.objects.values_list("key_snapshot", flat=True))
    return named - {""}


def _forget_orphans(store: Store, older_than: float) -> int:
    # Listed before the rows are read: what is named meanwhile is in the rows.
    listed = list_snapshots(store=store)
    orphans = [name for name in listed if name not in referenced_snapshots()]
    old = [name for name in orphans if _age(name, store) >= older_than]
    for name in old:
        delete_snapshot(name, store=store)
    return len(old)


def _age(snapshot: str, store: Store) -> float:
    """Return how old a snapshot is, in seconds; one that cannot be read is of no age."""
    try:
        made = open_snapshot(snapshot, store=store).created_at
    except UserError:
        return 0.0
    return (now() - made).total_seconds()


def _wanted_uploads() -> set[str]:
    waiting = Job.objects.exclude(state__in=FINISHED)
    return {str(job.arguments.get("upload", "")) for job in waiting}


def _empty(folder: Path, older_than: float, *, keep: set[str]) -> int:
    before = time.time() - older_than
    found = folder.iterdir() if folder.is_dir() else iter(())
    old = [p for p in found if p.name not in keep and p.lstat().st_mtime <= before]
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _forget_data_of_closed_grants() -> int:
    """Delete analysis files made before a grant of their project closed."""
    closed: dict[str, datetime] = {}
    for project, at in Grant.objects.exclude(closed_at=None).values_list(
        "project__reference", "closed_at"
    ):
        closed[project] = max(at, closed.get(project, at))
    known = set(Project.objects.values_list("reference", flat=True))
    gone = 0
    for path in (settings.HOME / "analysis").glob("*/*"):
        project = path.parent.name
        until = closed[project].timestamp() if project in closed else 0.0
        if project not in known or path.stat().st_mtime <= until:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
