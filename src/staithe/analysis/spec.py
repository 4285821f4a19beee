"""The table an analyst asks for: what divides it and what its cells measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.disclosure.tabulate import Tabulation, parse_measure


if TYPE_CHECKING:
    from collections.abc import Mapping


UNIT = "person"


@dataclass(frozen=True)
class TableSpec:
    """Rows, columns and measure: `count` (people), `records` or `sum:COLUMN`."""

    rows: str
    columns: str | None = None
    measure: str = "count"

    def __post_init__(self) -> None:
        """Refuse a specification that names no table."""
        self.tabulation()

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that the query must return besides the person."""
        column = parse_measure(self.measure).column
        return (*self.dimensions, *([column] if column else []))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The columns that divide the table."""
        return (self.rows, self.columns) if self.columns else (self.rows,)

    def tabulation(self, *, label_threshold: int = 0, largest: int = 2) -> Tabulation:
        """Return how to tabulate the query's result."""
        return Tabulation(
            UNIT,
            self.dimensions,
            parse_measure(self.measure),
            label_threshold=label_threshold,
            largest=largest,
        )

    def to_dict(self) -> dict[str, Any]:
        """Write as plain values, to store beside the query."""
        return {"rows": self.rows, "columns": self.columns, "measure": self.measure}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TableSpec:
        """Read plain values; BadInput, naming the field, where one is wrong."""
        unknown = [n for n in values if n not in {"rows", "columns", "measure"}]
        if unknown:
            raise BadInput(f"A table has no part called {unknown[0]!r}.")
        rows = values.get("rows")
        columns = values.get("columns") or None
        measure = values.get("measure") or "count"
        if not isinstance(rows, str) or not rows:
            raise BadInput("Name the column that makes the rows.", field="rows")
        if not isinstance(columns, str | None) or not isinstance(measure, str):
            raise BadInput("columns and measure must be text.", field="columns")
        return cls(rows, columns, measure)
