"""What a result keeps so that records can be added without linking all again.

One DuckDB file beside the result, on request only, because it holds standardised
identifiers: the records with their keys, the weight of every pair compared, the
clusters, how often each value occurs, the model and the threshold.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from staithe.linkage import outputs
from staithe.linkage.clusters import components
from staithe.linkage.executor.records import arrow
from staithe.linkage.rare_words import COUNTS, RANKS, worded
from staithe.linkage.scoring import columns_read
from staithe.linkage.specification import to_yaml
from staithe.linkage.versions import NAMES
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb

    from staithe.linkage.decide import Decision
    from staithe.linkage.model import Model
    from staithe.linkage.run import Run


FORMAT = 2


def rarity_columns(model: dict[str, Any]) -> list[str]:
    """Return the columns whose values' rarity a Splink model counts."""
    found = [
        level["tf_adjustment_column"]
        for each in model["comparisons"]
        for level in each["comparison_levels"]
        if level.get("tf_adjustment_column")
    ]
    return list(dict.fromkeys(found))


def columns_of_words(run: Run) -> list[str]:
    """Return what keys of rare words are made of: they change when words come back."""
    found = []
    for name in worded(run.specification):
        rare = [name + rank for rank in RANKS]
        rules = [each.sql for each in run.chosen if any(c in each.sql for c in rare)]
        found += [f"{name}__words", *rare, *re.findall(r'"(\w+)"', " ".join(rules))]
    return found


def save_state(run: Run, model: Model, decision: Decision, path: Path) -> None:
    """Write the state of a run to a DuckDB file."""
    con, splink = run.job.con, model.as_splink()
    read = [*columns_read(model), *columns_of_words(run)]
    con.execute(f"ATTACH {quote_literal(str(path))} AS kept")
    try:
        columns = ", ".join(map(quote, dict.fromkeys(read)))
        con.execute(
            "CREATE TABLE kept.records AS SELECT rid, source_number, source_dataset, id,"
            f" {columns} FROM {run.standardised.table} ORDER BY rid"
        )
        outputs.register_pairs(con, decision.scores)
        con.execute(
            "CREATE TABLE kept.pairs AS SELECT l, r, match_weight AS w FROM outgoing"
        )
        con.unregister("outgoing")
        _save_labels(con, decision)
        _save_rarity(con, run.standardised.table, rarity_columns(splink))
        _save_dropped(run)
        con.execute(f"CREATE TABLE kept.{COUNTS} AS FROM {COUNTS}")
        _save_facts(run, splink, decision)
    finally:
        con.execute("DETACH kept")


def _save_labels(con: duckdb.DuckDBPyConnection, decision: Decision) -> None:
    joined = decision.scores.where(decision.scores.weight >= decision.threshold)
    parts = components(joined, len(decision.clusters))
    rids = np.arange(len(parts), dtype=np.int64)
    con.register(
        "parts",
        pa.table({"rid": arrow(rids, pa.int64()), "part": arrow(parts, pa.int64())}),
    )
    con.execute(
        "CREATE TABLE kept.labels AS SELECT c.rid, c.source, c.id, c.first, part, name"
        f" FROM {outputs.CLUSTERS} c JOIN parts USING (rid) JOIN {NAMES} USING (rid)"
        " ORDER BY rid"
    )
    con.unregister("parts")


def _save_rarity(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
) -> None:
    con.execute(
        "CREATE TABLE kept.rarity (column_name VARCHAR, value VARCHAR, n BIGINT)"
    )
    for column in columns:
        count_values(con, table, column)


def count_values(con: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    """Add the values of a column of records to the counts that are kept."""
    con.execute(
        f"INSERT INTO kept.rarity SELECT {quote_literal(column)}, {quote(column)}::VARCHAR,"
        f" count(*) FROM {table} WHERE {quote(column)} IS NOT NULL GROUP BY 2"
    )


def _save_dropped(run: Run) -> None:
    """Keep the values that a rule leaves out: new records with them are left out too."""
    con = run.job.con
    con.execute("CREATE TABLE kept.dropped (key_name VARCHAR, value UBIGINT)")
    for each in run.chosen:
        if each.size.dropped_values:
            con.execute(
                f"INSERT INTO kept.dropped SELECT DISTINCT '{each.key}', {each.sql} FROM"
                f" {run.standardised.table} WHERE {each.key} IS NULL"
                f" AND ({each.sql}) IS NOT NULL"
            )


def _save_facts(run: Run, splink: dict[str, Any], decision: Decision) -> None:
    (version,) = run.job.con.execute("SELECT version()").fetchall()[0]
    facts = {
        "format": FORMAT,
        "version": 1,
        "duckdb": version,
        "names": [each.name for each in run.job.inputs],
        "threshold": decision.threshold,
        "one_partner": list(decision.one_partner),
        "rules": [[each.name, each.key, each.sql] for each in run.chosen],
        "specification": to_yaml(run.specification),
        "model": splink,
    }
    run.job.con.execute(
        "CREATE TABLE kept.facts AS SELECT ?::VARCHAR AS body", [json.dumps(facts)]
    )
