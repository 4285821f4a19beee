"""Where the command line reads a table from: microdata or a table of counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import pyarrow as pa

from staithe.base.errors import BadInput, NotFound
from staithe.disclosure.cells import Dimension, Key, Table, count_table
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.tabulate import (
    MISSING,
    Tabulation,
    parse_measure,
    table_from_rows,
    tabulation_sql,
)
from staithe.tables.readers import read_table
from staithe.tables.sql import quote_identifier


if TYPE_CHECKING:
    from pathlib import Path


_KNOWN = {"kind", "dimensions", "rows", "columns", "measure", "unit", "count", "total"}


@dataclass(frozen=True)
class Specification:
    """What a YAML specification says.

    `kind` microdata: `unit` names the column of people. `kind` counts: `count` names
    the column of counts, `total` the label of total rows in the file, if it has any.
    """

    kind: Literal["microdata", "counts"]
    dimensions: tuple[str, ...]
    policy: OutputPolicy
    measure: str = "count"
    unit: str | None = None
    count: str | None = None
    total: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        if self.kind == "counts":
            return (*self.dimensions, self.count or "")
        column = parse_measure(self.measure).column
        return (self.unit or "", *self.dimensions, *([column] if column else []))

    @classmethod
    def from_dict(cls, values: object) -> Specification:
        """Read plain values; BadInput, naming the entry, where one is wrong."""
        if not isinstance(values, Mapping):
            raise BadInput("The specification must be a YAML mapping of names.")
        unknown = [name for name in values if name not in _KNOWN | {"policy"}]
        if unknown:
            raise BadInput(
                f"The specification has no entry {unknown[0]!r}. "
                f"Use some of: {', '.join(sorted(_KNOWN | {'policy'}))}."
            )
        kind = values.get("kind", "counts" if "count" in values else "microdata")
        if kind not in ("microdata", "counts"):  # a list is in no set
            raise BadInput("kind must be microdata or counts.", field="kind")
        needed = "unit" if kind == "microdata" else "count"
        if not values.get(needed):
            raise BadInput(f"The specification must name the {needed} column.")
        policy = values.get("policy") or {}
        if not isinstance(policy, Mapping):
            raise BadInput("policy must be a mapping of rules.", field="policy")
        texts = {name: _text(values, name) for name in ("unit", "count", "total")}
        return cls(
            kind=kind,
            dimensions=_dimensions(values),
            policy=OutputPolicy.from_dict(policy),
            measure=_text(values, "measure") or "count",
            **texts,
        )


def _text(values: Mapping[Any, Any], name: str) -> str | None:
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise BadInput(f"{name} must be text.", field=name)
    return value


def _dimensions(values: Mapping[Any, Any]) -> tuple[str, ...]:
    given = values.get("dimensions") or [
        values[name] for name in ("rows", "columns") if values.get(name)
    ]
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise BadInput("dimensions must be a list of column names.", field="dimensions")
    if not given:
        raise BadInput("The specification must name the rows, or dimensions.")
    return tuple(given)


def read_file(path: Path, specification: Specification) -> Table:
    """Read a file into a table with its totals; BadInput where it does not fit."""
    if not path.is_file():
        raise NotFound(f"There is no file at {path}.")
    source = read_table(path)
    present = [column.name for column in source.columns]
    for name in specification.needed:
        if name not in present:
            raise BadInput(
                f"The file has no column {name!r}. It has: {', '.join(present)}."
            )
    with duckdb.connect() as connection:
        batches = pa.RecordBatchReader.from_batches(source.schema, source.batches())
        connection.register("source", batches)
        if specification.kind == "microdata":
            return _read_microdata(connection, specification)
        return _read_counts(connection, specification)


def _read_microdata(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> Table:
    measure = parse_measure(specification.measure)
    assert specification.unit is not None  # checked when the specification was read
    tabulation = Tabulation(
        specification.unit,
        specification.dimensions,
        measure,
        largest=specification.policy.largest,
    )
    return table_from_rows(
        _fetch(connection, tabulation_sql("source", tabulation)), tabulation
    )


def _fetch(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    try:
        rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    except duckdb.Error as error:
        raise BadInput(
            "The file's rows cannot be tabulated: check that every row has the same "
            "columns and that the summed column holds numbers."
        ) from error
    return rows


def _read_counts(
    connection: duckdb.DuckDBPyConnection, specification: Specification
) -> Table:
    assert specification.count is not None  # checked when the specification was read
    names = ", ".join(
        f"coalesce(cast({quote_identifier(name)} as varchar), '{MISSING}')"
        for name in specification.dimensions
    )
    count = quote_identifier(specification.count)
    rows = _fetch(
        connection, f"select {names}, try_cast({count} as bigint) from source"
    )
    counts: dict[Key, int] = {}
    stated: dict[Key, int] = {}
    for *labels, value in rows:
        if value is None:
            raise BadInput(f"{specification.count} must be a whole number in each row.")
        key = tuple(None if part == specification.total else part for part in labels)
        kept = stated if None in key else counts
        if key in kept:
            raise BadInput("The file gives a cell twice: give one row for each cell.")
        kept[key] = value
    return _counted(specification.dimensions, counts, stated)


def _counted(
    names: tuple[str, ...], counts: Mapping[Key, int], stated: Mapping[Key, int]
) -> Table:
    """Add the totals up from the parts, and refuse a file whose own totals differ."""
    if not counts:
        raise BadInput("The file has no rows of counts.")
    dimensions = [
        Dimension(name, tuple(dict.fromkeys(str(key[axis]) for key in counts)))
        for axis, name in enumerate(names)
    ]
    table = count_table(dimensions, counts)
    computed = dict(zip(table.shape.keys, table.values, strict=True))
    for key, value in stated.items():
        if computed.get(key) != value:
            raise BadInput(
                "The totals in the file do not equal the sum of their parts."
            )
    return table
