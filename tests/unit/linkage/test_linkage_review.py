"""What a review is made of, as pure functions: marking, labels, pooling, waterfall."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import CARE_LINK, SPELLS_LINK, population
from staithe.linkage.explain import waterfall
from staithe.linkage.judgements import pooled
from staithe.linkage.labelled import (
    FEWEST_MATCHES,
    TRAINED_COUNTS_AS,
    LabelledPair,
    learn_m,
)
from staithe.linkage.link import link_tables
from staithe.linkage.side_by_side import (
    HOUSEHOLD,
    Opened,
    marked,
    view_pair,
    view_records,
)
from staithe.linkage.specification import from_yaml


# Marking


@given(st.text(max_size=20), st.text(max_size=20))
def test_marked_pieces_make_up_the_values_and_agree_where_they_say_so(left, right):
    one, two = marked(left, right)
    assert "".join(text for text, _ in one) == left
    assert "".join(text for text, _ in two) == right
    agreeing = ["".join(t for t, same in side if same) for side in (one, two)]
    assert agreeing[0].casefold() == agreeing[1].casefold()


@given(st.text(min_size=1, max_size=20))
def test_a_value_differs_nowhere_from_itself(value):
    assert all(same for side in marked(value, value) for _, same in side)


def test_only_the_letters_that_differ_are_marked():
    one, two = marked("SMITH", "Smyth")
    assert one == (("SM", True), ("I", False), ("TH", True))
    assert two == (("Sm", True), ("y", False), ("th", True))


# Records and households

PEOPLE = [
    (1, "Ann", "AB1 2CD", "1 High St"),
    (2, "Bob", "ab12cd", "1 high st"),
    (3, "Cat", "AB1 2CD", "2 High St"),
    (4, "Dan", None, "1 High St"),
    (5, "Eve", "ZZ9 9ZZ", "1 High St"),
]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    names = ("row", "forename", "postcode", "address")
    columns = zip(*PEOPLE, strict=True)
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), path)
    return Opened((path,), "row")


def specification(*meanings: str):
    fields = "".join(f"- {{meaning: {m}, left: {m}, right: {m}}}\n" for m in meanings)
    return from_yaml(f"version: 1\nkind: link\nfields:\n{fields}")


def test_a_household_is_who_shares_postcode_and_address_however_written(opened):
    found = view_pair(
        specification("forename", "postcode", "address"), (opened, opened), (1, 4)
    )
    one, other = found.households
    assert [record.values[0] for record in one.records] == ["Bob"]
    assert one.place == "postcode and address"
    assert other.records == ()  # who has no postcode shares none
    verdicts = {each.title: each.verdict for each in found.fields}
    assert verdicts["Forename"] == "Differs"
    assert verdicts["Postcode"] == "Missing"
    assert "Same" in verdicts.values()


def test_a_date_a_sex_and_a_postcode_are_shown_as_linkage_reads_them(tmp_path):
    """Two ways to write one day are no difference; how each is written stays visible."""
    sides = []
    for name, row in (("a", ("Ann-Marie", "1991-05-24", "F", "WL11 1AA")),
                      ("b", ("ANN MARIE", "24/05/1991", "2", "wl111aa"))):  # fmt: skip
        columns = dict(zip(("forename", "date_of_birth", "sex", "postcode"), row, strict=True))  # fmt: skip
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist([{"row": 7} | columns]), path)
        sides.append(Opened((path,), "row"))
    meanings = ("forename", "date_of_birth", "sex", "postcode")
    found = view_pair(specification(*meanings), (sides[0], sides[1]), (7, 7))
    rows = {each.title: each for each in found.fields}
    assert {each.verdict for each in found.fields} == {"Same"}
    assert rows["Date of birth"].left == (("1991-05-24", True),)
    assert rows["Date of birth"].written == ("", "24/05/1991")
    assert rows["Sex"].written == ("", "2")
    assert rows["Forename"].right == (("ANN MARIE", True),)


def test_a_full_name_stands_beside_the_parts_of_the_other_side(tmp_path):
    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    pq.write_table(
        pa.table({"row": [1], "forename": ["Ann"], "surname": ["Kelly"]}), one
    )
    pq.write_table(pa.table({"row": [1], "full_name": ["Ann Kelley"]}), two)
    fields = (
        "- {meaning: forename, left: forename}\n- {meaning: surname, left: surname}\n"
        "- {meaning: full_name, right: full_name}\n"
    )
    wanted = from_yaml(f"version: 1\nkind: link\nfields:\n{fields}")
    sides = (Opened((one,), "row"), Opened((two,), "row"))
    rows = {each.title: each for each in view_pair(wanted, sides, (1, 1)).fields}
    assert rows["Forename"].verdict == "Same"
    assert rows["Surname"].verdict == "Differs"
    assert "".join(t for t, _ in rows["Surname"].right).casefold() == "kelley"


def test_without_an_address_the_postcode_makes_the_household(opened):
    found = view_pair(specification("forename", "postcode"), (opened, opened), (1, 5))
    names = [record.values[0] for record in found.households[0].records]
    assert names == ["Bob", "Cat"]
    assert found.households[1].records == ()


def test_without_any_place_there_is_no_household(opened):
    found = view_pair(specification("forename"), (opened, opened), (1, 2))
    assert [each.place for each in found.households] == ["", ""]


def test_family_comes_first_in_a_household(tmp_path):
    path = tmp_path / "family.parquet"
    names = ["Kelly", *["Other"] * HOUSEHOLD, "KELLY"]
    table = {
        "row": list(range(len(names))),
        "surname": names,
        "postcode": ["AB1 2CD"] * len(names),
    }
    pq.write_table(pa.table(table), path)
    side = Opened((path,), "row")
    found = view_pair(specification("surname", "postcode"), (side, side), (0, 1))
    assert found.households[0].records[0].values[0] == "KELLY"
    assert found.households[1].records[0].values[0] == "Other"


def test_a_large_household_is_cut_and_says_so(tmp_path):
    path = tmp_path / "many.parquet"
    size = HOUSEHOLD + 5
    pq.write_table(
        pa.table(
            {
                "row": list(range(size)),
                "forename": ["A"] * size,
                "postcode": ["AB1 2CD"] * size,
            }
        ),
        path,
    )
    side = Opened((path,), "row")
    found = view_pair(specification("forename", "postcode"), (side, side), (0, 1))
    assert len(found.households[0].records) == HOUSEHOLD
    assert found.households[0].more == 4


def test_records_of_a_cluster_are_read_by_row_key(opened):
    found = view_records(specification("forename"), 0, opened, [3, 1])
    assert found == {1: ("Ann",), 3: ("Cat",)}
    assert view_records(specification("forename"), 0, opened, []) == {}


# Waterfall


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """Link the demo's small population with reasons, by its two files."""
    folder = tmp_path_factory.mktemp("linked")
    paths = []
    tables = population()
    for name, columns in (("spells", SPELLS_LINK), ("care", CARE_LINK)):
        table = tables[name].select(list(columns))
        rows = pa.array(range(1, len(table) + 1))
        paths.append(folder / f"{name}.parquet")
        pq.write_table(table.append_column("row", rows), paths[-1])
    return link_tables(
        paths[0], paths[1], id_column="row", out=folder / "out", explain=True
    )


def test_every_waterfall_ends_at_the_weight_that_linked_the_pair(linked):
    rows = pq.read_table(linked.explained).to_pylist()
    assert sum(row["link"] for row in rows) == linked.link_count
    for row in rows:
        levels, rarities = json.loads(row["levels"]), json.loads(row["rarities"])
        steps = waterfall(linked.report["model"], levels, rarities)
        assert steps[-1].total == pytest.approx(row["match_weight"], abs=1e-9)
        assert len(steps) == 1 + len(linked.report["model"]["comparisons"])


def test_what_is_drawn_to_be_judged_is_explained(linked):
    rows = pq.read_table(linked.explained).to_pylist()
    drawn = [row["stratum"] for row in rows if row["stratum"] >= 0]
    for number, stratum in enumerate(linked.report["sample"]):
        assert drawn.count(number) == stratum["drawn"]


def test_a_result_is_explained_only_on_request(linked, tmp_path):
    path = tmp_path / "one.parquet"
    rows = pa.array(range(1, 51))
    pq.write_table(
        population()["spells"].select(list(SPELLS_LINK)).slice(0, 50).append_column("row", rows),
        path,
    )  # fmt: skip
    plain = link_tables(path, id_column="row", out=tmp_path / "out")
    assert not plain.explained.exists()
    assert linked.explained.exists()


# Labels

MODEL = {
    "comparisons": [
        {"name": "dob", "levels": [{"level": "same", "m": 0.9}, {"level": "different", "m": 0.1}]}
    ]
}  # fmt: skip


def test_labels_move_m_as_far_as_there_are_many():
    """Half of 20 matches agree: as many labels as training counts for, so half way."""
    pairs = [LabelledPair(1.0, [n % 2]) for n in range(int(TRAINED_COUNTS_AS))]
    (learned,) = learn_m(MODEL, pairs)
    assert [each["m"] for each in learned["levels"]] == pytest.approx([0.7, 0.3])
    assert [each["before"] for each in learned["levels"]] == [0.9, 0.1]
    assert learned["labels"] == 20


def test_a_pair_that_stands_for_more_counts_for_more():
    pairs = [LabelledPair(9.0, [1])] * 10 + [LabelledPair(1.0, [0])] * 10
    (learned,) = learn_m(MODEL, pairs)
    same = (TRAINED_COUNTS_AS * 0.9 + 2) / (TRAINED_COUNTS_AS + 20)
    assert learned["levels"][0]["m"] == pytest.approx(same)


def test_missing_values_teach_nothing_and_few_matches_neither():
    few = [LabelledPair(1.0, [0])] * (FEWEST_MATCHES - 1)
    assert learn_m(MODEL, few) == []
    (learned,) = learn_m(MODEL, [LabelledPair(1.0, [-1])] * FEWEST_MATCHES)
    assert learned["labels"] == 0
    assert learned["levels"][0]["m"] == pytest.approx(0.9)


@given(
    st.lists(st.tuples(st.floats(0.1, 50), st.integers(-1, 1)), min_size=FEWEST_MATCHES)
)
def test_what_is_learned_is_always_a_share(pairs):
    (learned,) = learn_m(MODEL, [LabelledPair(w, [level]) for w, level in pairs])
    assert sum(each["m"] for each in learned["levels"]) == pytest.approx(1)
    assert all(0 < each["m"] < 1 for each in learned["levels"])


# Pooling


def stratum(group: str, pairs: int = 10, expected: float = 0.5) -> dict:
    return {
        "links": group == "links",
        "group": group,
        "lowest": 1.0,
        "highest": 2.0,
        "pairs": pairs,
        "expected": expected,
        "drawn": 5,
    }


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["links", "others"]),
            st.lists(st.sampled_from(["match", "no match", "cannot tell"]), max_size=4),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_pooling_loses_no_pair_and_no_answer(drawn):
    drawn.sort(key=lambda each: each[0])
    strata = [stratum(group) for group, _ in drawn]
    found, given_ = pooled(strata, {n: said for n, (_, said) in enumerate(drawn)})
    assert sum(each["pairs"] for each in found) == 10 * len(drawn)
    assert sorted(a for said in given_.values() for a in said) == sorted(
        a for _, said in drawn for a in said
    )
    for n, each in enumerate(found):
        alone = sum(e["group"] == each["group"] for e in found) == 1
        told = any(a != "cannot tell" for a in given_[n])
        assert told or alone


def test_a_pooled_band_expects_what_its_parts_did():
    strata = [stratum("links", 10, 0.9), stratum("links", 30, 0.5)]
    found, _ = pooled(strata, {0: ["match"], 1: ["cannot tell"]})
    assert [each["expected"] for each in found] == [pytest.approx(0.6)]
