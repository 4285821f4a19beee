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
from staithe.linkage.rare_words import COUNTS, RANKS, again_sql, ranked_sql, worded
from staithe.linkage.scores import Floats, Ints
from staithe.linkage.specification import from_yaml
from staithe.linkage.state import FORMAT, count_values, rarity_columns
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


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


def learn_words(kept: Kept) -> None:
    """Count the words of `coming` that are no longer alone, and set what hangs on them.

    A word that only one record had tells nothing until another has it too.
    """
    con, counts = kept.con, f"kept.{COUNTS}"
    for name in worded(kept.specification):
        column, words = quote_literal(name), quote(f"{name}__words")
        con.execute(
            "CREATE OR REPLACE TABLE news AS SELECT word, source_number FROM"
            f" (SELECT source_number, unnest({words}) AS word FROM coming) WHERE word"
            f" NOT IN (SELECT word FROM {counts} WHERE column_name = {column})"
        )
        con.execute(
            f"CREATE OR REPLACE TABLE touched AS SELECT rid FROM kept.records WHERE"
            f" list_has_any({words}, (SELECT coalesce(list(DISTINCT word), []) FROM news))"
        )
        con.execute(
            f"INSERT INTO {counts} SELECT {column}, word, count(*) FROM (FROM news"
            " UNION ALL SELECT word, source_number FROM (SELECT source_number,"
            f" unnest({words}) AS word FROM kept.records WHERE rid IN (FROM touched))"
            f" SEMI JOIN news USING (word)) GROUP BY word HAVING {again_sql(kept.sides)}"
        )
        _rank_again(kept, name)


def _rank_again(kept: Kept, name: str) -> None:
    """Set the rarest words of the records `touched`, and their keys, once more."""
    con, counts = kept.con, f"kept.{COUNTS}"
    records = "(FROM kept.records WHERE rid IN (FROM touched))"
    rare = [name + rank for rank in RANKS]
    ranks = ", ".join(f"{quote(c)} = w.words[{n}]" for n, c in enumerate(rare, 1))
    con.execute(
        f"UPDATE kept.records SET {ranks} FROM ({ranked_sql(name, records, counts)}) w"
        " WHERE records.rid = w.rid"
    )
    keys = [rule for rule in kept.facts["rules"] if any(c in rule[2] for c in rare)]
    for _, key, sql in keys:
        con.execute(
            f"UPDATE kept.records SET {key} = {sql} WHERE rid IN (FROM touched)"
        )
        con.execute(
            f"UPDATE kept.records SET {key} = NULL WHERE rid IN (FROM touched) AND {key}"
            f" IN (SELECT value FROM kept.dropped WHERE key_name = '{key}')"
        )
    for column in {rare[0]} & set(rarity_columns(kept.facts["model"])):
        con.execute("DELETE FROM kept.rarity WHERE column_name = ?", [column])
        count_values(con, "kept.records", column)


def load_executor(
    kept: Kept, records: str, place: str, places: int, threads: int, *, only: str = ""
) -> tuple[Executor, Ints]:
    """Return an executor over some records, with the rarities of all, and their rid.

    `records` is a query; `place` its column that says on which side of a pair a record
    stands; `only` is added to every rule.
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
                each["blocking_rule"] + only
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
