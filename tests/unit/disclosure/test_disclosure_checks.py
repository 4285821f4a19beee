"""Primary rules, against acro (another implementation of them) and by hand."""

from __future__ import annotations

import logging
import warnings

import duckdb
import numpy as np
import pandas as pd
import pytest

from staithe.disclosure.cells import Cell, Dimension, Measure, make_table
from staithe.disclosure.checks import check_cells
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.tabulate import (
    Tabulation,
    parse_measure,
    table_from_rows,
    tabulation_sql,
)


CODES = {
    "MinimumThresholdCheck": "threshold",
    "NKCheck": "dominance",
    "PPercentCheck": "p-ratio",
}


def microdata(seed: int, rows: int) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "unit": np.arange(rows),
            "area": chance.choice(
                list("abcdefgh"), rows, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02]
            ),
            "band": chance.choice(list("xyz"), rows),
            "income": np.exp(chance.normal(5, 1.8, rows)).round(2),
        }
    )


def acro_flags(frame: pd.DataFrame, *, sums: bool) -> dict[tuple[str, str], set[str]]:
    """What acro says of each inner cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            from acro import ACRO

            session = ACRO(suppress=False)
            extra = {"values": frame["income"], "aggfunc": "sum"} if sums else {}
            session.crosstab(frame["area"], frame["band"], **extra)
            outcome = session.results.get_index(0).outcome
        finally:
            logging.disable(logging.NOTSET)
    return {
        (area, column[-1] if isinstance(column, tuple) else column): {
            CODES[word] for word in text.replace(";", " ").split() if word in CODES
        }
        for column, cells in outcome.items()
        for area, text in cells.items()
    }


def our_flags(frame: pd.DataFrame, *, measure: str) -> dict[tuple[str, str], set[str]]:
    tabulation = Tabulation("unit", ("area", "band"), parse_measure(measure))
    with duckdb.connect() as connection:
        connection.register("people", frame)
        rows = connection.execute(tabulation_sql("people", tabulation)).fetchall()
    table = table_from_rows(rows, tabulation)
    found = check_cells(table, OutputPolicy(zero_is_disclosive=True)).primary
    return {
        cell.key: {c.replace("zero", "threshold") for c in found.get(cell.key, ())}
        for cell in table.cells
        if None not in cell.key
    }


@pytest.mark.parametrize(("seed", "rows"), [(1, 150), (2, 400), (3, 1500)])
@pytest.mark.parametrize("measure", ["count", "sum:income"])
def test_flags_equal_those_of_acro_on_the_same_people(seed, rows, measure):
    frame = microdata(seed, rows)
    theirs = acro_flags(frame, sums=measure != "count")
    ours = our_flags(frame, measure=measure)
    assert theirs
    assert any(theirs.values())
    for key, codes in theirs.items():
        # acro gives no dominance for a cell that nobody is in; nor do we
        assert ours[key] == codes, key


def one_line(*cells: Cell):
    names = tuple(cell.key[0] for cell in cells)
    total = Cell(
        (None,),
        sum(c.value for c in cells),
        sum(c.contributors for c in cells),
        tuple(sorted((t for c in cells for t in c.top), reverse=True)[:2]),
        min(c.lowest for c in cells),
    )
    return make_table(
        [Dimension("area", names)], Measure("sum", "x", 2), [*cells, total]
    )


def test_a_negative_contribution_asks_for_a_person():
    table = one_line(
        Cell(("a",), 100, 20, (9, 8), -3), Cell(("b",), 100, 20, (9, 8), 1)
    )
    assert "negative" in check_cells(table, OutputPolicy()).review[0]


def test_the_second_contributor_cannot_learn_the_first():
    """The p% rule: 100 and 50 with 9 left is less than 10 % of 100 away."""
    risky = Cell(("a",), 159, 20, (100, 50), 0.1)
    safe = Cell(("b",), 161, 20, (100, 50), 0.1)
    found = check_cells(one_line(risky, safe), OutputPolicy(nk_k=1.0)).primary
    assert found == {("a",): ("p-ratio",)}


def test_totals_are_checked_like_any_cell(counts):
    """A row of three people is hidden in the row's total too."""
    found = check_cells(counts([[3, 0], [40, 50]]), OutputPolicy()).primary
    assert ("r0", None) in found


def test_a_group_that_shares_one_answer_is_noticed(counts):
    table = counts([[25, 0, 0], [30, 40, 50]])
    review = check_cells(table, OutputPolicy()).review
    assert any("Everyone in r0 is in c0" in sentence for sentence in review)
    hidden = check_cells(table, OutputPolicy(class_disclosure="suppress")).primary
    assert {("r0", f"c{i}") for i in range(3)} <= set(hidden)
    assert not check_cells(table, OutputPolicy(class_disclosure="off")).review


def test_empty_cells_are_hidden_only_where_the_policy_says(counts):
    table = counts([[25, 0], [30, 40]])
    assert not check_cells(table, OutputPolicy()).primary
    hidden = check_cells(table, OutputPolicy(zero_is_disclosive=True)).primary
    assert hidden == {("r0", "c1"): ("zero",)}
