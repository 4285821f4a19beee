"""The one way in for a file of any kind: `read_table`."""

from __future__ import annotations

from pathlib import Path

from staithe.base.errors import BadInput
from staithe.tables.csv_reader import read_csv
from staithe.tables.excel import read_excel
from staithe.tables.jsonl import read_jsonl
from staithe.tables.kinds import detect_kind
from staithe.tables.parquet import read_parquet
from staithe.tables.source import TableSource


def read_table(
    path: Path | str,
    *,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    bad_rows: str = "refuse",
    typed: bool = True,
) -> TableSource:
    """Read a CSV, TSV, Excel, JSON lines or Parquet file, by content before name.

    `name` is what the person called the file (uploads have other names on disk).
    `bad_rows` is `refuse` or `report`. Not `typed`, the values of a CSV file are the
    text that stands in it. Raises BadInput with one sentence.
    """
    path = Path(path)
    if bad_rows not in {"refuse", "report"}:
        raise BadInput("Bad rows are either refused or reported.", field="bad_rows")
    named = name or path.name
    kind = detect_kind(path, name=named)
    if kind == "parquet":
        return read_parquet(path, name=named)
    if kind == "xlsx":
        return read_excel(path, name=named, sheet=sheet)
    if kind == "jsonl":
        return read_jsonl(path, name=named, bad_rows=bad_rows)
    return read_csv(
        path,
        name=named,
        encoding=encoding,
        delimiter=delimiter,
        bad_rows=bad_rows,
        typed=typed,
    )
