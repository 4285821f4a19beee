"""The analytical engine: DuckDB with limits and without the network.

Extensions are neither loaded nor installed by themselves, so no query reaches out.
`Engine` is the narrow waist that another engine (Spark) has to fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from staithe.tables.sql import quote_literal


BATCH_ROWS = 65_536


class Engine(Protocol):
    """What the rooms below ask of an engine."""

    def scan(self, paths: Sequence[Path | str]) -> str:
        """Return SQL text that names the rows of Parquet files."""
        ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        ...

    def to_batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and stream its rows."""
        ...


def connect(
    *,
    memory_mb: int = 1024,
    threads: int = 2,
    temp_directory: Path | str | None = None,
    database: Path | str = ":memory:",
) -> duckdb.DuckDBPyConnection:
    """Open DuckDB with a memory limit; it spills to `temp_directory`, or not at all."""
    config = {
        "memory_limit": f"{memory_mb}MiB",
        "threads": threads,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "temp_directory": "" if temp_directory is None else str(temp_directory),
    }
    return duckdb.connect(str(database), config=config)


def scan(paths: Sequence[Path | str]) -> str:
    """Return the SQL table function that reads Parquet files as one table, in order."""
    if not paths:
        raise ValueError("a scan needs at least one file")
    listed = ", ".join(quote_literal(_plain(path)) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _plain(path: Path | str) -> str:
    """Escape what DuckDB would read as a file pattern: a name is only itself."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def to_batches(
    connection: duckdb.DuckDBPyConnection, sql: str, *, rows: int = BATCH_ROWS
) -> pa.RecordBatchReader:
    """Run a query and return a reader that streams batches of up to `rows` rows.

    Read it to its end, or close the connection, before the next query.
    """
    return connection.sql(sql).to_arrow_reader(rows)


class DuckEngine:
    """The embedded engine around one connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def scan(self, paths: Sequence[Path | str]) -> str:
        """Return SQL text that names the rows of Parquet files."""
        return scan(paths)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        found: list[tuple[Any, ...]]
        found = self.connection.execute(sql, list(parameters)).fetchall()
        return found

    def to_batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and stream its rows."""
        yield from to_batches(self.connection, sql)


@contextmanager
def open_engine(
    *, memory_mb: int = 1024, threads: int = 2, temp_directory: Path | str | None = None
) -> Iterator[DuckEngine]:
    """Open the embedded engine for the length of a `with` block."""
    connection = connect(
        memory_mb=memory_mb, threads=threads, temp_directory=temp_directory
    )
    try:
        yield DuckEngine(connection)
    finally:
        connection.close()
