"""From a file to a verified snapshot with its profile, before any row is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from staithe.base.errors import UserError
from staithe.catalogue.csv_text import CsvFacts, measure_csv
from staithe.catalogue.models import AssetVersion
from staithe.catalogue.policies import clean_file_name
from staithe.quality.profile import profile_table
from staithe.quality.row_keys import is_row_key
from staithe.quality.semantic import PERSONAL, looks_personal
from staithe.tables.manifest import Manifest
from staithe.tables.readers import read_table
from staithe.tables.snapshot import delete_snapshot, snapshot_paths, store_table
from staithe.tables.source import TableSource
from staithe.tables.store import Store, open_store


# Told how much of the work is done, 0 to 1, and what comes next.
Progress = Callable[[float, str], None]


def untold(fraction: float, note: str) -> None:
    """Tell nobody of progress."""


# What each step is worth, measured on a million rows of CSV.
READ, STORED, MEASURED = 0.3, 0.5, 0.9


@dataclass(frozen=True)
class Stored:
    """A snapshot on disk, what profiling found, and its columns as the catalogue keeps them."""

    manifest: Manifest
    profile: dict[str, Any]
    columns: list[dict[str, Any]]
    notes: tuple[str, ...]
    csv: CsvFacts
    # Whether the publisher said which columns identify people, or their meaning did.
    told: bool


@contextmanager
def stored_file(
    path: Path,
    *,
    source_name: str,
    identifies: set[str] | None,
    at: datetime,
    progress: Progress = untold,
) -> Iterator[Stored]:
    """Store and profile a file; the snapshot is deleted if the block raises.

    `identifies` names the columns that identify people; None lets their meaning
    decide. Raises BadInput with one sentence where the file cannot be read.
    """
    store = open_store(settings.STORAGE_URL)
    progress(0.0, "Reading and checking every row")
    name = clean_file_name(source_name)
    table = _read(path, name)
    progress(READ, "Storing")
    manifest = store_table(table, store=store, at=at)
    try:
        profile = _profile(manifest, store, name, at=at, progress=progress)
        progress(MEASURED, "Adding it to the catalogue")
        yield Stored(
            manifest,
            profile,
            _columns(manifest, profile, identifies),
            table.report.notes,
            measure_csv(manifest, store=store),
            told=identifies is not None,
        )
    except BaseException:
        _forget(manifest, store)
        raise


def _read(path: Path, name: str) -> TableSource:
    """Read a file; whatever is wrong with it is said beside the file."""
    try:
        return read_table(path, name=name)
    except UserError as error:
        error.field = "file"
        raise


def _profile(
    manifest: Manifest, store: Store, name: str, *, at: datetime, progress: Progress
) -> dict[str, Any]:
    span = MEASURED - STORED
    return profile_table(
        snapshot_paths(manifest, store=store),
        name=name,
        at=at,
        memory_mb=settings.ENGINE_MEMORY_MB,
        threads=settings.ENGINE_THREADS,
        progress=lambda done, total: progress(
            min(MEASURED, STORED + span * done / total),
            f"Measuring column {done} of {total}",
        ),
    ).to_json()


def _forget(manifest: Manifest, store: Store) -> None:
    """Delete a snapshot unless a version refers to it.

    An error may arrive after the row was committed: then the data are published.
    Where the database cannot say, the nightly sweep decides.
    """
    try:
        kept = AssetVersion.objects.filter(snapshot_id=manifest.id).exists()
    except DatabaseError:
        return
    if not kept:
        delete_snapshot(manifest.id, store=store)


def _columns(
    manifest: Manifest, profile: dict[str, Any], identifies: set[str] | None
) -> list[dict[str, Any]]:
    found = {column["name"]: column for column in profile["columns"]}
    about_people = looks_personal(each["semantic_type"] for each in found.values())
    kept = []
    for column in manifest.columns:
        facts = {
            "name": column.name,
            "type": column.type,
            "semantic_type": found[column.name]["semantic_type"],
            "nulls": found[column.name]["nulls"],
            "distinct": found[column.name]["distinct"],
        }
        # A number of a row about a person is a number of that person.
        by_meaning = facts["semantic_type"] in PERSONAL or (
            about_people and is_row_key(facts, rows=manifest.rows)
        )
        said = by_meaning if identifies is None else column.name in identifies
        kept.append(facts | {"identifies": said, "description": ""})
    return kept
