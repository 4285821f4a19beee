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

    def to_batches(
    connection: duckdb.DuckDBPyConnection, sql: str, *, rows: int = BATCH_ROWS
) -> pa.RecordBatchReader:
    """Run a query and return a reader that streams batches of up to `rows` rows.

    Read it to its end, or close the connection, before the next query.
    """
    return connection.sql(sql).to_arrow_reader(rows)


class DuckEngine:
    """The embedded engine: one connection, closed with its `with` block."""

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
