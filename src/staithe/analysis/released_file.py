"""The file of a released table, fit for programs: numbers are numbers, gaps are empty.

A mark in a column of numbers would make text of all of them and count as filled; the
column `status` says of each row whether it is hidden.
"""

from __future__ import annotations

import csv
import io
from typing import Any

from staithe.disclosure.release import HIDDEN


VALUE, STATUS = -2, -1  # places of the columns that follow the dimensions
STATUS_MEANS = (
    "How the value is published: as it is, rounded, or suppressed (hidden to protect "
    "people)"
)


def to_open_csv(text: str) -> str:
    """Return a protected table's CSV with hidden values left empty."""
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        if row[VALUE] == HIDDEN:
            row[VALUE] = ""
        writer.writerow(row)
    return out.getvalue()


def describe(columns: list[dict[str, Any]], *, measure: str) -> list[dict[str, Any]]:
    """Return the columns of a released table with what they mean.

    What holders say of their own columns is not public, so it is not repeated.
    """
    said = [
        f"Which {column['name']} a row is about; “Total” is all of them"
        for column in columns[:VALUE]
    ]
    said += [f"{measure}; empty where it is hidden", STATUS_MEANS]
    return [
        column | {"description": text}
        for column, text in zip(columns, said, strict=True)
    ]
