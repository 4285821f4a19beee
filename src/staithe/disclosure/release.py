"""The released form of a protected table: rows, CSV, a grid for a page, JSON.

The released form marks every hidden cell alike. Saying which of them is the risky
one would narrow its value (a hidden count known to be under 10, in a line whose
hidden cells add up to 18, is 9), so that stays in the reviewer's JSON.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.ui.cells import safe_cell


if TYPE_CHECKING:
    from staithe.disclosure.cells import Dimension, Key, Measure
    from staithe.disclosure.protect import ProtectedCell, ProtectedTable


HIDDEN = "[c]"  # the Analysis Function's mark for a confidential value
TOTAL = "Total"
GRID_DIMENSIONS = 2


@dataclass(frozen=True)
class Grid:
    """A table as text, ready for HTML: headings, then (row heading, cells)."""

    columns: list[str]
    rows: list[tuple[str, list[str]]]


def to_rows(table: ProtectedTable) -> list[dict[str, Any]]:
    """One dict for each cell: the dimensions, the value or `[c]`, and the status."""
    names = [each.name for each in table.shape.dimensions]
    heading = value_heading(table)
    totals = [total_label(each) for each in table.shape.dimensions]
    return [
        dict(zip(names, _labels(cell.key, totals), strict=True))
        | {heading: released_value(cell, table.measure), "status": _status(cell)}
        for cell in table.cells
    ]


def to_csv(table: ProtectedTable) -> str:
    """Write the released rows as CSV (RFC 4180); labels never start a formula."""
    out = io.StringIO()
    rows = to_rows(table)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in rows[0]])
    for row in rows:
        writer.writerow([safe_cell(value) for value in row.values()])
    return out.getvalue()


def to_grid(table: ProtectedTable) -> Grid:
    """Lay a table of one or two dimensions out for a page."""
    dimensions = table.shape.dimensions
    if len(dimensions) > GRID_DIMENSIONS:
        raise BadInput("A table of three dimensions has no grid: use the CSV.")
    cells = {cell.key: released_value(cell, table.measure) for cell in table.cells}
    text = {key: _text(value, table.measure) for key, value in cells.items()}
    across: list[Key] = [()]
    headings = [value_heading(table)]
    if len(dimensions) == GRID_DIMENSIONS:
        across = [(category,) for category in (*dimensions[1].categories, None)]
        headings = _labels_of(dimensions[1])
    down = (*dimensions[0].categories, None)
    labels = _labels_of(dimensions[0])
    return Grid(
        headings,
        [
            (label, [text[(category, *rest)] for rest in across])
            for label, category in zip(labels, down, strict=True)
        ],
    )


def to_dict(table: ProtectedTable) -> dict[str, Any]:
    """Everything a reviewer needs, as JSON: not for release."""
    return {
        "dimensions": [
            {"name": each.name, "categories": list(each.categories)}
            for each in table.shape.dimensions
        ],
        "measure": {"kind": table.measure.kind, "column": table.measure.column},
        "policy": table.policy.to_dict(),
        "cells": [_cell_dict(table, cell) for cell in table.cells],
        "suppressed": table.suppressed,
        "audit": {
            "safe": table.audit.safe,
            "statement": table.audit.statement,
            "exact": [list(key) for key in table.audit.exact],
            "narrow": [list(key) for key in table.audit.narrow],
        },
        "review": list(table.review),
        "explanation": table.explanation,
    }


def _cell_dict(table: ProtectedTable, cell: ProtectedCell) -> dict[str, Any]:
    interval = table.audit.intervals.get(cell.key)
    ends = None
    if interval is not None:
        ends = [end if math.isfinite(end) else None for end in interval]
    value = released_value(cell, table.measure)
    return {
        "key": list(cell.key),
        "status": cell.status,
        "value": None if cell.value is None else value,
        "reasons": list(cell.reasons),
        "attacker_interval": ends,
    }


def value_heading(table: ProtectedTable) -> str:
    """The heading of the value column, kept apart from the dimensions' names."""
    taken = {each.name for each in table.shape.dimensions} | {"status"}
    label = table.measure.label
    return label if label not in taken else f"{label}_value"


def total_label(dimension: Dimension) -> str:
    """The word for a dimension's total, kept apart from its categories."""
    label = TOTAL
    while label in dimension.categories:
        label = f"{label} (all)"
    return label


def released_value(cell: ProtectedCell, measure: Measure) -> int | float | str:
    """Return the number to publish, as finely as the measure says, or the mark."""
    if cell.value is None:
        return HIDDEN
    return int(cell.value) if measure.whole else round(cell.value, measure.decimals)


def _status(cell: ProtectedCell) -> str:
    return "suppressed" if cell.value is None else cell.status


def _labels(key: Key, totals: list[str]) -> list[str]:
    return [t if part is None else part for part, t in zip(key, totals, strict=True)]


def _labels_of(dimension: Dimension) -> list[str]:
    return [*dimension.categories, total_label(dimension)]


def _text(value: float | str, measure: Measure) -> str:
    return value if isinstance(value, str) else f"{value:,.{measure.decimals}f}"
