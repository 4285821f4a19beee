"""From one row for each record to the statistics of every cell, totals included.

The statement runs where the microdata is (the analysis sandbox, or a file on the
owner's machine); only what `table_from_rows` reads comes out. A unit's records are
added up first, so that one person with many records is one contributor.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.disclosure.cells import (
    MAX_DIMENSIONS,
    Cell,
    Dimension,
    Measure,
    Table,
    make_table,
)
from staithe.tables.sql import quote_identifier


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


MISSING = "(missing)"
OTHER = "(other)"
SUM_DECIMALS = 2


@dataclass(frozen=True)
class Tabulation:
    """What to tabulate: unit column, dimension columns, and what a cell measures.

    A category that fewer than `label_threshold` units carry is merged into
    `(other)` before anything leaves: a label can itself be a person's value. Where
    `(other)` would be so few too, its rows count for nothing: a line that is there
    for one person and not for nobody would tell of that person.
    `largest` is how many of the largest contributions are kept for each cell.
    """

    unit: str
    dimensions: tuple[str, ...]
    measure: Measure
    label_threshold: int = 0
    largest: int = 2

    def __post_init__(self) -> None:
        """Refuse a tabulation that names no table."""
        if not 1 <= len(self.dimensions) <= MAX_DIMENSIONS:
            raise BadInput(f"A table has one to {MAX_DIMENSIONS} dimensions.")
        if len(set(self.dimensions)) != len(self.dimensions):
            raise BadInput("Each dimension of a table must be a different column.")
        if self.unit in self.dimensions:
            raise BadInput(f"{self.unit} names people: it cannot divide a table.")


def parse_measure(text: str) -> Measure:
    """Read `count`, `records` or `sum:COLUMN`; sums are published to two decimals."""
    kind, _, column = text.partition(":")
    if kind == "sum" and column.strip():
        return Measure("sum", column.strip(), SUM_DECIMALS)
    if kind == "count" and not column:
        return Measure("count")
    if kind == "records" and not column:
        return Measure("records")
    raise BadInput(
        f"The measure {text!r} is not known: write count, records or sum:COLUMN.",
        field="measure",
    )


def tabulation_sql(source: str, tabulation: Tabulation) -> str:
    """Return one SELECT over `source` (a quoted relation) giving a row per cell.

    Columns: for each dimension its label and whether it is totalled (1 or 0), then
    contributors, value, largest contributions, smallest contribution. Rows without
    a unit, or without the value to be summed, count for nothing.
    """
    names = _names(tabulation)
    return f"""
{_merged_rows(source, tabulation)}, staithe_units as (
  select {", ".join(names)}, {_grouping(names)}, unit, {_per_unit(tabulation)} as v
  from staithe_merged
  group by grouping sets ({", ".join(_sets(names))})
)
select {", ".join(f"{name}, g_{name}" for name in names)},
  count(*) as n, sum(v) as total, max(v, {tabulation.largest}) as top, min(v) as low
from staithe_units group by all order by all
"""


def counted_sql(source: str, tabulation: Tabulation) -> str:
    """Return one SELECT giving a row for each unit and inner cell: who is where.

    Columns: a digest of the unit, the place of the cell among the inner cells in
    order, what the unit brings to it. Parameters: the categories of each dimension.
    """
    names = _names(tabulation)
    place = "0"
    for name in names:
        place = f"({place}) * len(?) + list_position(?, {name}) - 1"
    return f"""
{_merged_rows(source, tabulation)}
select md5_number_lower(cast(unit as varchar)), {place},
  cast({_per_unit(tabulation)} as double)
from staithe_merged group by unit, {", ".join(names)}
"""


def _names(tabulation: Tabulation) -> list[str]:
    return [f"d{i}" for i in range(len(tabulation.dimensions))]


def _merged_rows(source: str, tabulation: Tabulation) -> str:
    """Begin a statement with the rows that count, rare labels merged."""
    names = _names(tabulation)
    return f"""
with staithe_rows as (
  select {quote_identifier(tabulation.unit)} as unit,
    {_labels(tabulation)},
    {_contribution(tabulation.measure)} as v
  from {source} where {quote_identifier(tabulation.unit)} is not null
), staithe_used as (select * from staithe_rows where v is not null),
{_common_labels(tabulation, names)}
staithe_told as (
  select unit, {", ".join(_merged(tabulation, name) for name in names)}, v
  from staithe_used
),
{_rare_labels(tabulation, names)}
staithe_merged as (
  select * from staithe_told where {_of_enough(tabulation, names)}
)"""


def _labels(tabulation: Tabulation) -> str:
    return ",\n    ".join(
        f"coalesce(cast({quote_identifier(name)} as varchar), '{MISSING}') as d{i}"
        for i, name in enumerate(tabulation.dimensions)
    )


def _contribution(measure: Measure) -> str:
    if measure.kind != "sum":
        return "1"
    assert measure.column is not None  # a sum names its column
    return (
        f"cast({quote_identifier(measure.column)} as decimal(28, {measure.decimals}))"
    )


def _per_unit(tabulation: Tabulation) -> str:
    return "1" if tabulation.measure.kind == "count" else "sum(v)"


def _common_labels(tabulation: Tabulation, names: Sequence[str]) -> str:
    least = int(tabulation.label_threshold)
    return "\n".join(
        f"staithe_{name} as (select {name} as label from staithe_used group by {name} "
        f"having count(distinct unit) >= {least}),"
        for name in names
    )


def _merged(tabulation: Tabulation, name: str) -> str:
    if not tabulation.label_threshold:
        return name
    common = f"(select label from staithe_{name})"
    return f"case when {name} in {common} then {name} else '{OTHER}' end as {name}"


def _rare_labels(tabulation: Tabulation, names: Sequence[str]) -> str:
    """Find, for each dimension, whether enough units are in `(other)` to show it."""
    least = int(tabulation.label_threshold)
    return "\n".join(
        f"staithe_few_{name} as (select count(distinct unit) < {least} as few "
        f"from staithe_told where {name} = '{OTHER}'),"
        for name in names
    )


def _of_enough(tabulation: Tabulation, names: Sequence[str]) -> str:
    if not tabulation.label_threshold:
        return "true"
    return " and ".join(
        f"not ({name} = '{OTHER}' and (select few from staithe_few_{name}))"
        for name in names
    )


def _grouping(names: Sequence[str]) -> str:
    return ", ".join(f"grouping({name}) as g_{name}" for name in names)


def _sets(names: Sequence[str]) -> list[str]:
    subsets: list[list[str]] = [[]]
    for name in names:
        subsets += [[*subset, name] for subset in subsets]
    return [f"({', '.join(['unit', *subset])})" for subset in reversed(subsets)]


def table_from_rows(rows: Iterable[Sequence[Any]], tabulation: Tabulation) -> Table:
    """Make a Table of the statement's rows; BadInput where there is nothing to count.

    For a count of people, each must be in exactly one cell, or totals would not add
    up and could be subtracted.
    """
    listed = list(rows)
    cells = [_cell(row, tabulation) for row in listed]
    if not cells:
        raise BadInput("The query returned no rows that count: there is no table.")
    dimensions = [
        Dimension(name, tuple(categories_of(listed, axis)))
        for axis, name in enumerate(tabulation.dimensions)
    ]
    if tabulation.measure.kind == "count":
        _check_one_cell_each(cells)
    return make_table(dimensions, tabulation.measure, cells)


def categories_of(rows: Sequence[Sequence[Any]], axis: int) -> list[str]:
    """Return a dimension's labels in order, the two made-up ones last."""
    labels = {str(row[2 * axis]) for row in rows if not row[2 * axis + 1]}
    return sorted(labels, key=lambda label: (label in {MISSING, OTHER}, label))


def _cell(row: Sequence[Any], tabulation: Tabulation) -> Cell:
    size = len(tabulation.dimensions)
    labels = row[: 2 * size]
    key = tuple(
        None if labels[2 * axis + 1] else str(labels[2 * axis]) for axis in range(size)
    )
    contributors, total, top, low = row[2 * size :]
    return Cell(
        key,
        float(Decimal(str(total))),
        int(contributors),
        tuple(float(Decimal(str(each))) for each in top),
        float(Decimal(str(low))),
    )


def _check_one_cell_each(cells: Sequence[Cell]) -> None:
    inner = sum(cell.contributors for cell in cells if None not in cell.key)
    total = next(c for c in cells if all(part is None for part in c.key))
    if inner != total.contributors:
        raise BadInput(
            "Somebody is in more than one cell, so a count of people does not add up. "
            "Return one row for each person, or use the measure records.",
            field="measure",
        )
