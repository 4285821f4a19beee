"""What a reader hands over: a table that was read to its end once, and how it went.

Reading twice is deliberate. The first pass finds every fault and the type of each
column, so nothing is stored from a file that cannot be stored whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.tables.columns import Column, to_columns


FIRST_FEW = 5


@dataclass(frozen=True)
class BadRow:
    """A row that could not be kept: its line (from 1), and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class ReadReport:
    """How a file was read; `bad_rows` are those kept out because they were asked to be."""

    reader: str
    rows: int
    encoding: str = ""
    delimiter: str = ""
    notes: tuple[str, ...] = ()
    bad_rows: tuple[BadRow, ...] = ()


@dataclass(frozen=True)
class TableSource:
    """A table ready to be stored or measured; `open_batches` may be called repeatedly."""

    name: str
    path: Path
    sha256: str
    bytes: int
    schema: pa.Schema
    report: ReadReport
    open_batches: Callable[[], Iterator[pa.RecordBatch]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order, in Staithe's words."""
        return to_columns(self.schema)

    @property
    def rows(self) -> int:
        """How many rows `batches` gives."""
        return self.report.rows

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Give the table again from its start, as record batches of `schema`."""
        return self.open_batches()


def check_bad_rows(bad: tuple[BadRow, ...], *, allowed: bool) -> None:
    """Raise BadInput listing the first five bad lines and their count."""
    if not bad or allowed:
        return
    lines = "; ".join(f"line {row.line} {row.reason}" for row in bad[:FIRST_FEW])
    count = f"{len(bad)} rows do" if len(bad) > 1 else "1 row does"
    raise BadInput(
        f"{count} not fit the header: {lines}"
        f"{'; and more' if len(bad) > FIRST_FEW else ''}. Nothing was read."
    )
