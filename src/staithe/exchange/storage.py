"""Where this service keeps its snapshots, and how it forgets them.

Deleting has two halves: at once, when the transaction that closed a grant has
committed, and by a job written in that transaction, which survives a crash between
the two.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from django.conf import settings
from django.db import transaction

from staithe.base.errors import NotFound
from staithe.jobs.actions import enqueue
from staithe.tables.manifest import Manifest
from staithe.tables.snapshot import delete_snapshot, open_snapshot
from staithe.tables.store import Store, open_store


FORGET = "exchange:forget"


def the_store() -> Store:
    """Return the configured store of snapshots."""
    return open_store(settings.STORAGE_URL)


def open_recorded(snapshot: str, digest: str) -> Manifest:
    """Return the manifest of a snapshot, proved to be the one that was recorded."""
    return open_snapshot(snapshot, store=the_store(), digest=digest)


def forget_snapshots(ids: Iterable[str]) -> None:
    """Delete snapshots that no row names any more; one already gone is fine."""
    store = the_store()
    for snapshot in ids:
        if snapshot:
            try:
                delete_snapshot(snapshot, store=store)
            except NotFound:
                continue


def forget_when_committed(ids: Iterable[str], *, by: object, at: datetime) -> None:
    """Delete snapshots once the caller's transaction has committed, come what may."""
    wanted = [snapshot for snapshot in ids if snapshot]
    if not wanted:
        return
    enqueue(FORGET, arguments={"snapshots": wanted}, by=by, at=at)

    def forget() -> None:
        forget_snapshots(wanted)

    # robust: if the store is away now, the job tries again later.
    transaction.on_commit(forget, robust=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a private folder for an engine to spill to, gone afterwards.

    It holds identifiers while linkage runs, so a folder whose process was killed is
    removed by the next one: its lock is free.
    """
    parent: Path = settings.HOME / "scratch"
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(parent):  # so that nobody clears a folder not yet locked
        _clear(parent)
        folder = Path(mkdtemp(dir=parent))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _clear(parent: Path) -> None:
    """Remove scratch folders that no living process holds."""
    for folder in parent.iterdir():
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except (FileNotFoundError, NotADirectoryError):
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
