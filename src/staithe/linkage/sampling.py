"""Draw the pairs that people should judge, so that few judgements say much.

Links and the pairs beside them are sampled apart, each cut into strata of score. The
cuts put equal amounts of doubt into every stratum (Dalenius and Hodges 1959: the sum of
the standard deviations that the model expects), and each gives the same number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from staithe.linkage.scores import Flags, Floats, Ints, Scores, probability


STRATA = 8  # of links, and as many of pairs that are no links
FAR = 1000  # tenths of a weight
SURE = 0.0005  # no pair is taken to be surer than this, whatever the model says


@dataclass(frozen=True)
class Stratum:
    """A band of scores of links, or of other pairs, with what was drawn from it.

    `places` are places in the scores that were sampled; `expected` is the share of
    matches that the model expects.
    """

    links: bool
    group: str
    lowest: float
    highest: float
    pairs: int
    expected: float
    places: Ints


def draw_sample(
    scores: Scores, links: Flags, eligible: Flags, *, size: int, seed: int
) -> tuple[Stratum, ...]:
    """Draw about `size` pairs, or all where there are fewer.

    Links, pairs that a lower threshold would accept, and pairs that lost to a better
    partner are sampled apart: the model is wrong about each in its own way.
    """
    rng = np.random.default_rng(seed)
    groups = [
        ("links", np.flatnonzero(links)),
        ("below the threshold", np.flatnonzero(~links & eligible)),
        ("another partner fits better", np.flatnonzero(~links & ~eligible)),
    ]
    bands = [
        (name, band)
        for name, group in groups
        if len(group)
        for band in _cut(scores.weight, group)
    ]
    wanted = share_out([len(band) for _, band in bands], size)
    strata = []
    for (name, band), count in zip(bands, wanted, strict=True):
        weight = scores.weight[band]
        strata.append(
            Stratum(
                name == "links",
                name,
                float(weight.min()),
                float(weight.max()),
                len(band),
                float(probability(weight).mean()),
                np.sort(rng.choice(band, count, replace=False)),
            )
        )
    return tuple(strata)


def _cut(weight: Floats, group: Ints) -> list[Ints]:
    """Cut a group of pairs into bands of score of equal doubt, no band empty."""
    # Counted in tenths of a weight: sorting millions of pairs would take seconds.
    tenths = np.clip(np.rint(-10 * weight[group]), -FAR, FAR).astype(np.int64) + FAR
    counts = np.bincount(tenths, minlength=2 * FAR + 1)
    chance = np.clip(probability(np.arange(FAR, -FAR - 1, -1) / 10.0), SURE, 1 - SURE)
    doubt = np.cumsum(counts * np.sqrt(chance * (1 - chance)))
    edges = doubt[-1] * np.arange(1, STRATA) / STRATA
    band = np.searchsorted(edges, doubt - doubt[-1] * 1e-9)[tenths]
    return [group[band == number] for number in np.unique(band)]


def share_out(sizes: list[int], total: int) -> list[int]:
    """Share a number out equally, nobody over their size; what is left goes on."""
    given = [0] * len(sizes)
    left = min(total, sum(sizes))
    while left:
        open_ = [n for n, size in enumerate(sizes) if given[n] < size]
        each = max(left // len(open_), 1)
        for n in open_[:left]:
            more = min(each, sizes[n] - given[n], left)
            given[n] += more
            left -= more
    return given


@dataclass(frozen=True)
class Universe:
    """Every pair that can be judged: all links, found through others too, and the rest."""

    scores: Scores
    links: Flags
    eligible: Flags


def universe_of(
    links: Scores, scores: Scores, accepted: Flags, eligible: Flags
) -> Universe:
    """Return the links, and beside them the scored pairs that are none."""
    rest = scores.where(~accepted)
    return Universe(
        Scores(
            np.r_[links.left, rest.left],
            np.r_[links.right, rest.right],
            np.r_[links.weight, rest.weight],
        ),
        np.r_[np.ones(len(links), bool), np.zeros(len(rest), bool)],
        np.r_[np.ones(len(links), bool), eligible[~accepted]],
    )
