"""Where this service keeps its snapshots, and how it forgets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from staithe.base.errors import NotFound
from staithe.tables.snapshot import delete_snapshot
from staithe.tables.store import Store, open_store


def the_store() -> Store:
    """Return the configured store of snapshots."""
    return open_store(settings.STORAGE_URL)


def forget_snapshots(ids: Iterable[str]) -> None:
    """Delete snapshots that no row names any more; one already gone is fine."""
    store = the_store()
    for snapshot in ids:
        if snapshot:
            try:
                delete_snapshot(snapshot, store=store)
            except NotFound:
                continue


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a private folder for an engine to spill to, gone afterwards."""
    parent = settings.HOME / "scratch"
    parent.mkdir(mode=0o700, exist_ok=True)
    with TemporaryDirectory(dir=parent) as name:
        yield Path(name)
