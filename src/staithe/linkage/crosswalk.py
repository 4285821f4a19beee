"""Codes that changed over time, brought to those in force before they are compared.

A crosswalk is a table of an old code and the code that replaced it, such as a register
of areas with `replaced-by`, or a list of changed GSS codes. Chains are followed to
their end. A code that was split has no one successor and is left as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage.inputs import OpenInput, Source, open_input
from staithe.linkage.meanings import plain_column
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


OLD = ("from", "old", "old_code", "code_from", "from_code", "previous", "previous_code")
NEW = (
    *("to", "new", "new_code", "code_to", "to_code", "replaced_by", "successor"),
    *("current", "current_code"),
)
# What `staithe register pull` keeps for programs that read a copy.
COPY = Path("current") / "records.csv"


@dataclass(frozen=True)
class Crosswalk:
    """A crosswalk for one column, by its name in the specification and the report."""

    column: str
    name: str
    source: Source


def read_successors(
    con: duckdb.DuckDBPyConnection, crosswalk: Crosswalk, *, view: str
) -> dict[str, str]:
    """Return old code → code in force, upper-case; BadInput names what is wrong."""
    source = crosswalk.source
    if isinstance(source, Path) and source.is_dir():
        source = source / COPY
    opened = open_input(con, source, name=crosswalk.name, view=view)
    old, new = _columns(opened)
    rows = con.execute(
        f"SELECT DISTINCT upper(trim({quote(old)}::VARCHAR)),"
        f" upper(trim({quote(new)}::VARCHAR)) FROM {view}"
    ).fetchall()
    return follow([(a, b) for a, b in rows if a and b], name=crosswalk.name)


def _columns(opened: OpenInput) -> tuple[str, str]:
    """Return the columns of the old and of the new code."""
    by_name = {plain_column(column): column for column in opened.columns}
    new = next((by_name[word] for word in NEW if word in by_name), None)
    old = next((by_name[word] for word in OLD if word in by_name), None)
    if new and not old:
        old = opened.columns[0]  # as in a register: the key comes first
    if old and new and old != new:
        return old, new
    if not old and not new and len(opened.columns) == 2:  # noqa: PLR2004  old and new
        return opened.columns[0], opened.columns[1]
    raise BadInput(
        f"The crosswalk {opened.name} needs a column of old codes and one of new codes, "
        f"called from and to, or replaced-by; it has: {', '.join(opened.columns[:20])}."
    )


def follow(pairs: Sequence[tuple[str, str]], *, name: str) -> dict[str, str]:
    """Return for each code that was replaced the code at the end of its chain.

    A code with several successors ends a chain, as one with none does. BadInput names
    a code whose chain comes back to itself.
    """
    after: dict[str, set[str]] = defaultdict(set)
    for old, new in pairs:
        if old != new:
            after[old].add(new)
    ends: dict[str, str] = {}
    for start in after:
        code, seen = start, {start}
        while code not in ends and len(after.get(code, ())) == 1:
            (code,) = after[code]
            if code in seen:
                raise BadInput(
                    f"In the crosswalk {name} the code {start[:40]} comes back to "
                    f"{code[:40]}: no code is the one in force."
                )
            seen.add(code)
        end = ends.get(code, code)
        ends |= dict.fromkeys(seen - {end}, end)
    return {code: end for code, end in ends.items() if code != end}


def apply_crosswalks(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[OpenInput],
    crosswalks: Sequence[Crosswalk],
) -> tuple[tuple[OpenInput, ...], list[dict[str, Any]]]:
    """Return the inputs with codes in force, and for the report what was changed."""
    found = list(inputs)
    told: list[dict[str, Any]] = []
    for number, crosswalk in enumerate(crosswalks):
        if all(crosswalk.column not in opened.columns for opened in found):
            found[0].check_column(crosswalk.column)
        ends = read_successors(con, crosswalk, view=f"crosswalk_{number}_given")
        table = f"crosswalk_{number}"
        con.register("ends", pa.table({"code": [*ends], "now": [*ends.values()]}))
        con.execute(
            f"CREATE TABLE {table} AS SELECT code::VARCHAR AS code, now::VARCHAR AS now"
            " FROM ends"
        )
        con.unregister("ends")
        changed: dict[str, int] = {}
        for side, opened in enumerate(found):
            if crosswalk.column in opened.columns:
                found[side] = _mapped(con, opened, crosswalk.column, table)
                changed[opened.name] = _changed(con, opened, crosswalk.column, table)
        told.append(
            {"column": crosswalk.column, "crosswalk": crosswalk.name}
            | {"codes": len(ends), "records_changed": changed}
        )
    return tuple(found), told


def _mapped(
    con: duckdb.DuckDBPyConnection, opened: OpenInput, column: str, table: str
) -> OpenInput:
    view = f"{opened.view}_{table}"
    con.execute(
        f"CREATE VIEW {view} AS SELECT g.* REPLACE"
        f" (coalesce(c.now, g.{quote(column)}::VARCHAR) AS {quote(column)})"
        f" FROM {opened.view} g LEFT JOIN {table} c ON {_same(column)}"
    )
    return replace(opened, view=view)


def _changed(
    con: duckdb.DuckDBPyConnection, opened: OpenInput, column: str, table: str
) -> int:
    (row,) = con.execute(
        f"SELECT count(*) FROM {opened.view} g JOIN {table} c ON {_same(column)}"
    ).fetchall()
    return int(row[0])


def _same(column: str) -> str:
    return f"c.code = upper(trim(g.{quote(column)}::VARCHAR))"


def check_given(wanted: Mapping[str, str], given: Sequence[Crosswalk]) -> None:
    """Refuse a specification whose crosswalks are not at hand; BadInput names one."""
    have = {(each.column, each.name) for each in given}
    for column, name in wanted.items():
        if (column, name) not in have:
            raise BadInput(
                f"The specification brings {column} up to date by the crosswalk {name}, "
                f"which was not given: --crosswalk {column}=FILE.",
                field=column,
            )
