"""Read the records of the pairs that people are to judge, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage.inputs import Source, open_input
from staithe.linkage.specification import from_yaml
from staithe.tables.engine import connect
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.judgements import Pair
    from staithe.linkage.specification import LinkSpecification

Records = dict[str, dict[str, str]]


def read_specified(result: Path) -> LinkSpecification:
    """Read the specification that a result was made with."""
    try:
        return from_yaml((result / "specification.yaml").read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"{result} holds no specification.") from error


def read_records(
    result: Path,
    sources: Sequence[Source],
    *,
    ids: tuple[str, str],
    pairs: Sequence[Pair],
) -> list[Records]:
    """Return for each side the values of the fields compared, by id.

    Only records that are in a pair are read, and only columns that were compared.
    """
    specification = read_specified(result)
    if specification.sides != len(sources):
        raise BadInput("Name the files that were linked, all of them.")
    con = connect()
    try:
        found = []
        for side, source in enumerate(sources):
            wanted = {pair[side] for pair in pairs}
            if len(sources) == 1:
                wanted |= {pair[1] for pair in pairs}
            columns = specification.columns(side)
            view = f"given_{side}"
            opened = open_input(con, source, name=f"file {side + 1}", view=view)
            for column in (ids[side], *columns):
                opened.check_column(column)
            found.append(_read(con, view, ids[side], columns, sorted(wanted)))
    finally:
        con.close()
    return found


def _read(
    con: duckdb.DuckDBPyConnection,
    view: str,
    id_column: str,
    columns: Sequence[str],
    wanted: Sequence[str],
) -> Records:
    con.register("wanted", pa.table({"id": pa.array(wanted, pa.string())}))
    listed = ", ".join(f"coalesce(v.{quote(c)}::VARCHAR, '')" for c in columns)
    rows = con.execute(
        f"SELECT w.id, {listed} FROM wanted w JOIN {view} v"
        f" ON trim(v.{quote(id_column)}::VARCHAR) = w.id"
    ).fetchall()
    con.unregister("wanted")
    if len(rows) < len(wanted):
        raise BadInput("These are not the files that were linked: ids are missing.")
    return {str(row[0]): dict(zip(columns, row[1:], strict=True)) for row in rows}
