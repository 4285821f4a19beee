"""A question to start from, made of the tables a person may ask now.

It uses columns with few values, as the catalogue counted them, so that the answer is
a table with something in it and not a page of hidden cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from staithe.exchange.naming import is_plain
from staithe.exchange.queries import ProjectTable, TableColumn
from staithe.tables.sql import quote_identifier


FEW = range(2, 26)  # values of a column that can head rows or columns
UNIT = "person"


@dataclass(frozen=True)
class Example:
    """What to put in the form."""

    title: str
    sql: str
    rows: str
    columns: str
    measure: str

    def as_initial(self) -> dict[str, str]:
        """Return the form's values."""
        return dict(vars(self))


def example_for(tables: Sequence[ProjectTable]) -> Example | None:
    """Return an example question, or None where no column has few values.

    Of two tables it takes one column each; of one table two columns at most.
    """
    useful = [table for table in tables if _dividing(table)]
    if not useful:
        return None
    first, others = useful[0], useful[1:]
    rows = _dividing(first)[0]
    if others:
        return _joined(first, rows, others[0], _dividing(others[0])[0])
    across = next(iter(_dividing(first)[1:]), None)
    listed = ", ".join(_name(c.name) for c in (rows, across) if c)
    return Example(
        title=_title(rows, across),
        sql=f"SELECT {UNIT}, {listed}\nFROM {first.name}",
        rows=rows.name,
        columns=across.name if across else "",
        measure=_measure(first),
    )


def _joined(
    first: ProjectTable, rows: TableColumn, second: ProjectTable, across: TableColumn
) -> Example:
    twice = rows.name.casefold() == across.name.casefold()
    shown = f"{across.name}_2" if twice else across.name
    alias = f" AS {_name(shown)}" if twice else ""
    sql = (
        f"SELECT {UNIT}, {_from(first, rows, second)}, "
        f"{_from(second, across, first)}{alias}\n"
        f"FROM {first.name}\nJOIN {second.name} USING ({UNIT})"
    )
    return Example(
        title=_title(rows, across),
        sql=sql,
        rows=rows.name,
        columns=shown,
        measure=_measure(first, second),
    )


def _from(table: ProjectTable, column: TableColumn, other: ProjectTable) -> str:
    """Name a column, with its table where the other table has one of that name."""
    names = {name.casefold() for name in other.columns}
    prefix = f"{table.name}." if column.name.casefold() in names else ""
    return prefix + _name(column.name)


def _dividing(table: ProjectTable) -> list[TableColumn]:
    """Return the columns with few values, the one with the most of them first."""
    found = [c for c in table.described if c.name != UNIT and c.distinct in FEW]
    words = [c for c in found if c.type in {"text", "boolean"}]
    return sorted(words or found, key=lambda c: -c.distinct)


def _measure(*tables: ProjectTable) -> str:
    """Count people where each has one row, else records: a person is in one cell."""
    return "count" if all(t.rows == t.people for t in tables) else "records"


def _title(rows: TableColumn, across: TableColumn | None) -> str:
    words = [c.name.replace("_", " ").lower() for c in (rows, across) if c]
    return f"People by {' and '.join(words)}"


def _name(name: str) -> str:
    return name if is_plain(name) else quote_identifier(name)
