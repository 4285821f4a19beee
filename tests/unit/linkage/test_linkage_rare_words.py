"""The rarest words of a text, against plain Python, and what they weigh."""

from __future__ import annotations

from collections import Counter

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.linkage.comparisons import Comparison
from staithe.linkage.counting import agreements
from staithe.linkage.levels import null, same
from staithe.linkage.rare_words import RANKS, add_rare_words, count_words
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import Standardised
from staithe.linkage.training import LEAST_CHANCE, never_better, without_matches


TEXTS = st.lists(
    st.lists(
        st.sampled_from(["ash", "bay", "cliff", "dale", "elm", "fen"]), max_size=4
    ),
    min_size=1,
    max_size=8,
)


def table(con, sides):
    """Make standardised records of lists of words on one or two sides."""
    con.execute(
        "CREATE OR REPLACE TABLE r (rid BIGINT, source_number TINYINT, memo__words VARCHAR[])"
    )
    rows = [
        (side, sorted(set(words)))
        for side, texts in enumerate(sides)
        for words in texts
    ]
    for rid, (side, words) in enumerate(rows, 1):
        con.execute("INSERT INTO r VALUES (?, ?, ?)", [rid, side, words])
    return Standardised("r", tuple(map(len, sides)), {}, {}), rows


def specification(sides):
    kind = "dedupe" if len(sides) == 1 else "link"
    right = None if len(sides) == 1 else "memo"
    return LinkSpecification(kind, (LinkField("text", "memo", right, "memo"),))


@settings(max_examples=60, deadline=None)
@given(left=TEXTS, right=st.none() | TEXTS)
def test_the_rarest_words_are_those_that_plain_python_finds(left, right):
    sides = [left] if right is None else [left, right]
    with duckdb.connect() as con:
        standardised, rows = table(con, sides)
        count_words(con, standardised, specification(sides))
        found = add_rare_words(con, standardised, specification(sides))
        got = con.execute(
            f"SELECT memo{RANKS[0]}, memo{RANKS[1]} FROM r ORDER BY rid"
        ).fetchall()
    count = Counter(word for _, words in rows for word in words)
    where = {w: {side for side, words in rows if w in words} for w in count}
    again = {w for w in count if (count[w] > 1 if right is None else len(where[w]) > 1)}
    for (_, words), ranks in zip(rows, got, strict=True):
        ordered = sorted(again & set(words), key=lambda w: (count[w], w))
        assert list(ranks) == [*ordered, None, None][:2]
    filled = [[g[0] is not None for g, (s, _) in zip(got, rows, strict=True) if s == n]
              for n in range(len(sides))]  # fmt: skip
    assert found.present["memo" + RANKS[0]] == tuple(np.mean(each) for each in filled)


@settings(max_examples=60, deadline=None)
@given(
    left=st.lists(st.none() | st.integers(0, 4), min_size=1, max_size=9),
    right=st.none() | st.lists(st.none() | st.integers(0, 4), min_size=1, max_size=9),
)
def test_agreement_is_the_exact_share_of_pairs_with_both_values(left, right):
    sides = [left] if right is None else [left, right]
    with duckdb.connect() as con:
        con.execute("CREATE TABLE r (source_number TINYINT, code INTEGER)")
        for side, values in enumerate(sides):
            con.executemany("INSERT INTO r VALUES (?, ?)", [(side, v) for v in values])
        records = Standardised("r", tuple(map(len, sides)), {}, {})
        comparison = Comparison("code", (null("code"), same("code")))
        found = agreements(con, records, [comparison])["code"]
    pairs = (
        [(a, b) for n, a in enumerate(left) for b in left[:n]]
        if right is None
        else [(a, b) for a in left for b in right]
    )
    known = [a == b for a, b in pairs if a is not None and b is not None]
    # One pair at least is taken to agree: no weight is without bound.
    expected = max(sum(known), 1) / len(known) if known else 0.0
    assert found == pytest.approx(expected)


def test_matches_are_taken_out_of_chance():
    """A near-unique value: what agrees among random pairs are the matches."""
    by_chance, m, share = np.array([0.999, 0.001]), np.array([0.1, 0.9]), 0.002
    seen = share * m + (1 - share) * by_chance
    (cleared,), (part,) = without_matches([seen], [m], share)
    np.testing.assert_allclose(cleared, by_chance, rtol=1e-12)
    np.testing.assert_allclose(part[1], 0.001 * (1 - share) / seen[1] / (1 - share))
    assert part[0] > 0.99


@given(seen=st.floats(1e-9, 0.5), m=st.floats(0.01, 0.99), share=st.floats(0, 0.4))
def test_chance_is_never_nothing_and_never_more_than_was_seen(seen, m, share):
    u, matches = np.array([1 - seen, seen]), np.array([1 - m, m])
    (cleared,), (part,) = without_matches([u], [matches], share)
    assert (part >= LEAST_CHANCE).all()
    assert (part <= 1).all()
    assert np.isclose(cleared.sum(), 1)


SHARES = st.lists(st.floats(0.001, 1), min_size=5, max_size=5).map(
    lambda values: np.array(values) / sum(values)
)


@given(m=SHARES, u=SHARES, seen=st.sets(st.integers(-1, 4)))
def test_what_was_never_seen_is_no_better_than_what_stands_above_it(m, u, seen):
    found = never_better(m, u, seen)
    weights = found / u
    assert weights[0] <= 1 + 1e-9
    for place in range(4):
        if place not in seen:
            assert weights[place] <= weights[place + 1] * (1 + 1e-9)
    if {1, 2, 3, 4} <= seen:
        assert weights[0] <= 1 + 1e-9
        assert np.isclose(found.sum(), 1)
