"""The truth holds every row once, apart from the extracts, and scores links rightly."""

from __future__ import annotations

from itertools import combinations, product

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.demo.mistakes import NHB
from staithe.demo.truth import draw_truth, score_links, write_truth


def links(pairs) -> pa.Table:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    return pa.table(
        {
            "left_id": pa.array(left, pa.string()),
            "right_id": pa.array(right, pa.string()),
        }
    )


def make_truth(left, right) -> pa.Table:
    return pa.table(
        {
            "source": ["l"] * len(left) + ["r"] * len(right),
            "row_id": [f"L{n}" for n in range(len(left))]
            + [f"R{n}" for n in range(len(right))],
            "person_id": pa.array([*left, *right], pa.int32()),
        }
    )


def test_every_row_of_every_extract_is_in_the_truth_once(tables, truth):
    for source, table in tables.items():
        rows = truth.filter(pa.compute.equal(truth["source"], source))
        assert rows["row_id"].to_pylist() == table[table.column_names[0]].to_pylist()
    assert truth.num_rows == sum(table.num_rows for table in tables.values())


def test_the_truth_names_whom_each_organisation_knows(world, truth):
    for source, listed in world.listed.items():
        rows = truth.filter(pa.compute.equal(truth["source"], source))
        assert set(rows["person_id"].to_pylist()) == set(listed.nonzero()[0].tolist())


def test_only_the_health_board_holds_people_twice(world, truth):
    for source, listed in world.listed.items():
        rows = truth.filter(pa.compute.equal(truth["source"], source)).num_rows
        twice = rows - int(listed.sum())
        if source == "nhb":
            assert 0.5 * NHB.twice < twice / rows < 1.6 * NHB.twice
        else:
            assert twice == 0


def test_no_extract_says_who_is_who(tables):
    for table in tables.values():
        assert not {"person", "person_id", "cluster"} & set(table.column_names)


def test_the_written_truth_is_the_drawn_truth(world, truth, tmp_path):
    path = write_truth(world, tmp_path / "apart" / "truth.parquet")
    assert pq.read_table(path).equals(truth)
    assert draw_truth(world).equals(truth)


FEW_PEOPLE = st.lists(st.integers(0, 6), min_size=1, max_size=8)


@given(FEW_PEOPLE, FEW_PEOPLE, st.data())
def test_scores_between_sources_agree_with_counting_by_hand(left, right, data):
    possible = list(product(range(len(left)), range(len(right))))
    chosen = data.draw(st.lists(st.sampled_from(possible), max_size=20))
    score = score_links(
        links([(f"L{a}", f"R{b}") for a, b in chosen]),
        make_truth(left, right),
        "l",
        "r",
    )
    true = {(a, b) for a, b in possible if left[a] == right[b]}
    assert_score(score, true=true, linked=set(chosen))


@given(FEW_PEOPLE, st.data())
def test_scores_within_a_source_count_a_pair_once_whichever_way_round(left, data):
    rows = range(len(left))
    chosen = data.draw(
        st.lists(st.tuples(st.sampled_from(rows), st.sampled_from(rows)))
    )
    score = score_links(
        links([(f"L{a}", f"L{b}") for a, b in chosen]), make_truth(left, []), "l", "l"
    )
    true = {(a, b) for a, b in combinations(rows, 2) if left[a] == left[b]}
    linked = {(min(a, b), max(a, b)) for a, b in chosen if a != b}
    assert_score(score, true=true, linked=linked)


def assert_score(score, *, true, linked) -> None:
    found = true & linked
    assert score.true_pairs == len(true)
    assert score.linked_pairs == len(linked)
    assert score.found_pairs == len(found)
    assert score.precision == (len(found) / len(linked) if linked else 1.0)
    assert score.recall == (len(found) / len(true) if true else 1.0)
    if found:
        mean = 2 / (1 / score.precision + 1 / score.recall)
        assert score.f1 == pytest.approx(mean)
    elif true and linked:
        assert score.f1 == 0


def test_a_link_to_an_unknown_row_is_refused_by_name():
    with pytest.raises(BadInput, match="does not hold: R9"):
        score_links(links([("L0", "R9")]), make_truth([1], [1]), "l", "r")


def test_links_without_their_columns_are_refused():
    with pytest.raises(BadInput, match="left_id"):
        score_links(pa.table({"a": ["L0"]}), make_truth([1], [1]), "l", "r")


def test_an_unknown_source_is_refused():
    with pytest.raises(BadInput, match="no source called x"):
        score_links(links([]), make_truth([1], [1]), "l", "x")
