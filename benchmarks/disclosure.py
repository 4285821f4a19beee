"""Disclosure checks beside acro, on the same people; then what only we do.

Run: `./dev bench disclosure`, or this file. Prints one line for each measurement and
the ratio to acro where acro does the same thing. Flags are compared too.
"""

from __future__ import annotations

import json
import logging
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from staithe.disclosure.cells import Dimension, count_table
from staithe.disclosure.checks import check_cells
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.protect import protect_table
from staithe.disclosure.tabulate import (
    Tabulation,
    parse_measure,
    table_from_rows,
    tabulation_sql,
)


AREAS, BANDS = 150, 12
POLICY = OutputPolicy(zero_is_disclosive=True)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


def make_people(folder: Path, rows: int) -> Path:
    path = folder / f"people-{rows}.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select range as unit, 'area ' || "
            f"floor({AREAS} * pow((hash(range) % 10000) / 10000.0, 6))::int as area, "
            f"'band ' || floor({BANDS} * pow((hash(range * 3) % 10000) / 10000.0, 6))"
            "::int as band, "
            "round(exp(8 + (hash(range * 7) % 4000) / 1000.0), 2) as income "
            f"from range({rows})) to '{path}'"
        )
    return path


def ours(path: Path, measure: str) -> dict[tuple[str | None, ...], tuple[str, ...]]:
    tabulation = Tabulation("unit", ("area", "band"), parse_measure(measure))
    with duckdb.connect() as connection:
        sql = tabulation_sql(f"read_parquet('{path}')", tabulation)
        table = table_from_rows(connection.execute(sql).fetchall(), tabulation)
    return dict(check_cells(table, POLICY).primary)


def theirs(path: Path, measure: str) -> int:
    import pandas as pd
    from acro import ACRO

    frame = pd.read_parquet(path)
    session = ACRO(suppress=False)
    extra = {} if measure == "count" else {"values": frame.income, "aggfunc": "sum"}
    session.crosstab(frame.area, frame.band, **extra)
    outcome = session.results.get_index(0).outcome
    return int((outcome.map(lambda text: text.strip() != "ok")).sum().sum())


def compare_checks(folder: Path, rows: int) -> list[dict[str, Any]]:
    path = make_people(folder, rows)
    found = []
    for measure in ("count", "sum:income"):
        mine, flags = timed(lambda m=measure: ours(path, m))
        peer, count = timed(lambda m=measure: theirs(path, m))
        inner = sum(None not in key for key in flags)
        found.append(
            {
                "what": f"checks, {measure}, {rows:,} rows, {AREAS}x{BANDS}",
                "seconds": round(mine, 3),
                "acro_seconds": round(peer, 3),
                "times_faster": round(peer / mine, 1),
                "flagged": inner,
                "acro_flagged": count,
            }
        )
    return found


def protect_sizes() -> list[dict[str, Any]]:
    found = []
    for rows, columns in ((20, 8), (50, 12), (100, 20)):
        chance = random.Random(1)
        dimensions = [
            Dimension("r", tuple(f"r{i}" for i in range(rows))),
            Dimension("c", tuple(f"c{i}" for i in range(columns))),
        ]
        counts = {
            (r, c): int(chance.expovariate(1 / 40))
            for r in dimensions[0].categories
            for c in dimensions[1].categories
        }
        table = count_table(dimensions, counts)
        spent, made = timed(lambda t=table: protect_table(t, OutputPolicy()))
        rounding = OutputPolicy(method="round", rounding_base=5)
        round_spent, _ = timed(lambda t=table, p=rounding: protect_table(t, p))
        statuses = [cell.status for cell in made.cells]
        found.append(
            {
                "what": f"protect and audit, {rows}x{columns}",
                "cells": len(table.cells),
                "seconds": round(spent, 2),
                "primary": statuses.count("primary"),
                "secondary": statuses.count("secondary"),
                "rounding_seconds": round(round_spent, 2),
            }
        )
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        found = [*compare_checks(Path(folder), rows), *protect_sizes()]
    for each in found:
        print(json.dumps(each))


if __name__ == "__main__":
    main()
