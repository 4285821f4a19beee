"""Clusters keep their names; splits, merges and bridges are found."""

from __future__ import annotations

import itertools
import random

import duckdb
import numpy as np
import pytest

from staithe.linkage.bridges import find_bridges
from staithe.linkage.scores import Scores
from staithe.linkage.versions import NAMES, name_clusters, write_changes


def named(con, groups, before=None, salt=""):
    """Name groups of ids; return id → name and the changes."""
    numbers = {
        each: n for n, each in enumerate(sorted(x for g in groups for x in g), 1)
    }
    con.execute(
        "CREATE OR REPLACE TABLE now (rid BIGINT, source VARCHAR, id VARCHAR, first BIGINT)"
    )
    for group in groups:
        first = min(numbers[each] for each in group)
        for each in group:
            con.execute(
                "INSERT INTO now VALUES (?, 's', ?, ?)", [numbers[each], each, first]
            )
    relation = None
    if before is not None:
        con.execute(
            "CREATE OR REPLACE TABLE earlier (source VARCHAR, id VARCHAR, name VARCHAR)"
        )
        for each, name in before.items():
            con.execute("INSERT INTO earlier VALUES ('s', ?, ?)", [each, name])
        relation = "earlier"
    changes = name_clusters(con, now="now", before=relation, salt=salt)
    rows = con.execute(f"SELECT id, name FROM now JOIN {NAMES} USING (rid)").fetchall()
    return dict(rows), changes


def test_a_cluster_that_grows_keeps_its_name_even_before_its_first_record():
    con = duckdb.connect()
    first, none = named(con, ["bc", "e"])
    assert none is None
    second, changes = named(con, ["abcd", "e", "f"], first, "v1")
    assert second["b"] == second["a"] == first["b"]
    assert second["e"] == first["e"]
    assert (changes.kept, changes.grown, changes.new) == (1, 1, 1)
    assert (changes.split, changes.merged, changes.retired, changes.records) == (
        0,
        0,
        0,
        0,
    )


def test_most_of_a_split_cluster_keeps_the_name_and_the_rest_gets_one_never_used(
    tmp_path,
):
    con = duckdb.connect()
    first, _ = named(con, ["abcde"])
    second, changes = named(con, ["ab", "cde"], first, "v1")
    assert second["c"] == first["c"]
    assert second["a"] not in set(first.values())
    assert (changes.split, changes.records) == (1, 2)
    write_changes(con, tmp_path / "changes.parquet", now="now")
    rows = con.execute(
        f"SELECT * FROM '{tmp_path}/changes.parquet' ORDER BY records"
    ).fetchall()
    assert rows == [
        (first["a"], second["a"], 2, "split"), (first["a"], second["c"], 3, "split"),
    ]  # fmt: skip
    # The same two part once more: the third version has names of its own.
    third, _ = named(con, ["a", "b", "cde"], second, "v2")
    assert len(set(third.values())) == 3
    assert third["a"] == second["a"]
    assert third["b"] not in set(first.values()) | set(second.values())


def test_a_merged_cluster_takes_the_name_of_its_larger_part():
    con = duckdb.connect()
    first, _ = named(con, ["abc", "de"])
    second, changes = named(con, ["abcde"], first, "v1")
    assert set(second.values()) == {first["a"]}
    assert (changes.merged, changes.retired, changes.records) == (1, 1, 2)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_names_are_unique_and_cover_everybody(seed):
    con, rng = duckdb.connect(), random.Random(seed)
    names = None
    for version in range(5):
        people = list("abcdefghijklmnop")[: 10 + version]
        rng.shuffle(people)
        cuts = sorted(rng.sample(range(1, len(people)), 4))
        groups = [people[a:b] for a, b in itertools.pairwise([0, *cuts, len(people)])]
        names, _ = named(con, groups, names, f"v{version}")
        assert set(names) == set(people)
        by_group = [{names[each] for each in group} for group in groups]
        assert all(len(each) == 1 for each in by_group)
        assert len(set.union(*by_group)) == len(groups)


def scores(pairs):
    left, right = (np.array(each, np.int64) for each in zip(*pairs, strict=True))
    return Scores(left, right, np.full(len(left), 5.0))


def test_a_link_between_two_triangles_is_a_bridge_and_nothing_else_is():
    pairs = [(1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (4, 6), (5, 6), (7, 8)]
    clusters = np.array([0, 1, 1, 1, 1, 1, 1, 7, 7])
    found = find_bridges(scores(pairs), clusters)
    assert (found.left.tolist(), found.right.tolist()) == ([3], [4])
    assert (found.left_size.tolist(), found.right_size.tolist()) == ([3], [3])


def test_a_ring_and_a_single_record_that_hangs_on_have_no_bridge():
    ring = [(1, 2), (2, 3), (3, 4), (1, 4), (4, 5)]
    assert not len(find_bridges(scores(ring), np.array([0, 1, 1, 1, 1, 1])).left)
    assert not len(find_bridges(Scores.none(), np.array([0])).left)


@pytest.mark.parametrize("seed", range(3))
def test_bridges_are_the_links_whose_removal_parts_two_groups(seed):
    rng = random.Random(seed)
    pairs = sorted({tuple(sorted(rng.sample(range(1, 15), 2))) for _ in range(16)})
    clusters = np.r_[0, np.ones(14, np.int64)]

    def reached(start, without):
        near, seen = {start}, set()
        while near - seen:
            seen |= near
            near |= {b for a, b in pairs if a in near and (a, b) != without}
            near |= {a for a, b in pairs if b in near and (a, b) != without}
        return near

    expected = []
    for a, b in pairs:
        left, right = reached(a, (a, b)), reached(b, (a, b))
        if b not in left and min(len(left), len(right)) >= 2:
            expected.append((a, b, len(left), len(right)))
    found = find_bridges(scores(pairs), clusters)
    columns = (found.left, found.right, found.left_size, found.right_size)
    assert list(zip(*(each.tolist() for each in columns), strict=True)) == expected
