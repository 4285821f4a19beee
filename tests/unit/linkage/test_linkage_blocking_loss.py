"""What blocking may miss is estimated; evidence that repeats itself counts once."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from staithe.linkage.blocking import ChosenRule, Size
from staithe.linkage.blocking_loss import estimate_loss
from staithe.linkage.comparisons import comparisons_for
from staithe.linkage.correlated import judged_once
from staithe.linkage.scores import Scores
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import measure


def caught(chances, matches, seed):
    """Matches that each of several independent rules finds with its own chance."""
    rng = np.random.default_rng(seed)
    hits = rng.random((matches, len(chances))) < np.array(chances)
    con = duckdb.connect()
    people = np.arange(matches)
    columns = {"rid": np.arange(1, 2 * matches + 1)}
    for n in range(len(chances)):
        columns[f"k__{n}"] = np.r_[people, np.where(hits[:, n], people, -people - 1)]
    con.register("made", pa.table(columns))
    con.execute("CREATE TABLE records AS FROM made")
    found = np.flatnonzero(hits.any(axis=1))
    scores = Scores(found + 1, matches + found + 1, np.full(len(found), 30.0))
    rules = [
        ChosenRule(f"rule {n}", f"k__{n}", Size(1, 1, 1, 0))
        for n in range(len(chances))
    ]
    return estimate_loss(
        con, scores, rules, table="records", compared=3
    ), matches - len(found)


@pytest.mark.parametrize("chances", [(0.5, 0.5, 0.5), (0.6, 0.4, 0.3, 0.3), (0.9, 0.9)])
def test_what_independent_rules_miss_is_estimated(chances):
    loss, missed = caught(chances, 1500, seed=2)
    assert loss.missed == pytest.approx(missed, rel=0.35, abs=12)
    assert loss.recall == pytest.approx(1 - missed / 1500, abs=0.05)


def test_one_rule_alone_or_no_likely_pair_tells_nothing():
    assert caught((0.5,), 50, seed=1)[0].recall is None
    con = duckdb.connect()
    assert (
        estimate_loss(con, Scores.none(), [], table="records", compared=3).recall
        is None
    )


def test_rules_that_all_look_at_one_thing_tell_nothing():
    con = duckdb.connect()
    con.execute("CREATE TABLE records AS SELECT i AS rid, i // 2 AS k__1, i // 2 AS k__2"
                " FROM range(2, 40) t(i)")  # fmt: skip
    scores = Scores(np.arange(2, 40, 2), np.arange(3, 41, 2), np.full(19, 9.0))
    rules = [ChosenRule(f"rule {n}", f"k__{n}", Size(1, 1, 1, 0)) for n in (1, 2)]
    asked = {"table": "records"}
    assert estimate_loss(con, scores, rules, **asked, compared=1).recall is None
    assert estimate_loss(con, scores, rules, **asked, compared=2).recall == 1


def places(rows):
    """Records of postcode, town and colour, and the specification of all three."""
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE records (rid BIGINT, source_number TINYINT, postcode VARCHAR, town VARCHAR, colour VARCHAR)"
    )
    con.executemany("INSERT INTO records VALUES (?, 0, ?, ?, ?)", rows)
    for name, sql in (("sector", 5), ("district", 4), ("area", 2)):
        con.execute(f"ALTER TABLE records ADD COLUMN postcode__{name} VARCHAR")
        con.execute(f"UPDATE records SET postcode__{name} = left(postcode, {sql})")
    specification = LinkSpecification(
        "dedupe",
        (
            LinkField("postcode", "postcode"),
            LinkField("place", "town", name="town"),
            LinkField("category", "colour", name="colour"),
        ),
    )
    columns = ["postcode", "town", "colour", "postcode__sector"]
    standardised = measure(con, "records", columns, 1)
    return con, standardised, specification


def test_a_town_that_follows_from_the_postcode_counts_only_where_postcodes_differ():
    rng = np.random.default_rng(1)
    rows = []
    for rid in range(1, 2001):
        code = int(rng.integers(300))
        rows.append(
            (
                rid,
                f"AB{code // 10:02d} {code % 10}CD",
                f"town {code % 12}",
                f"c{rng.integers(5)}",
            )
        )
    con, standardised, specification = places(rows)
    before = comparisons_for(specification, standardised)
    after, notes = judged_once(con, standardised, specification, before)
    assert notes == ["town follows from postcode; it counts only where that differs."]
    changed = [a.name for a, b in zip(after, before, strict=True) if a != b]
    assert changed == ["town"]
    town = next(each for each in after if each.name == "town")
    assert town.levels[0].is_null
    assert '"postcode_l" = "postcode_r"' in town.levels[0].sql
    assert town.levels[1:] == next(e for e in before if e.name == "town").levels[1:]


def test_fields_that_say_different_things_stay_as_they_are():
    rng = np.random.default_rng(1)
    rows = [
        (
            rid,
            f"AB{rng.integers(30):02d} {rng.integers(9)}CD",
            f"town {rng.integers(12)}",
            f"c{rng.integers(5)}",
        )
        for rid in range(1, 2001)
    ]
    con, standardised, specification = places(rows)
    before = comparisons_for(specification, standardised)
    assert judged_once(con, standardised, specification, before) == (before, [])
