"""The file an analyst's query opens: a database that holds granted tables and no more.

A view is not a security boundary in DuckDB, so nothing else is in the file. Its name
is a digest of the snapshots in it: other grants, other file. All files of a project
are deleted when one of its grants closes or its data is joined again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
from django.conf import settings

from staithe.base.errors import Conflict
from staithe.exchange.queries import ProjectTable
from staithe.exchange.storage import scratch_folder
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier


class DataChanged(Conflict):
    """The project's data was taken away or renewed while it was being opened."""

    def __init__(self) -> None:
        super().__init__("The project’s data has just changed. Ask again.")


def data_name(tables: Sequence[ProjectTable]) -> str:
    """Return the name under which these tables' file is kept."""
    text = "\n".join(sorted(f"{table.name} {table.snapshot}" for table in tables))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def ensure_data_file(reference: str, tables: Sequence[ProjectTable]) -> Path:
    """Return the file of these tables, building it on first use.

    Built beside and renamed, so a reader finds the whole file or none. Raises
    Conflict where there are no tables, DataChanged where they vanish meanwhile.
    """
    if not tables:
        raise Conflict(
            "There is no data to ask. It may not be joined yet, or the agreements "
            "may have ended: see the project’s page."
        )
    folder = data_folder(reference)
    path = folder / f"{data_name(tables)}.duckdb"
    if path.exists():
        return path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _build(path, tables)
    except (OSError, duckdb.IOException) as error:
        if not folder.exists() or not all(p.exists() for t in tables for p in t.paths):
            raise DataChanged from error
        raise
    return path


def _build(path: Path, tables: Sequence[ProjectTable]) -> None:
    with scratch_folder() as folder:
        part = folder / "data.duckdb"
        _fill(part, tables)
        part.chmod(0o400)
        part.replace(path)


def _fill(path: Path, tables: Sequence[ProjectTable]) -> None:
    connection = connect(
        database=path,
        memory_mb=settings.ENGINE_MEMORY_MB,
        threads=settings.ENGINE_THREADS,
    )
    try:
        for table in tables:
            name = quote_identifier(table.name)
            connection.execute(f"CREATE TABLE {name} AS FROM {scan(table.paths)}")
        connection.execute("CHECKPOINT")
    finally:
        connection.close()


def forget_data_files(reference: str) -> None:
    """Delete every file of a project; a query that has one open finishes."""
    shutil.rmtree(data_folder(reference), ignore_errors=True)


def data_folder(reference: str) -> Path:
    """Return where the files of a project are kept."""
    folder: Path = settings.HOME / "analysis" / reference
    return folder
