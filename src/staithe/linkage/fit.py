"""Train a Splink model file that has no weights yet, and write it back as one.

The same training as a link's own, over the executor: u from random pairs, m from
expectation maximisation in blocks, a small probability for every level, and a sentence
for whatever could not be learned.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from staithe.linkage.counting import Patterns, pattern_levels, random_pairs_sql
from staithe.linkage.scores import Floats
from staithe.linkage.training import estimate_m, estimate_u, first_m


if TYPE_CHECKING:
    from staithe.linkage.executor.executor import Executor, Tally


@dataclass(frozen=True)
class Fitted:
    """A model as Splink writes it, with its weights, and what to be wary of."""

    model: dict[str, Any]
    warnings: tuple[str, ...]


def fit_model(
    executor: Executor,
    model: Mapping[str, Any],
    *,
    prior_rules: int,
    recall: float,
    pairs: int,
    seed: int,
) -> Fitted:
    """Train the model that an executor has loaded.

    The executor's first `prior_rules` training rules are almost surely matches and
    find `recall` of them; the others are the blocks to train in, with about `pairs`
    pairs each.
    """
    sizes = [
        sum(not each.get("is_null_level") for each in levels)
        for levels in executor.comparisons
    ]
    every = list(range(len(sizes)))
    rows = executor.rows
    drawn = executor.con.execute(
        random_pairs_sql(rows, min(pairs, 4 * rows[0] * rows[-1]), seed)
    ).fetchnumpy()
    random = _patterns(
        executor, executor.tally_pairs(drawn["a"] - 1, drawn["b"] - 1, every), every
    )
    u = estimate_u(random, sizes)
    found: list[list[Floats]] = [[] for _ in every]
    warnings: list[str] = []
    for rule in range(prior_rules, executor.training_rules):
        used = executor.rule_columns(rule)
        free = [n for n in every if not executor.comparison_columns(n) & used]
        if not free:
            continue
        tally = executor.tally_rule(rule, free, only=executor.sample(rule, pairs, seed))
        m, settled = estimate_m(_patterns(executor, tally, free), [u[n] for n in free])
        if not settled:
            warnings.append(
                f"Training on block {rule - prior_rules + 1} did not settle."
            )
        for n, each in zip(free, m, strict=True):
            found[n].append(each)
    body = _written(model, found, u, warnings)
    if prior_rules:
        _set_prior(body, executor, prior_rules, recall)
    executor.weigh(body)
    return Fitted(body, tuple(warnings))


def _patterns(executor: Executor, tally: Tally, chosen: Sequence[int]) -> Patterns:
    return pattern_levels(tally, [executor.comparisons[n] for n in chosen])


def _written(
    model: Mapping[str, Any],
    found: Sequence[Sequence[Floats]],
    u: Sequence[Floats],
    warnings: list[str],
) -> dict[str, Any]:
    """Return the model with m and u in it."""
    body = copy.deepcopy(dict(model))
    for n, comparison in enumerate(body["comparisons"]):
        name = comparison.get("output_column_name", f"comparison {n + 1}")
        if not found[n]:
            warnings.append(f"{name} is in every block and could not be trained.")
        m = np.mean(found[n], axis=0) if found[n] else first_m(len(u[n]))
        place = len(u[n])
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                place -= 1
                level["m_probability"] = float(m[place])
                level["u_probability"] = float(u[n][place])
    return body


def _set_prior(
    body: dict[str, Any], executor: Executor, prior_rules: int, recall: float
) -> None:
    """Set the share of all pairs that match from rules that find most matches."""
    rows = executor.rows
    possible = rows[0] * (rows[0] - 1) / 2 if len(rows) == 1 else rows[0] * rows[1]
    surely = max(executor.count_pairs(prior_rules), 1)
    body["probability_two_random_records_match"] = min(
        surely / recall / max(possible, 1), 0.5
    )
