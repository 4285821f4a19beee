"""Precision and recall with intervals, from pairs that people judged.

Each stratum's share of matches is a Beta distribution: what was judged, and a little
of what the model expects, so that a stratum where all was right is not taken for
perfect nor for as bad as its size allows. The sums are simulated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from staithe.linkage.sampling import SURE, Stratum
from staithe.linkage.scores import Floats


DRAWS = 10_000
RARE = 0.5  # answers that the rarer one counts for in each group, before any is given
TRUST = 0.8  # what a judgement counts for: people err, and strata are not all of a kind
DOUBT = 20
LEAST = 1e-6  # nothing is impossible, whatever the model says


@dataclass(frozen=True)
class Judged:
    """A stratum with its judgements: how many said match, and how many were given."""

    stratum: Stratum
    matches: int
    given: int


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds that hold with the probability asked for."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """Precision and recall of the links, and the matches on either side."""

    precision: Interval
    recall: Interval
    true_links: Interval
    missed: Interval
    judged: int


def estimate(
    judged: Sequence[Judged],
    *,
    lost: tuple[float, float] = (0.0, 0.0),
    level: float = 0.95,
    seed: int = 1,
) -> Estimate:
    """Return precision and recall of the links from judgements of each stratum.

    `lost` is how many matches no rule proposed, with its standard error.
    """
    rng = np.random.default_rng(seed)
    right, total, beside = np.zeros(DRAWS), 0, np.zeros(DRAWS)
    for each, prior in zip(judged, _priors(judged), strict=True):
        matches = _matches(each, prior, rng)
        if each.stratum.links:
            right += matches
            total += each.stratum.pairs
        else:
            beside += matches
    mean, error = lost
    beside += np.maximum(rng.normal(mean, error, DRAWS), 0) if error else mean
    truth = np.maximum(right + beside, 1e-9)
    no_wrong = all(e.matches == e.given for e in judged if e.stratum.links)
    none_beside = not any(e.matches for e in judged if not e.stratum.links)
    return Estimate(
        _interval(right / max(total, 1), level, may_be_whole=no_wrong),
        _interval(right / truth, level, may_be_whole=none_beside and not mean),
        _interval(right, level),
        _interval(beside, level),
        sum(each.given for each in judged),
    )


def _priors(judged: Sequence[Judged]) -> list[tuple[float, float]]:
    """Return for each stratum what counts as judged before anyone judged.

    The rarer answer of a group (a wrong link, a match that is no link) counts for
    half an answer, spread over its strata as the model expects it: where none was
    given, it may still be there, and sooner where the model doubts.
    """
    found = []
    for each in judged:
        group = [e for e in judged if e.stratum.group == each.stratum.group]
        total = sum(_rare(other) for other in group)
        # The model may be wrong twenty times over about a stratum, and no more.
        most = DOUBT * _rare_chance(each) * each.given
        rare = max(min(RARE * _rare(each) / total, most), LEAST)
        usual = RARE
        found.append((usual, rare) if each.stratum.links else (rare, usual))
    return found


def _rare(each: Judged) -> float:
    return math.sqrt(max(_rare_chance(each), LEAST))


def _rare_chance(each: Judged) -> float:
    expected = each.stratum.expected
    # However sure the model is of its links, it is not taken at its word.
    return max(1 - expected, SURE) if each.stratum.links else expected


def _matches(
    each: Judged, prior: tuple[float, float], rng: np.random.Generator
) -> Floats:
    """Return draws of how many pairs of a stratum are matches."""
    more = TRUST * each.matches + prior[0]
    less = TRUST * (each.given - each.matches) + prior[1]
    unseen = each.stratum.pairs - each.given
    # What was judged is known; only the rest of the stratum is uncertain.
    share = rng.beta(more, less, DRAWS)
    found: Floats = each.matches + rng.binomial(unseen, share).astype(np.float64)
    return found


def _interval(draws: Floats, level: float, *, may_be_whole: bool = False) -> Interval:
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    # Where nothing spoke against it, perfection is not ruled out.
    top = 1.0 if may_be_whole else float(high)
    return Interval(float(draws.mean()), float(low), top)
