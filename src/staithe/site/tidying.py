"""Removing what a killed process left on disk and no row names.

A file is written before the row that names it, so a process that dies in between
leaves a file and never a row without one. Nobody sees it, but it may hold personal
data. The catalogue clears uploads; here go data cut for grants, and temporary files.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from staithe.analysis.models import Query
from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.catalogue.models import AssetVersion
from staithe.exchange.models import Grant, Join
from staithe.tables.manifest import Source
from staithe.tables.snapshot import delete_snapshot, list_snapshots, open_snapshot
from staithe.tables.store import Store, open_store


# Longer than any job may take between writing a file and naming it.
AGE_SECONDS = 24 * 3600
DERIVED = Source("").reader


@dataclass(frozen=True)
class Tidied:
    """How many things of each kind were removed."""

    snapshots: int
    temporary: int


def tidy(*, older_than: float = AGE_SECONDS) -> Tidied:
    """Remove what nothing names any more and is older than so many seconds."""
    store = open_store(settings.STORAGE_URL)
    return Tidied(_forget_orphans(store, older_than), _empty_temporary(older_than))


def keep_temporary_files_at_home() -> None:
    """Let this process put temporary files under STAITHE_HOME.

    They may hold personal data (an upload on its way, an engine's spill), so they are
    to lie where only the service reads and where a killed process's are found.
    """
    folder = temporary_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)


def temporary_folder() -> Path:
    """Return where this service's temporary files are."""
    folder: Path = settings.HOME / "tmp"
    return folder


def referenced_snapshots() -> set[str]:
    """Return every snapshot that a row names."""
    named = set(AssetVersion.objects.values_list("snapshot_id", flat=True))
    for field in ("identifiers_snapshot", "attributes_snapshot", "table_snapshot"):
        named.update(Grant.objects.values_list(field, flat=True))
    for join in Join.objects.exclude(key_snapshot=""):
        named.update(join.kept_snapshots)
    named.update(Query.objects.values_list("counted_snapshot", flat=True))
    return named - {""}


def _forget_orphans(store: Store, older_than: float) -> int:
    # Listed before the rows are read: what is named meanwhile is in the rows.
    listed = list_snapshots(store=store)
    named = referenced_snapshots()
    old = [
        name
        for name in listed
        if name not in named and _is_left(name, store=store, older_than=older_than)
    ]
    for name in old:
        delete_snapshot(name, store=store)
    return len(old)


def _is_left(name: str, *, store: Store, older_than: float) -> bool:
    """Say whether a snapshot was cut here, long ago; what cannot be read is let be."""
    try:
        manifest = open_snapshot(name, store=store)
    except UserError:
        return False
    age = (now() - manifest.created_at).total_seconds()
    return manifest.source.reader == DERIVED and age >= older_than


def _empty_temporary(older_than: float) -> int:
    before = time.time() - older_than
    folder = temporary_folder()
    found = list(folder.iterdir()) if folder.is_dir() else []
    old = [path for path in found if path.lstat().st_mtime <= before]
    for path in old:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)
