"""Open the files to be linked as DuckDB relations, whatever their format.

The one place of the room that knows about files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.tables.engine import scan
from staithe.tables.readers import read_table
from staithe.tables.source import TableSource
from staithe.tables.sql import quote_identifier


if TYPE_CHECKING:
    from staithe.linkage.specification import LinkSpecification


SAMPLE_ROWS = 5000
EXAMPLES = 3

# What may be linked: a file, the Parquet files of one snapshot, or a table read.
Source = Path | Sequence[Path] | TableSource


@dataclass(frozen=True)
class OpenInput:
    """A table opened as a view of a connection; `name` is its word in the results."""

    name: str
    view: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    def check_column(self, column: str) -> None:
        """Raise BadInput unless the file has this column."""
        if column not in self.columns:
            raise BadInput(
                f"The {self.name} file has no column {column!r}; it has: "
                f"{', '.join(self.columns[:20])}.",
                field=column,
            )


def open_input(
    con: duckdb.DuckDBPyConnection, source: Source, *, name: str, view: str
) -> OpenInput:
    """Open a source as a view; Parquet is read in place, anything else copied once."""
    if isinstance(source, Path):
        if not source.is_file():
            raise BadInput(f"There is no file {source}.")
        source = read_table(source)
    if isinstance(source, TableSource):
        opened = _open_table(con, source, name=name, view=view)
    else:
        opened = _open_parts(con, source, name=name, view=view)
    if not opened.rows:
        raise BadInput(f"The {name} file has no rows.")
    return opened


def _open_table(
    con: duckdb.DuckDBPyConnection, source: TableSource, *, name: str, view: str
) -> OpenInput:
    if source.report.reader == "parquet":
        con.execute(f"CREATE VIEW {view} AS SELECT * FROM {scan([source.path])}")
    else:
        batches = pa.RecordBatchReader.from_batches(source.schema, source.batches())
        con.register("incoming", batches)
        con.execute(f"CREATE TABLE {view} AS SELECT * FROM incoming")
        con.unregister("incoming")
    columns = tuple(column.name for column in source.columns)
    return OpenInput(name, view, columns, source.rows, source.sha256)


def _open_parts(
    con: duckdb.DuckDBPyConnection, paths: Sequence[Path], *, name: str, view: str
) -> OpenInput:
    if not paths:
        raise BadInput(f"The {name} table has no files.")
    con.execute(f"CREATE VIEW {view} AS SELECT * FROM {scan(list(paths))}")
    described = con.execute(f"DESCRIBE {view}").fetchall()
    rows = con.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0]
    return OpenInput(name, view, tuple(str(row[0]) for row in described), rows, "")


def check_ids(con: duckdb.DuckDBPyConnection, opened: OpenInput, column: str) -> None:
    """Raise BadInput unless every row has an identifier of its own."""
    opened.check_column(column)
    text = f"trim({quote_identifier(column)}::VARCHAR)"
    missing, different, rows = con.execute(
        f"SELECT count_if({text} IS NULL OR {text} = ''), count(DISTINCT {text}),"
        f" count({text}) FROM {opened.view}"
    ).fetchall()[0]
    if missing:
        raise BadInput(
            f"The id column {column!r} of the {opened.name} file is empty in "
            f"{missing:,} rows; every row needs an id.",
            field=column,
        )
    if different < rows:
        found = con.execute(
            f"SELECT {text} FROM {opened.view} GROUP BY 1 HAVING count(*) > 1"
            f" ORDER BY 1 LIMIT {EXAMPLES}"
        ).fetchall()
        raise BadInput(
            f"The id column {column!r} of the {opened.name} file repeats "
            f"{rows - different:,} ids, for example "
            f"{', '.join(str(row[0])[:40] for row in found)}; ids must be unique.",
            field=column,
        )


def check_specified(
    inputs: Sequence[OpenInput], specification: LinkSpecification
) -> None:
    """Raise BadInput unless the files have the columns that a specification names."""
    if specification.sides != len(inputs):
        raise BadInput(
            "The specification is for two files, but one was given."
            if specification.sides > len(inputs)
            else "The specification is for one file, but two were given."
        )
    for side, opened in enumerate(inputs):
        for column in specification.columns(side):
            opened.check_column(column)


def sample(
    con: duckdb.DuckDBPyConnection, opened: OpenInput, rows: int = SAMPLE_ROWS
) -> dict[str, list[str]]:
    """Return the filled values of each column in rows spread over the whole file."""
    step = max(1, opened.rows // rows)
    columns = ", ".join(
        f"left(trim({quote_identifier(c)}::VARCHAR), 200)" for c in opened.columns
    )
    found: list[tuple[Any, ...]] = con.execute(
        f"SELECT * EXCLUDE (place) FROM (SELECT row_number() OVER () AS place, {columns}"
        f" FROM {opened.view}) WHERE place % {step} = 0 LIMIT {rows}"
    ).fetchall()
    return {
        column: [str(row[place]) for row in found if row[place]]
        for place, column in enumerate(opened.columns)
    }
