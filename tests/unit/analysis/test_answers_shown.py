"""A stored answer in words and pictures: nothing hidden is drawn as nothing."""

from __future__ import annotations

import pytest

from staithe.analysis.answers import (
    chart_of,
    hidden_cells,
    is_hiding,
    measure_words,
    protection_words,
    rule_words,
)
from staithe.analysis.models import Query


POLICY = {"threshold": 10, "nk_n": 2, "nk_k": 0.9, "p_ratio": 0.1, "rounding_base": 5}


def answer(columns, rows, *, measure="count", across="sex", cells=()) -> Query:
    return Query(
        title="People by region",
        table={"rows": "region", "columns": across, "measure": measure},
        policy=POLICY,
        result={"grid": {"columns": columns, "rows": rows}, "review": {"cells": list(cells)}},
    )  # fmt: skip


def test_a_hidden_value_is_not_known_and_totals_are_left_out():
    query = answer(
        ["F", "M", "Total"],
        [["North", ["10", "[c]", "1,025"]], ["South", ["20", "15", "35"]],
         ["Total", ["30", "[c]", "1,060"]]],
    )  # fmt: skip
    chart = chart_of(query)
    assert chart is not None
    assert chart.categories == ("North", "South")
    assert [(s.name, s.values) for s in chart.series] == [
        ("F", (10, 20)),
        ("M", (None, 15)),
    ]
    assert chart.summary.startswith("3 of 4 values")


def test_where_nothing_is_hidden_nothing_is_said_to_be():
    rows = [["North", ["10", "15", "25"]], ["Total", ["10", "15", "25"]]]
    query = answer(["F", "M", "Total"], rows)
    query.result["explanation"] = ["No cell is hidden.", "Attacker model: none."]
    chart = chart_of(query)
    assert chart is not None
    assert chart.summary == "All 2 values are shown."
    assert protection_words(query) == ["No cell is hidden."]
    assert not is_hiding(query)


def test_marks_are_explained_where_they_stand():
    rows = [["(other)", ["10", "[c]", "25"]], ["Total", ["10", "[c]", "25"]]]
    query = answer(["F", "M", "Total"], rows)
    query.result["explanation"] = ["Two cells are hidden.", "Attacker model: none."]
    assert protection_words(query) == [
        "Two cells are hidden.",
        "[c] marks a hidden number.",
        "Categories of too few people are merged into (other).",
    ]
    assert is_hiding(query)


def test_one_column_of_values_has_no_total_column():
    query = answer(["count"], [["North", ["10"]], ["Total", ["10"]]], across=None)
    chart = chart_of(query)
    assert chart is not None
    assert chart.series[0].values == (10,)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["F", "Total"], [["North", ["[c]", "[c]"]], ["Total", ["[c]", "10"]]]),
        (["F", "Total"], [["Total", ["5", "5"]]]),
        ([*"ABCDE", "Total"], [["North", ["5"] * 6], ["Total", ["5"] * 6]]),
        (["F", "Total"], [[str(n), ["5", "5"]] for n in range(40)]),
    ],
)
def test_what_a_picture_cannot_show_is_not_drawn(columns, rows):
    assert chart_of(answer(columns, rows)) is None


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("count", "Number of people"),
        ("records", "Number of records"),
        ("sum:weekly_amount", "Sum of weekly_amount"),
    ],
)
def test_a_measure_in_words(measure, words):
    assert measure_words(answer(["x"], [], measure=measure)) == words


def test_rules_of_dominance_are_told_where_they_apply():
    counts = rule_words(answer(["x"], []))
    assert counts == [
        "A number rests on at least 10 people.",
        "Counts are rounded to a multiple of 5.",
    ]
    sums = rule_words(answer(["x"], [], measure="sum:a"))
    assert any("2 largest contributions" in line and "90%" in line for line in sums)
    assert any("within 10%" in line for line in sums)


def test_hidden_cells_are_listed_with_their_reasons():
    cells = [
        {"key": ["North", None], "status": "primary", "value": None,
         "reasons": ["threshold"], "attacker_interval": [1.0, 18.0]},
        {"key": ["South", "F"], "status": "secondary", "value": None, "reasons": [],
         "attacker_interval": [3.0, None]},
        {"key": ["South", "M"], "status": "rounded", "value": 20, "reasons": [],
         "attacker_interval": None},
    ]  # fmt: skip
    first, second = hidden_cells(answer(["F"], [], cells=cells))
    assert (first.where, first.between) == ("North, Total", "1 to 18")
    assert first.why == "fewer people than the threshold"
    assert second.between == "3 to no limit"
    assert "cannot be worked out" in second.why
