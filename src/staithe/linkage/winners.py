"""Learn again from the pairs that won, where a record has one partner at most.

The blocks that training sees are full of families and neighbours, who agree as much as
matches do and outnumber them. Once each record has its best partner, the winners are a
fairer sample: m is how often they agree, each counted by the chance of its being right.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from staithe.linkage.threshold import chances_of_winners
from staithe.linkage.training import SEEN, never_better


if TYPE_CHECKING:
    from staithe.linkage.comparisons import Comparison
    from staithe.linkage.counting import Counter
    from staithe.linkage.decide import Decision
    from staithe.linkage.model import Model
    from staithe.linkage.scores import Floats


# How much oftener winners may differ than training had it.
OFTENER, MORE = 2.0, 0.02
BANDS = 32  # of winners of about one chance, counted together


def each_ones_own(comparison: Comparison, m: Floats, before: Floats) -> Floats:
    """Return m with a bound on how often matches differ in what is each one's own.

    Where partners are few the winners are spouses and brothers, who differ in it.
    """
    most = OFTENER * before[0] + MORE
    if comparison.household == "shared" or m[0] <= most or m[0] >= 1:
        return m
    bounded: Floats = np.r_[most, m[1:] * ((1 - most) / m[1:].sum())]
    return bounded


def learn_again(
    counter: Counter, model: Model, decision: Decision, rows: tuple[int, ...]
) -> Model | None:
    """Return the model with m as the winners of its own decision show it.

    None where records may have many partners, or too few pairs were won and lost.
    """
    single = decision.one_partner
    if len(rows) == 1 or not decision.advice.shown:
        return None
    scores, weight = decision.scores, decision.advice.weight
    found = chances_of_winners(
        scores, decision.eligible, (rows[0], rows[1]), weight, (single[0], single[1])
    )
    every = list(range(len(model.comparisons)))
    sums = [np.full(each.size, SEEN) for each in model.comparisons]
    for places, chance in zip(
        np.array_split(found[0], BANDS), np.array_split(found[1], BANDS), strict=True
    ):
        patterns = counter.given_pairs(scores.left[places], scores.right[places], every)
        counts = patterns.counts * chance.mean()
        for n in every:
            levels = patterns.levels[:, n]
            known = levels >= 0
            size = len(sums[n])
            sums[n] += np.bincount(levels[known], counts[known], minlength=size)
    known_u = model.parameters.u
    m = tuple(
        never_better(
            each_ones_own(comparison, counts / counts.sum(), before),
            u,
            set(np.flatnonzero(counts > SEEN).tolist()),
        )
        for comparison, counts, before, u in zip(
            model.comparisons, sums, model.parameters.m, known_u, strict=True
        )
    )
    learned = replace(model.parameters, m=m)
    return replace(model, parameters=learned, prior=decision.prior)
