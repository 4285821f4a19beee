"""The file an analyst's query opens: a database that holds granted tables and no more.

A view is not a security boundary in DuckDB, so nothing else is in the file. Its name
is a digest of the snapshots in it: other grants, other file. Old files are deleted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from staithe.base.errors import Conflict
from staithe.base.ids import new_token
from staithe.exchange.queries import ProjectTable
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier


def data_name(tables: Sequence[ProjectTable]) -> str:
    """Return the name under which these tables' file is kept."""
    text = "\n".join(sorted(f"{table.name} {table.snapshot}" for table in tables))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def ensure_data_file(reference: str, tables: Sequence[ProjectTable]) -> Path:
    """Return the file of these tables, building it on first use.

    Built beside and renamed, so a reader finds the whole file or none.
    """
    if not tables:
        raise Conflict(
            "There is no data to ask. It may not be joined yet, or the agreements "
            "may have ended: see the project's page."
        )
    folder = _folder(reference)
    path = folder / f"{data_name(tables)}.duckdb"
    if path.exists():
        return path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{new_token()[:8]}.part"
    try:
        _build(part, tables)
        part.chmod(0o400)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    _forget_others(folder, keep=path)
    return path


def _build(path: Path, tables: Sequence[ProjectTable]) -> None:
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


def _forget_others(folder: Path, *, keep: Path) -> None:
    """Delete files of grants that were; a query that has one open finishes."""
    for old in folder.glob("*.duckdb"):
        if old != keep:
            old.unlink(missing_ok=True)


def forget_data_files(reference: str) -> None:
    """Delete every file of a project: a grant of it has closed."""
    shutil.rmtree(_folder(reference), ignore_errors=True)


def _folder(reference: str) -> Path:
    folder: Path = settings.HOME / "analysis" / reference
    return folder
