"""Decide which scored pairs are links, and which records form one cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from staithe.linkage.clusters import average_clusters, best_partners, components
from staithe.linkage.model import strict_agreements
from staithe.linkage.scores import Flags, Ints, Scores
from staithe.linkage.specification import LinkSettings, LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.linkage.threshold import (
    Advice,
    against_losers,
    expected_best,
    refit_prior,
)
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


# A file with fewer repeated people than this holds each person once.
FEW_REPEATS = 0.02


@dataclass(frozen=True)
class Decision:
    """Links and clusters of a run.

    `scores` are all scored pairs with the final prior; `eligible` flags those that
    may be links at some threshold (best partners, where each has one), `accepted`
    those that are; `clusters` holds for each record number the least one it is with
    (index 0 is unused); `shift` was added to the scores of the model.
    """

    scores: Scores
    eligible: Flags
    accepted: Flags
    clusters: Ints
    advice: Advice
    threshold: float
    prior: float
    one_partner: tuple[bool, ...]
    shift: float

    def unscored_pairs(self, rows: int) -> tuple[Ints, Ints]:
        """Return pairs of one cluster that no rule proposed, for files of `rows`.

        `rows` is the number of records on the left of a link; 0 for a dedupe.
        """
        return missing_pairs(self.scores, self.clusters, rows)


def holds_each_once(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
) -> tuple[bool, bool]:
    """Say for the left and right file whether it holds each person only once.

    Counts records that agree with another of the same file on what is almost surely
    one person; the least count over several such agreements is the fairest, because
    each alone is also met by chance.
    """
    found = []
    for side in (0, 1):
        shares = [1.0]
        for columns in strict_agreements(specification, standardised):
            keys = ", ".join(map(quote, columns))
            filled = " AND ".join(f"{quote(c)} IS NOT NULL" for c in columns)
            row = con.execute(
                "SELECT 1 - count(*) / greatest(sum(n), 1) FROM (SELECT count(*) AS n"
                f" FROM {standardised.table} WHERE source_number = {side}"
                f" AND {filled} GROUP BY {keys})"
            ).fetchall()[0]
            shares.append(float(row[0]))
        found.append(min(shares) <= FEW_REPEATS)
    return found[0], found[1]


def decide(
    scores: Scores,
    rows: tuple[int, ...],
    *,
    prior: float,
    settings: LinkSettings,
    each_once: tuple[bool, bool] | None,
) -> Decision:
    """Choose threshold, links and clusters from the scores of all candidate pairs.

    `each_once` says whether the left and the right file hold each person once; None
    for a dedupe.
    """
    if each_once is None:
        return _decide_dedupe(scores, rows[0], prior=prior, settings=settings)
    # A left record has one partner at most where the right file repeats nobody.
    single_left, single_right = each_once[1], each_once[0]
    kept = np.ones(len(scores), dtype=bool)
    if single_left or single_right:
        kept = best_partners(scores, single_left=single_left, single_right=single_right)
    possible = float(rows[0] * rows[1])
    shift = refit_prior(scores.weight[kept], prior, possible)
    scores = scores.shifted(shift)
    advice = expected_best(scores.weight[kept])
    if single_left or single_right:
        single = (single_left, single_right)
        advice = against_losers(scores, kept, (rows[0], rows[1]), advice, single=single)
    threshold = _asked(settings, advice)
    accepted = kept & (scores.weight >= threshold)
    total = sum(rows) + 1
    if single_left or single_right:
        clusters = components(scores.where(accepted), total)
    else:
        clusters = average_clusters(scores, total, least=threshold)
        accepted = clusters[scores.left] == clusters[scores.right]
    return Decision(
        scores,
        kept,
        accepted,
        clusters,
        advice,
        threshold,
        _moved(prior, shift),
        (single_left, single_right),
        shift,
    )


def cluster_again(
    scores: Scores, records: int, *, threshold: float, one_partner: tuple[bool, ...]
) -> tuple[Flags, Ints]:
    """Return which pairs are links and each record's cluster, the threshold known.

    The same as a decision makes of the same pairs; `records` counts from 0.
    """
    if not any(one_partner):
        clusters = average_clusters(scores, records, least=threshold)
        return clusters[scores.left] == clusters[scores.right], clusters
    left, right = one_partner
    kept = best_partners(scores, single_left=left, single_right=right)
    accepted = kept & (scores.weight >= threshold)
    return accepted, components(scores.where(accepted), records)


def _decide_dedupe(
    scores: Scores, rows: int, *, prior: float, settings: LinkSettings
) -> Decision:
    shift = refit_prior(scores.weight, prior, max(rows * (rows - 1) / 2, 1.0))
    scores = scores.shifted(shift)
    advice = Advice(
        0.0,
        "records are joined while the average evidence between their groups is for it",
        None,
        None,
    )
    threshold = _asked(settings, advice)
    clusters = average_clusters(scores, rows + 1, least=threshold)
    accepted = clusters[scores.left] == clusters[scores.right]
    return Decision(
        scores,
        np.ones(len(scores), dtype=bool),
        accepted,
        clusters,
        advice,
        threshold,
        _moved(prior, shift),
        (False,),
        shift,
    )


def _asked(settings: LinkSettings, advice: Advice) -> float:
    if settings.threshold == "advised":
        return advice.weight
    chance = float(settings.threshold)
    return math.log2(chance / (1 - chance))


def _moved(prior: float, shift: float) -> float:
    odds: float = prior / (1 - prior) * 2.0**shift
    return odds / (1 + odds)


def missing_pairs(scores: Scores, clusters: Ints, left_rows: int) -> tuple[Ints, Ints]:
    """Return the pairs of one cluster that are not among those scored."""
    order = np.argsort(clusters, kind="stable")
    label = clusters[order]
    starts = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])
    sizes = np.diff(np.r_[starts, len(label)])
    lefts, rights = [], []
    for size in np.unique(sizes[sizes > 1]):
        members = order[starts[sizes == size][:, None] + np.arange(size)]
        first, second = np.triu_indices(size, 1)
        lefts.append(members[:, first].ravel())
        rights.append(members[:, second].ravel())
    if not lefts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    left, right = np.minimum(left, right), np.maximum(left, right)
    if left_rows:
        across = (left <= left_rows) & (right > left_rows)
        left, right = left[across], right[across]
    width = np.int64(len(clusters))
    known = np.isin(left * width + right, scores.left * width + scores.right)
    return left[~known], right[~known]
