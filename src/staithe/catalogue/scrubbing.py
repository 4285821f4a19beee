"""Whether what lies in the store is what was published, and what nobody published."""

from __future__ import annotations

from datetime import datetime, timedelta

from staithe.base.errors import Damaged, NotFound
from staithe.catalogue.models import AssetVersion
from staithe.tables.manifest import Source
from staithe.tables.snapshot import (
    delete_snapshot,
    list_snapshots,
    open_snapshot,
    verify_snapshot,
)
from staithe.tables.store import MANIFEST, Store


# A snapshot without a version is younger than this while its file is being profiled.
ORPHAN_AFTER = timedelta(days=1)
DERIVED = Source("").reader


def find_damage(version: AssetVersion, *, store: Store) -> str:
    """Digest every file of a version again; return what is wrong, or an empty text."""
    digest = f"sha256:{version.manifest_sha256}"
    try:
        manifest = open_snapshot(version.snapshot_id, store=store, digest=digest)
        verify_snapshot(manifest, store=store)
    except NotFound:
        return f"Snapshot {version.snapshot_id} is missing: restore it from a copy."
    except Damaged as error:
        return error.message
    return ""


def sweep_snapshots(*, store: Store, at: datetime) -> int:
    """Delete old snapshots of uploads that no version refers to; return how many.

    They are left where a process was killed between storing and publishing. What
    rooms below derived is theirs and is let be; so is what cannot be read.
    """
    kept = set(AssetVersion.objects.values_list("snapshot_id", flat=True))
    orphans = [
        name
        for name in list_snapshots(store=store)
        if name not in kept and _is_left_upload(name, store=store, at=at)
    ]
    for name in orphans:
        delete_snapshot(name, store=store)
    return len(orphans)


def _is_left_upload(name: str, *, store: Store, at: datetime) -> bool:
    """Say whether a snapshot is an upload stored long ago, by manifest and by file.

    By both, because a demo world's manifests tell of weeks that were seconds.
    """
    try:
        manifest = open_snapshot(name, store=store)
    except (Damaged, NotFound):
        return False
    before = at - ORPHAN_AFTER
    written = store.local_path(name, MANIFEST).stat().st_mtime
    return (
        manifest.source.reader != DERIVED
        and manifest.created_at < before
        and written < before.timestamp()
    )
