"""Read one sheet of an Excel workbook (.xlsx); no macro runs, no formula is computed.

Cells carry their own types. A column is typed only where all its cells agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
)

from staithe.base.errors import BadInput
from staithe.tables.columns import check_header, shown
from staithe.tables.digest import file_sha256
from staithe.tables.source import ReadReport, TableSource


BATCH_ROWS = 20_000
EXACT_FLOAT = 2**53


@dataclass
class CellKinds:
    """Which kinds of cell one column holds."""

    words: set[str] = field(default_factory=set)

    def decide(self) -> pa.DataType:
        """Return the type that all cells share, else text."""
        match sorted(self.words):
            case ["integer"]:
                return pa.int64()
            case ["number"] | ["integer", "number"]:
                return pa.float64()
            case ["boolean"]:
                return pa.bool_()
            case ["date"]:
                return pa.date32()
            case ["timestamp"] | ["date", "timestamp"]:
                return pa.timestamp("us")
            case _:
                return pa.string()


def read_excel(path: Path, *, name: str, sheet: str | None = None) -> TableSource:
    """Read a sheet (the first unless named) whose first filled row names the columns."""
    opened, others = _open_sheet(path, name=name, sheet=sheet)
    rows = _rows(opened)
    header = next(rows, None)
    if header is None:
        raise BadInput(f"Sheet {shown(opened.name)} of {name} is empty.")
    names = [_as_text(cell) or "" for cell in header]
    names = [word.strip() for word in names]
    check_header(names, where=f"The first row of sheet {shown(opened.name)}")
    kinds = [CellKinds() for _ in names]
    count = 0
    for row in rows:
        count += 1
        for kind, cell in zip(kinds, row, strict=True):
            if cell != "":
                kind.words.add(_word(cell))
    schema = pa.schema(
        [(word, kind.decide()) for word, kind in zip(names, kinds, strict=True)]
    )
    return TableSource(
        name=name,
        path=path,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        schema=schema,
        report=ReadReport("excel", count, notes=_notes(opened.name, others)),
        open_batches=partial(_batches, opened, schema),
    )


def _open_sheet(
    path: Path, *, name: str, sheet: str | None
) -> tuple[CalamineSheet, list[str]]:
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        wanted = sheet if sheet is not None else next(iter(names), None)
        if wanted not in names:
            listed = ", ".join(shown(word) for word in names[:10])
            raise BadInput(
                f"{name} has no sheet {shown(str(wanted))}: it has {listed}."
            )
        return book.get_sheet_by_name(wanted), [
            word for word in names if word != wanted
        ]
    except (CalamineError, OSError) as error:
        raise BadInput(f"{name} is a damaged or locked spreadsheet: {error}") from error


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """Yield the filled rows; calamine starts at the first filled cell and squares them."""
    for row in sheet.iter_rows():
        if any(cell != "" for cell in row):
            yield row


def _word(cell: Any) -> str:
    if isinstance(cell, bool):
        return "boolean"
    if isinstance(cell, int | float):
        whole = float(cell).is_integer() and abs(cell) < EXACT_FLOAT
        return "integer" if whole else "number"
    if isinstance(cell, dt.datetime):
        return "date" if cell.time() == dt.time() else "timestamp"
    return "date" if isinstance(cell, dt.date) else "text"


def _as_text(cell: Any) -> str | None:
    if cell == "":
        return None
    word = _word(cell)
    if word == "integer":
        return str(int(cell))
    if word == "date":
        return f"{cell:%Y-%m-%d}"
    return cell.isoformat() if isinstance(cell, dt.datetime | dt.time) else str(cell)


def _to_cell(cell: Any, kind: pa.DataType) -> Any:
    if cell == "":
        return None
    if pa.types.is_string(kind):
        return _as_text(cell)
    if pa.types.is_integer(kind):
        return int(cell)
    if pa.types.is_timestamp(kind) and not isinstance(cell, dt.datetime):
        return dt.datetime.combine(cell, dt.time())
    if pa.types.is_date(kind) and isinstance(cell, dt.datetime):
        return cell.date()
    return cell


def _batches(sheet: CalamineSheet, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows = _rows(sheet)
    next(rows)
    held: list[list[Any]] = []
    for row in rows:
        held.append(row)
        if len(held) == BATCH_ROWS:
            yield _to_batch(held, schema)
            held = []
    if held:
        yield _to_batch(held, schema)


def _to_batch(rows: list[list[Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [
        pa.array([_to_cell(row[at], field.type) for row in rows], field.type)
        for at, field in enumerate(schema)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _notes(sheet: str, others: list[str]) -> tuple[str, ...]:
    if not others:
        return ()
    listed = ", ".join(shown(word) for word in others[:10])
    return (f"Only sheet {shown(sheet)} was read; not read: {listed}.",)
