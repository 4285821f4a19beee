"""From a file to a verified snapshot with its profile, before any row is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from staithe.quality.profile import profile_table
from staithe.quality.semantic import PERSONAL
from staithe.tables.manifest import Manifest
from staithe.tables.readers import read_table
from staithe.tables.snapshot import delete_snapshot, snapshot_paths, store_table
from staithe.tables.store import open_store


@dataclass(frozen=True)
class Stored:
    """A snapshot on disk, what profiling found, and its columns as the catalogue keeps them."""

    manifest: Manifest
    profile: dict[str, Any]
    columns: list[dict[str, Any]]
    notes: tuple[str, ...]


@contextmanager
def stored_file(
    path: Path, *, source_name: str, identifies: set[str] | None, at: datetime
) -> Iterator[Stored]:
    """Store and profile a file; the snapshot is deleted if the block raises.

    `identifies` names the columns that identify people; None lets their meaning
    decide. Raises BadInput with one sentence where the file cannot be read.
    """
    store = open_store(settings.STORAGE_URL)
    table = read_table(path, name=source_name)
    manifest = store_table(table, store=store, at=at)
    try:
        profile = profile_table(
            snapshot_paths(manifest, store=store),
            name=source_name,
            at=at,
            memory_mb=settings.ENGINE_MEMORY_MB,
            threads=settings.ENGINE_THREADS,
        ).to_json()
        columns = _columns(manifest, profile, identifies)
        yield Stored(manifest, profile, columns, table.report.notes)
    except BaseException:
        delete_snapshot(manifest.id, store=store)
        raise


def _columns(
    manifest: Manifest, profile: dict[str, Any], identifies: set[str] | None
) -> list[dict[str, Any]]:
    found = {column["name"]: column for column in profile["columns"]}
    kept = []
    for column in manifest.columns:
        meaning = found[column.name]["semantic_type"]
        by_meaning = meaning in PERSONAL
        kept.append(
            {
                "name": column.name,
                "type": column.type,
                "semantic_type": meaning,
                "nulls": found[column.name]["nulls"],
                "distinct": found[column.name]["distinct"],
                "identifies": by_meaning
                if identifies is None
                else column.name in identifies,
                "description": "",
            }
        )
    return kept
