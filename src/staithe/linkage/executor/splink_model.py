"""Open a Splink model file over tables as they are, ready to score.

The same model, tables and answers as Splink 5 on DuckDB. Which record of a pair counts
as the left one follows Splink too, for conditions that are not the same both ways.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from staithe.base.errors import BadInput
from staithe.linkage.executor.executor import Executor
from staithe.linkage.executor.records import numbers
from staithe.linkage.executor.trees import NotKnown
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb


VIEW = "model_records"
LINK_TYPES = {"dedupe_only", "link_only", "link_and_dedupe"}
SEPARATOR = "-__-"


def check_model(model: Any) -> None:
    """Raise BadInput unless this looks like a Splink model."""
    if not isinstance(model, dict) or not isinstance(model.get("comparisons"), list):
        raise BadInput("This is not a Splink model: it has no list of comparisons.")
    if model.get("link_type") not in LINK_TYPES:
        raise BadInput(
            "The model's link_type must be dedupe_only, link_only or link_and_dedupe."
        )
    share = model.get("probability_two_random_records_match", 0.0001)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise BadInput(
            "The model's probability_two_random_records_match must be above 0 and at most 1."
        )
    for comparison in model["comparisons"]:
        levels = comparison.get("comparison_levels", [])
        if not levels or any("sql_condition" not in each for each in levels):
            raise BadInput(
                "Each comparison of the model needs comparison_levels with an sql_condition."
            )
    if not model.get("blocking_rules_to_generate_predictions"):
        raise BadInput(
            "The model has no blocking rules, so every record would be compared with "
            "every other; add blocking_rules_to_generate_predictions."
        )


def rules_of(model: Mapping[str, Any]) -> list[str]:
    """Return the model's blocking rules as SQL, or raise NotKnown."""
    found = []
    for each in model["blocking_rules_to_generate_predictions"]:
        if isinstance(each, str):
            found.append(each)
            continue
        if each.get("arrays_to_explode"):
            raise NotKnown("a blocking rule over the members of lists")
        found.append(str(each["blocking_rule"]))
    return found


def open_model(
    con: duckdb.DuckDBPyConnection,
    model: Mapping[str, Any],
    tables: Sequence[tuple[str, str]],
    *,
    training: Sequence[str] = (),
    threads: int = 2,
) -> tuple[Executor, str]:
    """Return the model loaded over (name, relation) tables, and the view of its records.

    The view has the records in their order, with `source_dataset`. `training` are
    rules to train in. Raises NotKnown where the model needs SQL.
    """
    check_model(model)
    tables = sorted(tables)
    rows = tuple(
        con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
        for _, relation in tables
    )
    if model["link_type"] == "link_only":
        if len(tables) != 2:  # noqa: PLR2004
            raise NotKnown("a link of more than two tables")
    else:
        rows = (sum(rows),)
    order = _order(model, tables)
    parts = [
        f"SELECT {quote_literal(name)} AS source_dataset, {place} AS source_place, *"
        f" FROM {relation}"
        for place, (name, relation) in enumerate(tables)
    ]
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {VIEW} AS"
        f" SELECT * FROM ({' UNION ALL BY NAME '.join(parts)}){order}"
    )
    check_order(con, tables, order)
    executor = Executor(
        con,
        VIEW,
        rows,
        comparisons=[each["comparison_levels"] for each in model["comparisons"]],
        rules=rules_of(model),
        training_rules=training,
        threads=threads,
    )
    executor.weigh(model)
    return executor, VIEW


def check_order(
    con: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]], order: str
) -> None:
    """Raise NotKnown unless the view gives one table's records after the other's."""
    if len(tables) > 1 and not order:
        found = con.sql(f"SELECT source_place FROM {VIEW}").to_arrow_table()
        if (np.diff(numbers(found.column(0), np.int32)) < 0).any():
            raise NotKnown("a table whose order is not kept")


def _order(model: Mapping[str, Any], tables: Sequence[tuple[str, str]]) -> str:
    """Return how Splink orders records, where it matters which one is on the left.

    Otherwise they stay as they come, table after table: DuckDB keeps that order.
    """
    if model["link_type"] == "link_only" or not _one_way(model):
        return ""
    identifier = quote(str(model.get("unique_id_column_name", "unique_id")))
    if len(tables) == 1:
        return f" ORDER BY {identifier}"
    return f" ORDER BY concat(source_dataset, '{SEPARATOR}', {identifier})"


def _one_way(model: Mapping[str, Any]) -> bool:
    """Say whether a condition may differ when left and right change places."""
    conditions = [
        str(level["sql_condition"])
        for each in model["comparisons"]
        for level in each["comparison_levels"]
    ]
    conditions += [
        each if isinstance(each, str) else str(each.get("blocking_rule", ""))
        for each in model["blocking_rules_to_generate_predictions"]
    ]
    return any(_words(each) != _words(_turned(each)) for each in conditions)


def _turned(condition: str) -> str:
    """Return a condition with the names of left and right exchanged."""
    other = {"l": "r", "r": "l", "L": "R", "R": "L"}
    turned = re.sub(r"\b([lrLR])\.", lambda m: other[m[1]] + ".", condition)
    return re.sub(r"_([lrLR])\b(?!\()", lambda m: "_" + other[m[1]], turned)


def _words(condition: str) -> list[str]:
    return sorted(re.findall(r"[\w.]+|[^\w\s]", condition))
