"""Why a pair weighs what it weighs: the level of every comparison, and its rarity.

Written beside a result on request, for the links and the pairs drawn to be judged, so
that a waterfall needs no second scoring. It holds ids, levels and weights; no values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from staithe.linkage import outputs
from staithe.linkage.executor.weights import prior_weight
from staithe.linkage.scores import Scores
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from staithe.linkage.bridges import Bridges
    from staithe.linkage.comparisons import Comparison
    from staithe.linkage.model import Model
    from staithe.linkage.sampling import Stratum, Universe


EXPLAINED = "explained.parquet"
MISSING = -1  # the level of a comparison where a value is missing on either side


@dataclass(frozen=True)
class Step:
    """One step of a waterfall: what was compared, what was found, weights in bits."""

    name: str
    found: str
    weight: float
    rarity: float  # of it, how far the value's rarity moved it
    total: float  # the weight with this step and all before it


def waterfall(
    model: Mapping[str, Any], levels: Sequence[int], rarities: Sequence[float]
) -> list[Step]:
    """Return the steps from the prior to a pair's match weight.

    `model` is the part of a report of that name; `levels` and `rarities` have an item
    for each of its comparisons, as `write_explained` wrote them.
    """
    total = prior_weight({"probability_two_random_records_match": model["prior"]})
    steps = [Step("Before anything is compared", "", total, 0.0, total)]
    for each, level, rarity in zip(model["comparisons"], levels, rarities, strict=True):
        if level == MISSING:
            found, weight = "missing", 0.0
        else:
            known = each["levels"][level]
            found, weight = known["level"], known["weight"] + rarity
        total += weight
        steps.append(Step(each["name"], found, weight, rarity, total))
    return steps


def write_explained(
    con: duckdb.DuckDBPyConnection,
    model: Model,
    *,
    universe: Universe,
    strata: Sequence[Stratum],
    bridges: Bridges,
    table: str,
    path: Path,
) -> None:
    """Write left_id, right_id, match_weight, link, stratum, bridge, levels, rarities.

    One row for every link and every pair drawn. `levels` and `rarities` are JSON lists
    with an item for each comparison of the model.
    """
    con.register("explained", _pairs(universe, strata, bridges))
    tables = _count_values(con, model, table)
    columns = {c for each in model.comparisons for c in each.columns}
    wide = ", ".join(
        f"{side}.{quote(c)} AS {quote(f'{c}_{end}')}"
        for c in sorted(columns)
        for side, end in (("a", "l"), ("b", "r"))
    )
    levels = [_level_sql(each) for each in model.comparisons]
    rare = [
        _rarity_sql(each, f"level_{n}", (list(u), list(counts)), tables)
        for n, (each, u, counts) in enumerate(
            zip(
                model.comparisons,
                model.parameters.u,
                model.parameters.rarity,
                strict=True,
            )
        )
    ]
    named = ", ".join(f"{sql} AS level_{n}" for n, sql in enumerate(levels))
    listed = ", ".join(f"level_{n}" for n in range(len(levels)))
    joins = " ".join(
        f"LEFT JOIN {name} ON {name}.value = {quote(f'{column}_l')}"
        for column, name in tables.items()
    )
    try:
        con.execute(
            f"COPY (WITH wide AS (SELECT e.*, a.id AS left_id, b.id AS right_id, {wide}"
            f" FROM explained e JOIN {table} a ON a.rid = l JOIN {table} b ON b.rid = r),"
            f" judged AS (SELECT *, {named} FROM wide)"
            " SELECT left_id, right_id, match_weight, link, stratum, bridge,"
            f" to_json([{listed}])::VARCHAR AS levels,"
            f" to_json([{', '.join(rare)}])::VARCHAR AS rarities"
            f" FROM judged {joins} ORDER BY hash(l, r))"
            f" TO {quote_literal(str(path))} ({outputs.PARQUET})"
        )
    finally:
        con.unregister("explained")
        for name in tables.values():
            con.execute(f"DROP TABLE {name}")


def _pairs(universe: Universe, strata: Sequence[Stratum], bridges: Bridges) -> pa.Table:
    """Return l, r, match_weight, link, stratum and bridge of the pairs to explain."""
    scores = universe.scores
    stratum = np.full(len(scores), -1, np.int64)
    for number, each in enumerate(strata):
        stratum[each.places] = number
    wanted = np.flatnonzero(universe.links | (stratum >= 0))
    pairs = Scores(scores.left[wanted], scores.right[wanted], scores.weight[wanted])
    width = np.int64(max(int(pairs.right.max(initial=0)), 1) + 1)
    among = np.isin(
        pairs.left * width + pairs.right, bridges.left * width + bridges.right
    )
    return pa.table(
        {
            "l": pairs.left,
            "r": pairs.right,
            "match_weight": pairs.weight,
            "link": universe.links[wanted],
            "stratum": stratum[wanted],
            "bridge": among,
        }
    )


def _count_values(
    con: duckdb.DuckDBPyConnection, model: Model, table: str
) -> dict[str, str]:
    """Make for each column whose rarity counts a table of value and share of records."""
    found: dict[str, str] = {}
    for level in (level for each in model.comparisons for level in each.levels):
        if level.tf and level.tf not in found:
            name = found[level.tf] = f"share_of_{len(found)}"
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {quote(level.tf)} AS"
                f" value, count(*) / sum(count(*)) OVER () AS share FROM {table}"
                f" WHERE {quote(level.tf)} IS NOT NULL GROUP BY 1"
            )
    return found


def _level_sql(comparison: Comparison) -> str:
    """Return the SQL of a comparison's level: its place among those with a weight."""
    place, cases = 0, []
    for level in comparison.levels:
        number = MISSING if level.is_null else place
        cases.append(f"WHEN {level.sql} THEN {number}")
        place += not level.is_null
    return f"CASE {' '.join(cases)} ELSE {place} END"


def _rarity_sql(
    comparison: Comparison,
    level: str,
    trained: tuple[Sequence[float], Sequence[float]],
    tables: Mapping[str, str],
) -> str:
    """Return the SQL of how far a value's rarity moves the weight (as Splink does).

    `trained` is u and how much rarity counts, the best level last. Only levels of equal
    values have a rarity.
    """
    u, counts = trained
    weighed = [each for each in comparison.levels if not each.is_null]
    cases = [
        f"WHEN {level} = {n} THEN {float(counts[-1 - n])!r}"
        f" * log2({float(u[-1 - n])!r} / {tables[each.tf]}.share)"
        for n, each in enumerate(weighed)
        if each.tf
    ]
    return f"CASE {' '.join(cases)} ELSE 0.0 END" if cases else "0.0::DOUBLE"
