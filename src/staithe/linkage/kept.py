"""The state of an earlier result, open for change, and an executor over parts of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage.executor.executor import Executor
from staithe.linkage.executor.records import arrow, numbers
from staithe.linkage.executor.trees import NotKnown
from staithe.linkage.scores import Floats, Ints
from staithe.linkage.specification import from_yaml
from staithe.linkage.state import FORMAT, rarity_columns


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.specification import LinkSpecification


@dataclass(frozen=True)
class Kept:
    """The state of an earlier result, open for change."""

    con: duckdb.DuckDBPyConnection
    facts: dict[str, Any]

    @property
    def specification(self) -> LinkSpecification:
        """The specification by which everything was standardised."""
        return from_yaml(self.facts["specification"])

    @property
    def sides(self) -> int:
        """Two files, or one."""
        return len(self.facts["names"])


def read_facts(con: duckdb.DuckDBPyConnection, files: int) -> dict[str, Any]:
    """Return what the state knows of itself, or raise BadInput if it will not do."""
    (body,) = con.execute("SELECT body FROM kept.facts").fetchall()[0]
    facts: dict[str, Any] = json.loads(body)
    (version,) = con.execute("SELECT version()").fetchall()[0]
    if facts["format"] != FORMAT or facts["duckdb"] != version:
        raise BadInput(
            "This result was made by another version of the program; link it in full "
            "once more."
        )
    if len(facts["names"]) != files:
        raise BadInput(
            f"The earlier result is of {len(facts['names'])} files, "
            f"but {files} were given."
        )
    return facts


def load_executor(
    kept: Kept, records: str, place: str, places: int, threads: int
) -> tuple[Executor, Ints]:
    """Return an executor over some records, with the rarities of all, and their rid.

    `records` is a query; `place` its column that says on which side of a pair a record
    stands.
    """
    con, model, table = kept.con, kept.facts["model"], "loaded_records"
    con.execute(f"CREATE OR REPLACE TABLE {table} AS {records} ORDER BY {place}, rid")
    rids = con.sql(f"SELECT rid FROM {table}").to_arrow_table().column(0)
    counts = dict(
        con.execute(f"SELECT {place}, count(*) FROM {table} GROUP BY 1").fetchall()
    )
    rows = tuple(counts.get(side, 0) for side in range(places))
    try:
        executor = Executor(
            con,
            table,
            rows,
            comparisons=[each["comparison_levels"] for each in model["comparisons"]],
            rules=[
                each["blocking_rule"]
                for each in model["blocking_rules_to_generate_predictions"]
            ],
            threads=threads,
        )
    except NotKnown as error:
        raise BadInput(
            "Records can be added only where the compiled executor runs, and it cannot "
            f"run here: {error}. Link the files in full."
        ) from error
    for column in rarity_columns(model):
        executor.set_rarity(column, _shares(con, executor, column))
    executor.weigh(model)
    return executor, numbers(rids, np.int64)


def _shares(con: duckdb.DuckDBPyConnection, executor: Executor, column: str) -> Floats:
    """Return for each value of a column that is loaded its share of all records."""
    values = executor.values(column)
    places = arrow(np.arange(len(values), dtype=np.int64), pa.int64())
    con.register("loaded", pa.table({"place": places, "value": values}))
    found = con.execute(
        "SELECT place, sum(n) / (SELECT sum(n) FROM kept.rarity WHERE column_name = $1)"
        " AS share FROM loaded JOIN kept.rarity k ON k.value = loaded.value::VARCHAR"
        " AND column_name = $1 GROUP BY place ORDER BY place",
        [column],
    ).fetchnumpy()
    con.unregister("loaded")
    shares = np.zeros(len(values))
    shares[found["place"]] = found["share"]
    return shares
