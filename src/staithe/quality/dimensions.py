"""Six scores from exact counts; "not measured" with the reason wherever there is none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from staithe.quality.scorecard import ColumnProfile, Dimension


@dataclass(frozen=True)
class Timeliness:
    """What the publisher declares: when last modified, how often it should be."""

    today: dt.date
    modified: dt.date | None = None
    update_every_days: int | None = None


def score_dimensions(
    columns: Sequence[ColumnProfile],
    *,
    rows: int,
    duplicates: int | None,
    key: Sequence[str],
    disordered: int,
    timeliness: Timeliness,
) -> dict[str, Dimension]:
    """Return one dimension for each of the six of the framework."""
    return {
        "completeness": _completeness(columns, rows),
        "uniqueness": _uniqueness(rows, duplicates, key),
        "consistency": _consistency(columns, disordered),
        "timeliness": _timeliness(timeliness),
        "validity": _validity(columns),
        "accuracy": Dimension(
            None, "Not measured: there is no reference to compare the values with."
        ),
    }


def _share(good: int, of: int) -> float:
    return round(max(0, good) / of, 6)


def _completeness(columns: Sequence[ColumnProfile], rows: int) -> Dimension:
    cells = rows * len(columns)
    if not cells:
        return Dimension(None, "Not measured: the table has no rows.")
    empty = sum(column.nulls for column in columns)
    stand_ins = sum(min(column.sentinels, column.filled) for column in columns)
    score = _share(cells - empty - stand_ins, cells)
    evidence = f"{empty:,} of {cells:,} cells are empty"
    return Dimension(score, evidence=f"{evidence}; {stand_ins:,} hold a stand-in.")


def _uniqueness(rows: int, duplicates: int | None, key: Sequence[str]) -> Dimension:
    if not rows or duplicates is None:
        return Dimension(None, "Not measured: the table has no rows.")
    over = f"the key {', '.join(key)}" if key else "every column"
    evidence = f"{duplicates:,} of {rows:,} rows repeat an earlier one in {over}."
    return Dimension(_share(rows - duplicates, rows), evidence=evidence)


def _consistency(columns: Sequence[ColumnProfile], disordered: int) -> Dimension:
    examined = [column for column in columns if column.type == "text" and column.filled]
    cells = sum(column.filled for column in examined)
    if not cells:
        return Dimension(None, "Not measured: no column of text to compare.")
    odd = (
        sum(min(column.inconsistent, column.filled) for column in examined) + disordered
    )
    evidence = f"{odd:,} of {cells:,} text values differ from the usual form."
    return Dimension(_share(cells - odd, cells), evidence=evidence)


def _validity(columns: Sequence[ColumnProfile]) -> Dimension:
    tested = sum(column.tested for column in columns)
    if not tested:
        return Dimension(
            None, "Not measured: no column has a format that is known here."
        )
    bad = sum(min(column.invalid, column.tested) for column in columns)
    names = [column.name for column in columns if column.tested]
    evidence = f"{bad:,} of {tested:,} values fail, in {len(names)} tested columns."
    return Dimension(_share(tested - bad, tested), evidence=evidence)


def _timeliness(declared: Timeliness) -> Dimension:
    if declared.modified is None or not declared.update_every_days:
        return Dimension(
            None, "Not measured: no date of change and update frequency are declared."
        )
    age = (declared.today - declared.modified).days
    due = declared.update_every_days
    state = "overdue" if age > due else "in time"
    evidence = f"Changed {age} days ago, due every {due} days: {state}."
    return Dimension(round(min(1.0, due / max(age, 1)), 6), evidence=evidence)
