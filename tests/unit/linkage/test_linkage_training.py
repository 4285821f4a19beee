"""Training finds the model that made the data, and the threshold that suits it."""

from __future__ import annotations

import itertools

import duckdb
import numpy as np
import pytest

from staithe.linkage.blocking import (
    Budget,
    ChosenRule,
    Rule,
    Size,
    add_keys,
    choose_rules,
)
from staithe.linkage.clusters import best_partners
from staithe.linkage.comparisons import Comparison
from staithe.linkage.counting import Patterns, count_patterns, random_pairs_sql
from staithe.linkage.decide import decide
from staithe.linkage.levels import Level, null, same
from staithe.linkage.model import Model
from staithe.linkage.scores import Scores
from staithe.linkage.scoring import DuckDBScorer
from staithe.linkage.specification import LinkSettings
from staithe.linkage.standardise import Standardised
from staithe.linkage.threshold import (
    Advice,
    against_losers,
    expected_best,
    refit_prior,
    wrong_winners,
)
from staithe.linkage.training import (
    LEAST_SHARE,
    MOST_SHARE,
    Parameters,
    estimate_m,
    estimate_u,
    first_share,
)


M = (np.array([0.05, 0.15, 0.8]), np.array([0.1, 0.9]), np.array([0.2, 0.8]))
U = (np.array([0.90, 0.09, 0.01]), np.array([0.95, 0.05]), np.array([0.8, 0.2]))


def exact_patterns(share, total=1e6):
    """Return the patterns a model with these shares gives, without noise."""
    levels, counts = [], []
    for combination in itertools.product(range(3), range(2), range(2)):
        m = np.prod([M[n][level] for n, level in enumerate(combination)])
        u = np.prod([U[n][level] for n, level in enumerate(combination)])
        levels.append(combination)
        counts.append(total * (share * m + (1 - share) * u))
    return Patterns(np.array(levels), np.array(counts))


@pytest.mark.parametrize("share", [0.05, 0.3, 0.8])
def test_expectation_maximisation_recovers_the_model(share):
    m, settled = estimate_m(exact_patterns(share), U)
    assert settled
    for found, true in zip(m, M, strict=True):
        assert found == pytest.approx(true, abs=0.01)


def test_u_is_the_share_of_each_level_among_random_pairs():
    u = estimate_u(exact_patterns(0.0), [3, 2, 2])
    for found, true in zip(u, U, strict=True):
        assert found == pytest.approx(true, abs=1e-5)


def test_a_level_that_was_never_seen_keeps_a_small_weight():
    patterns = Patterns(np.array([[0], [2], [-1]]), np.array([50.0, 50.0, 10.0]))
    (u,) = estimate_u(patterns, [3])
    assert 0 < u[1] < 0.01
    assert u.sum() == pytest.approx(1)


def test_random_pairs_are_fixed_by_the_seed_and_never_a_record_with_itself():
    sql = random_pairs_sql((10,), 500, 7)
    first = duckdb.sql(sql).fetchall()
    assert first == duckdb.sql(sql).fetchall()
    assert first != duckdb.sql(random_pairs_sql((10,), 500, 8)).fetchall()
    assert all(a != b and min(a, b) >= 1 and max(a, b) <= 10 for a, b in first)


def test_random_pairs_of_two_files_cross_them():
    found = duckdb.sql(random_pairs_sql((4, 3), 300, 1)).fetchall()
    assert {a for a, _ in found} == {1, 2, 3, 4}
    assert {b for _, b in found} == {5, 6, 7}


@pytest.fixture
def records():
    """Give a small table of records and what it holds."""
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE records AS SELECT row_number() OVER () AS rid, * FROM (VALUES"
            " (0::TINYINT, 'ann', 'x'), (0, 'bob', 'x'), (0, NULL, 'y'),"
            " (1, 'ann', 'x'), (1, 'anna', 'y'), (1, 'bob', NULL))"
            " t(source_number, forename, place)"
        )
        present = {"forename": (0.6, 1.0), "place": (1.0, 0.6)}
        yield con, Standardised("records", (3, 3), present, {})


FORENAME = Comparison(
    "forename",
    (
        null("forename"),
        same("forename"),
        Level("close", 'jaro_winkler_similarity("forename_l", "forename_r") >= 0.9'),
    ),
)
PLACE = Comparison("place", (null("place"), same("place", tf=False)))


def test_splink_gives_each_pair_the_sum_of_its_weights(records):
    """The score is log2 of prior odds and m/u of each level, frequency adjusted."""
    con, standardised = records
    m = (np.array([0.1, 0.2, 0.7]), np.array([0.3, 0.7]))
    u = (np.array([0.9, 0.05, 0.05]), np.array([0.6, 0.4]))
    rules = [Rule("all", ("source_number >= 0",), ())]
    chosen = [ChosenRule("all", "k__1", Size(9, 9, 9, 0))]
    add_keys(con, standardised, rules, chosen, dedupe=False)
    parameters = Parameters(m, u, ())
    model = Model((FORENAME, PLACE), parameters, tuple(chosen), 0.1, dedupe=False)
    scores = DuckDBScorer(con, standardised, model).predict()
    rows = con.execute("SELECT rid, forename, place FROM records").fetchall()
    people = {rid: (name, place) for rid, name, place in rows}
    filled = [name for name, _ in people.values() if name]
    assert len(scores) == 9
    for left, right, weight in zip(
        scores.left, scores.right, scores.weight, strict=True
    ):
        (a, p), (b, q) = people[left], people[right]
        expected = np.log2(0.1 / 0.9)
        if a and b and a == b:
            expected += np.log2(0.7 / (filled.count(a) / len(filled)))
        elif a and b:
            near = {a, b} == {"ann", "anna"}
            expected += np.log2(0.2 / 0.05) if near else np.log2(0.1 / 0.9)
        if p and q:
            expected += np.log2(0.7 / 0.4) if p == q else np.log2(0.3 / 0.6)
        assert weight == pytest.approx(expected)


def test_patterns_count_every_pair_once(records):
    con, _ = records
    patterns = count_patterns(
        con,
        [FORENAME, PLACE],
        table="records",
        pairs_sql="SELECT a.rid AS a, b.rid AS b FROM records a, records b"
        " WHERE a.source_number = 0 AND b.source_number = 1",
    )
    found = {
        tuple(row): n
        for row, n in zip(patterns.levels.tolist(), patterns.counts, strict=True)
    }
    assert sum(found.values()) == 9
    assert found[(2, 1)] == 1  # ann and ann, both at x
    assert found[(1, 0)] == 1  # ann and anna, x and y


def test_a_value_too_common_is_left_out_and_counted():
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE records AS SELECT i AS rid, 0::TINYINT AS source_number,"
            " CASE WHEN i <= 1000 THEN 'default' ELSE 'v' || (i // 2) END AS dob"
            " FROM range(1, 3001) t(i)"
        )
        standardised = Standardised("records", (3000,), {"dob": (1.0,)}, {})
        rule = Rule("dob", ('"dob"',), ("dob",))
        budget = Budget(rule=10_000, value=500)
        rules, chosen = choose_rules(con, standardised, [rule], budget, dedupe=True)
        add_keys(con, standardised, rules, chosen, dedupe=True)
        assert chosen[0].size.dropped_values == 1
        assert chosen[0].size.dropped_pairs == 499_500
        pairs = con.execute(
            "SELECT count(*) FROM records a JOIN records b ON a.k__1 = b.k__1"
            " AND a.rid < b.rid"
        ).fetchall()[0][0]
        assert pairs == chosen[0].size.kept <= 10_000


def test_a_rule_over_its_budget_is_narrowed():
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE records AS SELECT i AS rid, 0::TINYINT AS source_number,"
            " 'p' || (i % 3) AS place, 'n' || (i % 300) AS name FROM range(1, 1001) t(i)"
        )
        present = {"place": (1.0,), "name": (1.0,)}
        standardised = Standardised("records", (1000,), present, {})
        finer = Rule("place and name", ("place", "name"), ("place", "name"))
        wide = Rule("place", ("place",), ("place",), (finer,))
        _, chosen = choose_rules(
            con, standardised, [wide], Budget(rule=5000, value=500), dedupe=True
        )
    assert [each.name for each in chosen] == ["place and name"]


def simulated(seed, matched=0.7, people=3000):
    """Score a one-to-one link whose matches weigh about 12 and others about -6.

    Households give each record three wrong candidates that weigh about 3.
    """
    rng = np.random.default_rng(seed)
    left, right, weight, true = [], [], [], []
    for n in range(people):
        if rng.random() < matched:
            left.append(n)
            right.append(people + n)
            weight.append(rng.normal(12, 4))
            true.append(True)
        for other in rng.choice(people, 3, replace=False):
            if other != n:
                left.append(n)
                right.append(people + int(other))
                weight.append(rng.normal(3, 2))
                true.append(False)
    scores = Scores(np.array(left), np.array(right), np.array(weight))
    return scores, np.array(true), (people, people)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_losing_pairs_give_a_threshold_close_to_the_best(seed):
    scores, true, rows = simulated(seed)
    kept = best_partners(scores)
    floor = expected_best(scores.weight[kept])
    advice = against_losers(scores, kept, rows, floor)
    total = true.sum()

    def f1(least):
        accepted = kept & (scores.weight >= least)
        return 2 * (accepted & true).sum() / (accepted.sum() + total)

    best = max(f1(w) for w in np.arange(-10, 25, 0.25))
    assert best - f1(advice.weight) < 0.01
    assert best - f1(floor.weight) > 0.01  # the model alone would be wrong here
    accepted = kept & (scores.weight >= advice.weight)
    assert advice.precision == pytest.approx(true[accepted].mean(), abs=0.03)


def test_losing_pairs_advise_where_only_one_file_holds_each_once():
    """Suppliers, some of them twice, beside a register: each has one partner at most.

    Every seventh pair weighs less than its odds, and nothing wrong weighs nearly so much.
    """
    rng = np.random.default_rng(4)
    registered, suppliers = 700, 900
    left, right, weight = [], [], []
    for n in range(suppliers):
        own = n % registered
        for other in {own, *rng.choice(registered, 3).tolist()}:
            left.append(1 + other)
            right.append(1 + registered + n)
            low = -1.5 if n % 7 == 0 else 15.0
            weight.append(rng.normal(low, 0.2) if other == own else rng.normal(-12, 1))
    scores = Scores(np.array(left), np.array(right), np.array(weight))
    decision = decide(
        scores, (registered, suppliers), prior=1 / registered,
        settings=LinkSettings(), each_once=(True, False),
    )  # fmt: skip
    assert decision.one_partner == (False, True)
    assert decision.accepted.sum() > 0.99 * suppliers
    assert decision.clusters[1] == decision.clusters[1 + registered]


def test_of_many_neighbours_one_at_most_is_taken_for_the_house():
    """Fifteen of a street score nearly as the house does; each file lacks a fifth.

    Counted one by one the losers would outnumber the links and forbid them.
    """
    rng = np.random.default_rng(7)
    houses, street = 3000, 15
    lefts = [n for n in range(houses) if n % 5 != 1]
    rights = [n for n in range(houses) if n % 5 != 0]
    number = {n: 1 + len(lefts) + place for place, n in enumerate(rights)}
    rows = [
        (1 + place, number[near], rng.normal(6 if near == n else 2, 1), near == n)
        for place, n in enumerate(lefts)
        for near in range(n - n % street, n - n % street + street)
        if near in number
    ]
    left, right, weight, true = (np.array(each) for each in zip(*rows, strict=True))
    scores, sizes = Scores(left, right, weight), (len(lefts), len(rights))
    kept = best_partners(scores)
    advice = against_losers(scores, kept, sizes, expected_best(scores.weight[kept]))
    accepted = kept & (scores.weight >= advice.weight)

    def f1(least):
        linked = kept & (scores.weight >= least)
        return 2 * (linked & true).sum() / (linked.sum() + true.sum())

    assert advice.shown
    assert f1(advice.weight) > max(map(f1, np.arange(-2, 9, 0.25))) - 0.01
    assert advice.precision == pytest.approx(true[accepted].mean(), abs=0.03)


def test_a_record_whose_partner_is_gone_wins_one_neighbour_at_most():
    """Streets of fifteen where half are gone on each side: seven or eight can pair up."""
    streets, size = 40, 15
    pairs = [
        (1 + street * size + a, 1 + (streets + street) * size + b)
        for street in range(streets)
        for a in range(size)
        for b in range(size)
        if a != b
    ]
    left, right = (np.array(each) for each in zip(*pairs, strict=True))
    weight = np.random.default_rng(1).normal(0, 1, len(left))
    losing = Scores(left, right, weight)
    found, chance = wrong_winners(losing, (0.5, 0.5), (True, True))
    draws = chance / 0.25
    assert 5.5 * streets < len(found) / draws < 7.5 * streets
    # Where any may have many partners, nobody stands in another's way.
    every, chance = wrong_winners(losing, (0.5, 1.0), (True, False))
    assert len(every) / (chance / 0.5) == pytest.approx(streets * size / 2, rel=0.1)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.1])
def test_families_are_told_from_matches_by_what_is_each_ones_own(share):
    """A tenth of the pairs are families: the surname agrees, all else by chance."""
    chance = (np.array([0.975, 0.024, 0.001]), U[1], U[2])
    levels, counts = [], []
    for combination in itertools.product(range(3), range(2), range(2)):
        own = [(M[n][each], chance[n][each]) for n, each in enumerate(combination)]
        match, stranger = np.prod(own, axis=0)
        family = (
            chance[0][combination[0]]
            * (0.1, 0.9)[combination[1]]
            * U[2][combination[2]]
        )
        levels.append(combination)
        counts.append(1e6 * (share * match + 0.1 * family + (0.9 - share) * stranger))
    patterns = Patterns(np.array(levels), np.array(counts))
    found, _ = estimate_m(patterns, chance, ["own", "shared", "own"])
    for truth, m in zip(M, found, strict=True):
        np.testing.assert_allclose(m, truth, atol=0.05)
    confused, _ = estimate_m(patterns, chance)
    assert abs(confused[0] - M[0]).max() > 0.1


def test_the_prior_is_found_from_the_scores():
    rng = np.random.default_rng(5)
    prior, wrong = 0.01, 0.0002
    matches = rng.random(200_000) < prior
    evidence = np.where(matches, rng.normal(6, 3, 200_000), rng.normal(-6, 3, 200_000))
    # Two normal distributions of one width have a linear log ratio.
    weight = evidence * 12 / 9 / np.log(2) + np.log2(wrong / (1 - wrong))
    shift = refit_prior(weight, wrong, 200_000)
    assert shift == pytest.approx(np.log2(prior / wrong), abs=0.3)


def test_no_pairs_need_no_threshold():
    assert expected_best(np.empty(0)) == Advice(0.0, "no pairs", None, None)


def test_a_block_with_one_comparison_to_train_still_finds_its_matches():
    """30 % of the pairs match, nine of ten of them on the one thing compared."""
    u, m, share = np.array([0.99, 0.01]), np.array([0.1, 0.9]), 0.3
    shares = share * m + (1 - share) * u
    patterns = Patterns(np.array([[0], [1]]), 1e6 * shares)
    assert first_share(patterns, [u]) == pytest.approx(0.27, abs=0.01)
    (found,), settled = estimate_m(patterns, [u])
    assert settled
    assert found[1] == pytest.approx(0.9, abs=0.1)


def test_without_a_pair_that_differs_in_all_the_first_share_is_bounded():
    u = [np.array([0.9, 0.1])]
    assert first_share(Patterns(np.array([[1]]), np.array([5.0])), u) == MOST_SHARE
    assert first_share(Patterns(np.array([[-1]]), np.array([5.0])), u) == LEAST_SHARE
    assert first_share(Patterns(np.array([[0]]), np.array([5.0])), u) == LEAST_SHARE
