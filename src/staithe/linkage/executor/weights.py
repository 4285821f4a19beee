"""The weights of a Splink model, worked out as Splink 5 does.

A level weighs log2(m / u). Untrained levels get Splink's defaults. Where a level says
so, the weight moves with how rare the value is that both records have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.linkage.executor.trees import NotKnown, parse, side_and_name


if TYPE_CHECKING:
    import duckdb


LEAST = 1e-300
NOT_OBSERVED = 1e-6
EXACT, WORST, BEST_OF_REST, BEST = 0.95, -5.0, 3.0, 10.0
Level = Mapping[str, Any]


@dataclass(frozen=True)
class Rarity:
    """How rare values move a weight: weight * (base - log2 of the larger share)."""

    column: str
    base: float
    weight: float
    least: float


@dataclass(frozen=True)
class Weighed:
    """The weight of each level of a comparison, in the order they are written."""

    weights: tuple[float, ...]
    rarities: tuple[Rarity | None, ...]


def prior_weight(model: Mapping[str, Any]) -> float:
    """Return the weight that a pair starts with."""
    share = float(model["probability_two_random_records_match"])
    if share == 1:
        return 1000.0
    return math.log2(max(share, LEAST) / (1 - share))


def defaults(size: int) -> tuple[list[float], list[float]]:
    """Return Splink's m and u of untrained levels, the worst level first."""
    rest = (1 - EXACT) / (size - 1) if size > 1 else 0.0
    m = [rest] * (size - 1) + [EXACT]
    step = (BEST_OF_REST - WORST) / (size - 2) if size > 2 else 0.0  # noqa: PLR2004
    powers = [WORST + place * step for place in range(size - 1)] + [BEST]
    return m, [each / 2**power for each, power in zip(m, powers, strict=True)]


def probabilities(levels: Sequence[Level]) -> tuple[list[float], list[float]]:
    """Return m and u of each level, defaults where a level was not trained."""
    size = sum(not each.get("is_null_level") for each in levels)
    usual_m, usual_u = defaults(size)
    m, u, place = [], [], size
    for each in levels:
        if each.get("is_null_level"):
            m.append(1.0)
            u.append(1.0)
            continue
        place -= 1
        m.append(_probability(each.get("m_probability"), usual_m[place]))
        u.append(_probability(each.get("u_probability"), usual_u[place]))
    return m, u


def _probability(written: Any, usual: float) -> float:
    if written is None:
        return usual
    if isinstance(written, str):  # "level not observed in training dataset"
        return NOT_OBSERVED
    return float(written)


def weigh(con: duckdb.DuckDBPyConnection, levels: Sequence[Level]) -> Weighed:
    """Return the weights of a comparison's levels."""
    m, u = probabilities(levels)
    weights = [
        math.log2(max(a, LEAST) / max(b, LEAST)) for a, b in zip(m, u, strict=True)
    ]
    exact = _exact_levels(con, levels)
    rarities = [_rarity(each, place, exact, u) for place, each in enumerate(levels)]
    return Weighed(tuple(weights), tuple(rarities))


def _rarity(
    level: Level, place: int, exact: Mapping[str, int], u: Sequence[float]
) -> Rarity | None:
    column = level.get("tf_adjustment_column")
    weight = level.get("tf_adjustment_weight", 1.0 if column else 0.0)
    plain = str(level["sql_condition"]).strip().upper() == "ELSE"
    if not column or not weight or plain or level.get("is_null_level"):
        return None
    column = str(column).strip('"`')
    if level.get("disable_tf_exact_match_detection"):
        base = u[place]
    elif column.lower() in exact:
        base = u[exact[column.lower()]]
    else:
        raise NotKnown(f"a rarity of {column} without a level of equal values")
    least = float(level.get("tf_minimum_u_value") or 0.0)
    return Rarity(
        column,
        math.log2(base),
        float(weight),
        math.log2(least) if least > 0 else -math.inf,
    )


def _exact_levels(
    con: duckdb.DuckDBPyConnection, levels: Sequence[Level]
) -> dict[str, int]:
    """Return column → the first level that says both records have the same of it."""
    conditions = [str(each["sql_condition"]) for each in levels[:-1]]
    found: dict[str, int] = {}
    for place, tree in enumerate(parse(con, conditions)) if conditions else ():
        if tree["type"] != "COMPARE_EQUAL":
            continue
        sides = [tree["left"], tree["right"]]
        if any(each["class"] != "COLUMN_REF" for each in sides):
            continue
        (_, a), (_, b) = (side_and_name(each["column_names"]) for each in sides)
        if a.lower() == b.lower():
            found.setdefault(a.lower(), place)
    return found
