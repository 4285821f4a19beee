"""Clusters, one-to-one links and pairs against brute-force oracles."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.linkage.clusters import average_clusters, best_partners, components
from staithe.linkage.decide import missing_pairs
from staithe.linkage.scores import Scores, probability


RECORDS = 9


@st.composite
def dedupe_scores(draw):
    """Draw distinct pairs of records 1..8 with weights that are halves."""
    pairs = list(itertools.combinations(range(1, RECORDS), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14))
    weights = [draw(st.integers(-16, 24)) / 2 for _ in chosen]
    return make(sorted(zip(chosen, weights, strict=True)))


@st.composite
def link_scores(draw):
    """Draw pairs of left records 1..4 and right records 5..8."""
    pairs = list(itertools.product(range(1, 5), range(5, RECORDS)))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    weights = [draw(st.integers(-16, 24)) / 2 for _ in chosen]
    return make(sorted(zip(chosen, weights, strict=True)))


def make(items):
    return Scores(
        np.array([a for (a, _), _ in items], dtype=np.int64),
        np.array([b for (_, b), _ in items], dtype=np.int64),
        np.array([w for _, w in items], dtype=np.float64),
    )


def pairs_of(scores):
    return list(
        zip(
            scores.left.tolist(),
            scores.right.tolist(),
            scores.weight.tolist(),
            strict=True,
        )
    )


@settings(deadline=None)
@given(dedupe_scores())
def test_components_are_those_of_a_walk(scores):
    label = components(scores, RECORDS)
    reach = {n: {n} for n in range(RECORDS)}
    for _ in range(RECORDS):
        for a, b, _w in pairs_of(scores):
            both = reach[a] | reach[b]
            for n in both:
                reach[n] = reach[n] | both
    assert label.tolist() == [min(reach[n]) for n in range(RECORDS)]


@settings(deadline=None)
@given(link_scores(), st.booleans(), st.booleans())
def test_best_partners_are_those_taken_one_by_one(scores, single_left, single_right):
    kept = best_partners(scores, single_left=single_left, single_right=single_right)
    left, right, expected = set(), set(), set()
    for a, b, _w in sorted(pairs_of(scores), key=lambda p: (-p[2], p[0], p[1])):
        if (single_left and a in left) or (single_right and b in right):
            continue
        left.add(a)
        right.add(b)
        expected.add((a, b))
    found = {(a, b) for a, b, _w in pairs_of(scores.where(kept))}
    assert found == expected


def slow_average(scores, least):
    """Average linkage the plain way: look at every pair of groups, join the best."""
    weight = {(a, b): np.clip(w - least, -6, 10) for a, b, w in pairs_of(scores)}
    linked = components(scores.where(scores.weight > least), RECORDS)
    groups = [{n} for n in range(RECORDS)]

    def average(one, two):
        found = [weight.get((min(a, b), max(a, b)), -1.0) for a in one for b in two]
        return sum(found) / len(found)

    while True:
        best = max(
            (
                (average(one, two), -min(one | two), one, two)
                for one, two in itertools.combinations(groups, 2)
                if linked[min(one)] == linked[min(two)]
                and any((min(a, b), max(a, b)) in weight for a in one for b in two)
            ),
            key=lambda each: each[0],
            default=(0.0, 0, set(), set()),
        )
        if best[0] <= 1e-9:
            return groups
        groups = [g for g in groups if g not in (best[2], best[3])]
        groups.append(best[2] | best[3])


@settings(deadline=None)
@given(dedupe_scores())
def test_groups_are_those_of_average_linkage_done_the_plain_way(scores):
    # No two averages are equal, so there is one right answer.
    shift = np.sqrt(np.arange(2, len(scores) + 2)) / 7
    scores = Scores(scores.left, scores.right, scores.weight * 0.3 + shift)
    label = average_clusters(scores, RECORDS)
    groups = {tuple(np.flatnonzero(label == n)) for n in set(label.tolist())}
    assert groups == {tuple(sorted(g)) for g in slow_average(scores, 0.0)}
    assert all(label[n] == min(group) for group in groups for n in group)


def test_one_bad_link_does_not_join_two_people():
    """Chaining would make one group of six; the evidence against is heard."""
    items = [((a, b), 8.0) for a, b in itertools.combinations((1, 2, 3), 2)]
    items += [((a, b), 8.0) for a, b in itertools.combinations((4, 5, 6), 2)]
    items += [((a, b), -4.0) for a in (1, 2) for b in (4, 5, 6)]
    items += [((3, 4), 6.0), ((3, 5), -4.0), ((3, 6), -4.0)]
    scores = make(sorted(items))
    label = average_clusters(scores, 7)
    assert label.tolist() == [0, 1, 1, 1, 4, 4, 4]
    assert components(scores.where(scores.weight > 0), 7).tolist() == [0] + [1] * 6


@settings(deadline=None)
@given(dedupe_scores())
def testmissing_pairs_are_those_within_clusters_and_not_scored(scores):
    label = average_clusters(scores, RECORDS)
    left, right = missing_pairs(scores, label, 0)
    known = {(a, b) for a, b, _w in pairs_of(scores)}
    expected = {
        (a, b)
        for a, b in itertools.combinations(range(RECORDS), 2)
        if label[a] == label[b] and (a, b) not in known
    }
    assert set(zip(left.tolist(), right.tolist(), strict=True)) == expected


def test_no_pairs_leave_every_record_alone():
    none = Scores.none()
    assert average_clusters(none, 4).tolist() == [0, 1, 2, 3]
    assert not best_partners(none).any()


@pytest.mark.parametrize(
    ("weight", "chance"), [(0.0, 0.5), (1.0, 2 / 3), (-2000.0, 0.0), (2000.0, 1.0)]
)
def test_weights_are_log_odds(weight, chance):
    assert probability(np.array([weight]))[0] == pytest.approx(chance)
