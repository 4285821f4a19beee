"""Pairs to judge: drawn fairly, settled plainly, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.linkage.intervals import Judged, estimate
from staithe.linkage.judgements import (
    Judgement,
    agreement,
    read_judgements,
    settle,
)
from staithe.linkage.sampling import draw_sample
from staithe.linkage.scores import Scores


def scores_of(weight):
    nothing = np.zeros(len(weight), np.int64)
    return Scores(nothing, nothing, np.asarray(weight, np.float64))


@given(
    st.lists(st.floats(-60, 60), min_size=1, max_size=80),
    st.randoms(),
    st.integers(1, 60),
)
def test_a_sample_is_strata_that_hold_every_pair_once(weight, random, size):
    links = np.array([random.random() < 0.5 for _ in weight])
    eligible = links | np.array([random.random() < 0.5 for _ in weight])
    strata = draw_sample(scores_of(weight), links, eligible, size=size, seed=1)
    assert sum(each.pairs for each in strata) == len(weight)
    places = np.concatenate([each.places for each in strata])
    assert len(set(places.tolist())) == len(places) == min(size, len(weight))
    for each in strata:
        inside = np.asarray(weight)[each.places]
        assert (links[each.places] == each.links).all()
        assert ((inside >= each.lowest) & (inside <= each.highest)).all()


def world(seed, *, wrong):
    """Return scores, links and truth: a model that is sure of itself, and errs more."""
    rng = np.random.default_rng(seed)
    true = rng.random(60_000) < 0.2
    weight = rng.normal(np.where(true, 14, -14), 7)
    weight = np.where(rng.random(60_000) < wrong, -weight / 3, weight)
    links = weight > 1
    return scores_of(weight), links, true


@pytest.mark.parametrize("wrong", [0.0, 0.01, 0.02])
def test_intervals_hold_the_truth_in_nine_runs_of_ten_and_are_narrow(wrong):
    scores, links, true = world(3, wrong=wrong)
    precision = true[links].mean()
    recall = true[links].sum() / true.sum()
    held, widths = [], []
    for seed in range(40):
        strata = draw_sample(
            scores, links, np.ones(len(links), bool), size=1200, seed=seed
        )
        found = estimate(
            [
                Judged(each, int(true[each.places].sum()), len(each.places))
                for each in strata
            ],
            seed=seed,
        )
        for interval, truth in ((found.precision, precision), (found.recall, recall)):
            held.append(interval.low <= truth <= interval.high)
            widths.append(interval.high - interval.low)
        assert found.judged == 1200
    assert np.mean(held) >= 0.9
    assert np.mean(widths) <= 0.04


def test_perfection_is_not_ruled_out_where_nothing_spoke_against_it():
    scores = scores_of([20.0] * 500 + [-20.0] * 500)
    links = scores.weight > 0
    strata = draw_sample(scores, links, np.ones(1000, bool), size=100, seed=1)
    judged = [
        Judged(each, len(each.places) if each.links else 0, len(each.places))
        for each in strata
    ]
    found = estimate(judged)
    assert found.precision.high == found.recall.high == 1.0
    assert found.precision.low < 1.0
    assert estimate(judged, lost=(50.0, 5.0)).recall.high < 0.95


def test_what_blocking_lost_lowers_recall_and_nothing_else():
    scores, links, true = world(5, wrong=0.01)
    strata = draw_sample(scores, links, np.ones(len(links), bool), size=600, seed=1)
    judged = [
        Judged(each, int(true[each.places].sum()), len(each.places)) for each in strata
    ]
    plain, less = estimate(judged), estimate(judged, lost=(1000.0, 100.0))
    assert less.recall.estimate < plain.recall.estimate - 0.05
    assert less.precision == plain.precision


def said(*answers):
    return [Judgement("a", "b", answer, str(n)) for n, answer in enumerate(answers)]


@pytest.mark.parametrize(
    ("answers", "settled"),
    [
        (["match"], "match"),
        (["match", "match", "no match"], "match"),
        (["match", "no match"], "cannot tell"),
        (["cannot tell", "no match", "no match"], "no match"),
    ],
)
def test_most_voices_settle_a_pair_and_a_draw_settles_none(answers, settled):
    assert settle(said(*answers)) == {("a", "b"): settled}


def test_kappa_is_that_of_a_worked_example():
    """Cohen 1960: 20 yes-yes, 5 and 10 split, 15 no-no give about .4."""
    table = [("match", "match")] * 20 + [("match", "no match")] * 5
    table += [("no match", "match")] * 10 + [("no match", "no match")] * 15
    given_ = [
        Judgement(str(n), "x", answer, who)
        for n, answers in enumerate(table)
        for who, answer in zip("ab", answers, strict=True)
    ]
    found = agreement(given_)
    assert found.pairs == 50
    assert found.agreed == pytest.approx(0.7)
    # Both people's answers together: 55 of 100 say match.
    assert found.kappa == pytest.approx((0.7 - 0.505) / (1 - 0.505))


def test_one_person_alone_agrees_with_nobody():
    assert agreement(said("match")).kappa is None
    assert agreement(said("match", "match")).kappa == 1.0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("left_id,answer\na,match\n", "no column right_id"),
        ("left_id,right_id,answer\na,b,yes\n", "Line 2"),
    ],
)
def test_judgements_that_cannot_be_read_are_refused(tmp_path, text, sentence):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=sentence):
        read_judgements(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        read_judgements(path)


def test_rows_without_an_answer_wait(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("left_id,right_id,answer\na,b, Match \nc,d,\n")
    assert read_judgements(path) == [Judgement("a", "b", "match")]
