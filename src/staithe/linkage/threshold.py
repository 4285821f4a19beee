"""Advise from which score on a pair should be accepted, without labels.

A fixed probability of 0.95 loses half the matches of dirty files and accepts whole
households in others, because the model's probabilities are not calibrated. Two
corrections, both from the run itself:

* the prior is estimated again from the scores of all candidate pairs;
* where a record can have one partner only, the pairs that lose to a better partner
  are surely wrong, and show how wrong pairs score. The share of wrong pairs among
  those kept follows from how many records have no partner at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from staithe.linkage.clusters import among, best_partners
from staithe.linkage.scores import Flags, Floats, Ints, Scores, probability


ROUNDS = 200
# However few matches there seem to be, a pair this unlikely is not offered as a link:
# weight -2 is one chance in five.
LEAST = -2.0
# Where fewer records of the smaller file match, losers are too few to be scaled up by
# more than this.
FEW_MATCH, MOST_ALONE, ROUNDS_THIN = 0.05, 10.0, 20
# Fewer links or losing pairs show nothing.
MANY = 100
# With so many matches winners may teach; where they are so much of the smaller file as
# well, a threshold may be lower than the model's own advice, down to this.
MANY_MATCHES, MANY_OF_FILE, LEAST_SHOWN = 500, 0.2, -8.0
# The least share of records drawn as being alone; pairs to draw, and how often at most.
LEAST_ALONE = 0.01
ENOUGH_DRAWN, MOST_DRAWS = 50_000, 100
# The share of losing pairs that weigh more than what is taken for surely right at first.
HARDLY_ANY = 0.001
# Of F1: so far from the best is as good.
FLAT = 0.001
# A file in which nothing matched may get matches later: the prior is never nought.
LEAST_EXPECTED = 0.5


@dataclass(frozen=True)
class Advice:
    """The least weight to accept, how it was found, and what it should give.

    `shown` says whether winners and losing pairs enough showed it.
    """

    weight: float
    method: str
    precision: float | None
    recall: float | None
    shown: bool = False


def refit_prior(weight: Floats, prior: float, possible: float) -> float:
    """Return the weight to add so that expected matches and the prior agree.

    One-parameter expectation maximisation over all candidate pairs; `possible` is
    the number of pairs there could be.
    """
    start = math.log2(prior / (1 - prior))
    shift = 0.0
    for _ in range(ROUNDS):
        expected = float(probability(weight + shift).sum())
        share = min(max(expected, LEAST_EXPECTED) / possible, 0.999)
        updated = math.log2(share / (1 - share)) - start
        if abs(updated - shift) < 1e-6:  # noqa: PLR2004  far below what matters
            break
        shift = updated
    return shift


def expected_best(weight: Floats) -> Advice:
    """Return the threshold with the best F1 that the model itself expects."""
    if not len(weight):
        return Advice(0.0, "no pairs", None, None)
    ordered = np.sort(weight)[::-1]
    chance = probability(ordered)
    total = chance.sum()
    gained = np.cumsum(chance)
    count = np.arange(1, len(ordered) + 1)
    best = int((2 * gained / (count + total)).argmax())
    best = max(min(best, int((ordered >= LEAST).sum()) - 1), 0)
    return Advice(
        max(float(ordered[best]), LEAST),
        "the model's own probabilities, with the prior estimated again",
        float(gained[best] / count[best]),
        float(gained[best] / total) if total else None,
    )


def against_losers(
    scores: Scores,
    kept: Flags,
    rows: tuple[int, int],
    start: Advice,
    *,
    single: tuple[bool, bool] = (True, True),
) -> Advice:
    """Return the threshold with the best F1 that losing pairs let expect.

    `kept` flags the pairs that are best for those records, left or right, that have one
    partner at most (`single`); `start` is the advice without losers.
    """
    winners = np.sort(scores.weight[kept])[::-1]
    if not len(winners):
        return start
    count = np.arange(1, len(winners) + 1)
    threshold, advice = max(start.weight, _above_losers(scores.weight[~kept])), start
    contest = _Contest(scores, kept, rows, single)
    thin = not _judge(contest, winners, threshold).shown
    matches = None
    for _ in range(5):
        found = _judge(contest, winners, threshold, thin=thin, matches=matches)
        gain = 2 * found.right / (count + max(found.matches, 1))
        # Of thresholds that promise as much, the middle one: it moves least.
        flat = np.flatnonzero(gain >= gain.max() - FLAT)
        middle = min(float(winners[flat].mean()), float(winners[flat[0]]))
        shown = found.shown and found.matches >= MANY_MATCHES
        lower = shown and found.matches >= MANY_OF_FILE * min(rows)
        weight = max(middle, LEAST_SHOWN if lower else start.weight)
        best = max(int((winners >= weight).sum()) - 1, 0)
        advice = Advice(
            weight,
            "pairs that lose to a better partner show how wrong pairs score",
            float(found.right[best] / count[best]),
            float(found.right[best] / max(found.matches, 1)),
            shown,
        )
        if advice.weight == threshold:
            break
        matches = None if thin else float(found.right[best])
        threshold = advice.weight
    return advice


def _above_losers(losers: Floats) -> float:
    """Return a weight that hardly any losing pair has: who wins by it is surely right.

    To start from all that win would bear itself out: were they right, nobody would be
    alone, and no pair could have won wrongly.
    """
    return float(np.quantile(losers, 1 - HARDLY_ANY)) if len(losers) else -math.inf


def chances_of_winners(
    scores: Scores,
    kept: Flags,
    rows: tuple[int, int],
    threshold: float,
    single: tuple[bool, bool],
) -> tuple[Ints, Floats]:
    """Return the places of the pairs kept, best first, and the chance of each."""
    places = np.flatnonzero(kept)
    places = places[np.argsort(-scores.weight[places], kind="stable")]
    contest = _Contest(scores, kept, rows, single)
    found = _judge(contest, scores.weight[places], threshold)
    return places, np.diff(np.r_[0.0, found.right])


class _Contest(NamedTuple):
    """Scored pairs, those kept as best, the sizes of the files, and who has one partner."""

    scores: Scores
    kept: Flags
    rows: tuple[int, int]
    single: tuple[bool, bool]


class _Judged(NamedTuple):
    """How many of the best winners are right, so many matches in all.

    `shown` says whether there were winners and losers enough to tell.
    """

    right: Floats
    matches: float
    shown: bool


def _judge(
    contest: _Contest,
    winners: Floats,
    threshold: float,
    *,
    thin: bool = False,
    matches: float | None = None,
) -> _Judged:
    """Judge the winners (weights, best first) by the losers of those over a threshold.

    `matches` is how many there are as far as is known: those over it, unless given.
    """
    rows, single = contest.rows, contest.single
    if matches is None:
        matches = float((winners >= threshold).sum())
    losing = _losing(contest, threshold)
    wrong, chance = wrong_winners(losing, _alone(matches, rows, single), single)
    above = _at_least(wrong, winners) / chance
    # What few losers show may as well be more by a standard error.
    sure = _right(above + np.sqrt(above) + 1, matches, rows, single)
    enough = (winners >= LEAST).sum() >= MANY and len(losing) >= MANY
    if thin or not enough or sure[-1] < FEW_MATCH * min(rows):
        every = _at_least(np.sort(losing.weight), winners)
        guess = _right(
            every, matches, rows, single, most=MOST_ALONE, rounds=ROUNDS_THIN
        )
        return _Judged(guess, float(guess[-1]), shown=False)
    return _Judged(sure, float(sure[-1]), shown=True)


def _at_least(weights: Floats, winners: Floats) -> Floats:
    """Return how many of the sorted weights are at least each winner's."""
    found = len(weights) - np.searchsorted(weights, winners, side="left")
    return found.astype(np.float64)


def _right(
    above: Floats,
    matches: float,
    rows: tuple[int, int],
    single: tuple[bool, bool],
    *,
    most: float = math.inf,
    rounds: int = 1,
) -> Floats:
    """Return how many of the best winners are right, for each number of them.

    `above` are the losers that would have beaten each; so many times as many records
    are alone as have a partner, so many wrong winners there are, `most` times at most.
    """
    count = np.arange(1, len(above) + 1)
    right = count.astype(np.float64)
    for _ in range(rounds):
        alone = math.prod(_alone(matches, rows, single))
        ratio = min(alone / max(1 - alone, 1e-9), most)
        right = np.maximum.accumulate(np.maximum(count - ratio * above, 0))
        matches = float(right[-1])
    return right


def _alone(
    matches: float, rows: tuple[int, int], single: tuple[bool, bool]
) -> tuple[float, float]:
    """Return for each side the share of records without a partner, 1 where any may be."""
    left, right = (
        1 - min(matches / size, 1) if once else 1.0
        for size, once in zip(rows, single, strict=True)
    )
    return left, right


def _losing(contest: _Contest, threshold: float) -> Scores:
    """Return the pairs whose records are surely with someone else."""
    scores, kept, _, single = contest
    sure = kept & (scores.weight >= threshold)
    taken = np.zeros(len(scores), dtype=bool)
    for side, once in zip((scores.left, scores.right), single, strict=True):
        if once:
            taken |= among(side, side[sure])
    return scores.where(~kept & taken)


def wrong_winners(
    losing: Scores, alone: tuple[float, float], single: tuple[bool, bool]
) -> tuple[Floats, float]:
    """Return how losing pairs would score as winners, and for what share of them.

    Takes the partners away from as many records, at random, as have none (`alone`, by
    side), and lets the pairs that are then left win against each other: of fifteen
    neighbours one at most is taken for the house that is missing.
    """
    shares = [max(each, LEAST_ALONE) for each in alone]
    chance = math.prod(shares)
    dice = np.random.default_rng(1)
    draws = int(np.clip(ENOUGH_DRAWN / max(chance * len(losing), 1), 1, MOST_DRAWS))
    found = []
    for _ in range(draws):
        drawn = np.ones(len(losing), dtype=bool)
        for side, share in zip((losing.left, losing.right), shares, strict=True):
            if share < 1 and len(losing):
                drawn &= (dice.random(int(side.max()) + 1) < share)[side]
        left = losing.where(drawn)
        won = best_partners(left, single_left=single[0], single_right=single[1])
        found.append(left.weight[won])
    return np.sort(np.concatenate(found)), draws * chance
