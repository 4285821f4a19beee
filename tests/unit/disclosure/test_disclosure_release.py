"""The released form: what it says, what it must not say, and hostile labels."""

from __future__ import annotations

import csv
import io

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput, TooLarge
from staithe.disclosure.cells import (
    Cell,
    Dimension,
    Measure,
    check_dimensions,
    count_table,
    make_table,
)
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.protect import describe_hidden, protect_table
from staithe.disclosure.release import HIDDEN
from staithe.disclosure.tabulate import (
    Tabulation,
    parse_measure,
    table_from_rows,
    tabulation_sql,
)


def line(labels, count=40):
    dimension = Dimension("area", tuple(labels))
    return count_table([dimension], {(label,): count for label in labels})


def test_the_released_form_does_not_say_which_hidden_cell_is_the_risky_one(counts):
    """`[c]` alike for both: a count known to be under 10 is half worked out."""
    protected = protect_table(counts([[3, 40], [50, 60], [70, 80]]), OutputPolicy())
    statuses = {row["status"] for row in protected.to_rows()}
    assert statuses == {"published", "suppressed"}
    text = protected.to_csv()
    assert "primary" not in text
    assert "threshold" not in text
    marks = {
        row["count"] for row in protected.to_rows() if isinstance(row["count"], str)
    }
    assert marks == {HIDDEN}
    assert {cell["status"] for cell in protected.to_dict()["cells"]} == {
        "published",
        "primary",
        "secondary",
    }


def test_the_reviewers_report_gives_reasons_and_intervals_but_no_hidden_value(counts):
    protected = protect_table(counts([[3, 40], [50, 60], [70, 80]]), OutputPolicy())
    hidden = [c for c in protected.to_dict()["cells"] if c["value"] is None]
    assert len(hidden) == protected.suppressed == 4
    for cell in hidden:
        low, high = cell["attacker_interval"]
        assert high is None or high - low >= 10
    assert "fewer people than the threshold" in " ".join(describe_hidden(protected))
    assert "4 of 12 cells are hidden" in " ".join(protected.explanation)


def test_every_row_of_the_csv_is_read_back_as_it_was_written(counts):
    protected = protect_table(counts([[3, 40], [50, 60], [70, 80]]), OutputPolicy())
    rows = list(csv.DictReader(io.StringIO(protected.to_csv())))
    assert [
        {name: str(value) for name, value in row.items()} for row in protected.to_rows()
    ] == rows


@pytest.mark.parametrize(
    "label", ["=1+1", "+x", "-x", "@x", "\tx", "\rx", "＝1", " =1", "|x", "%x"]
)
def test_a_label_never_starts_a_formula(label):
    protected = protect_table(line([label, "b"]), OutputPolicy())
    rows = list(csv.reader(io.StringIO(protected.to_csv(), newline="")))
    assert [row[0] for row in rows[1:]] == [f"'{label}", "b", "Total"]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4, unique=True))
def test_any_label_keeps_its_own_row(labels):
    """Quotes, commas, line ends, a label called Total: one row each, totals apart."""
    protected = protect_table(line(labels), OutputPolicy())
    rows = list(csv.reader(io.StringIO(protected.to_csv(), newline="")))
    assert len(rows) == len(labels) + 2
    assert len({row[0] for row in rows}) == len(rows) or "area" in labels


def test_a_category_called_total_is_not_taken_for_the_total():
    protected = protect_table(line(["Total", "b"], 25), OutputPolicy())
    assert [row["area"] for row in protected.to_rows()] == ["Total", "b", "Total (all)"]


def test_a_dimension_called_count_does_not_hide_the_counts():
    dimension = Dimension("count", ("a", "b"))
    protected = protect_table(
        count_table([dimension], {("a",): 20, ("b",): 30}), OutputPolicy()
    )
    assert protected.to_rows()[0] == {
        "count": "a",
        "count_value": 20,
        "status": "published",
    }


def test_the_grid_of_a_page_has_a_row_for_each_category_and_the_total(counts):
    grid = protect_table(counts([[1000, 40], [50, 60]]), OutputPolicy()).grid()
    assert grid.columns == ["c0", "c1", "Total"]
    assert grid.rows[0] == ("r0", ["1,000", "40", "1,040"])
    assert grid.rows[-1] == ("Total", ["1,050", "100", "1,150"])


def test_totals_that_do_not_add_up_are_refused():
    cells = [Cell(("a",), 5, 5), Cell(("b",), 6, 6), Cell((None,), 12, 12)]
    with pytest.raises(BadInput, match="add up"):
        make_table([Dimension("d", ("a", "b"))], Measure("count"), cells)


@pytest.mark.parametrize(
    ("dimensions", "error"),
    [
        ((), BadInput),
        (tuple(Dimension(str(i), ("a",)) for i in range(4)), BadInput),
        ((Dimension("a", ()),), BadInput),
        ((Dimension("a", ("x", "x")),), BadInput),
        ((Dimension("a", ("x",)), Dimension("a", ("x",))), BadInput),
        ((Dimension("a", tuple(map(str, range(6000)))),), TooLarge),
    ],
)
def test_a_shape_that_cannot_be_proved_is_refused(dimensions, error):
    with pytest.raises(error):
        check_dimensions(dimensions)


people = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from("abc"),
        st.sampled_from("xy"),
        st.integers(0, 99),
    ),
    min_size=1,
    max_size=30,
)


def add_up(records, row, column):
    """Each unit's total in a cell, by plain Python."""
    units: dict[int, float] = {}
    for unit, a, b, value in records:
        if row in (None, a) and column in (None, b):
            units[unit] = units.get(unit, 0) + value
    return units


@given(records=people)
def test_cell_statistics_equal_those_of_plain_python(records):
    """Contributors, sums, the two largest and the smallest, a person added up first."""
    tabulation = Tabulation("u", ("a", "b"), parse_measure("sum:v"))
    with duckdb.connect() as connection:
        connection.execute("create table t (u int, a varchar, b varchar, v int)")
        connection.executemany("insert into t values (?, ?, ?, ?)", records)
        rows = connection.execute(tabulation_sql("t", tabulation)).fetchall()
    for cell in table_from_rows(rows, tabulation).cells:
        units = add_up(records, *cell.key)
        assert cell.contributors == len(units)
        assert cell.value == sum(units.values())
        assert list(cell.top) == sorted(units.values(), reverse=True)[:2]
        assert cell.lowest == min(units.values(), default=0)


def test_missing_categories_are_shown_and_missing_people_are_not_counted():
    tabulation = Tabulation("u", ("a",), parse_measure("count"))
    with duckdb.connect() as connection:
        connection.execute(
            "create table t as select * from (values (1, 'x'), (2, null), (null, 'x')) "
            "as t(u, a)"
        )
        rows = connection.execute(tabulation_sql("t", tabulation)).fetchall()
    table = table_from_rows(rows, tabulation)
    assert [cell.key for cell in table.cells] == [("x",), ("(missing)",), (None,)]
    assert table.grand_total.value == 2


def test_rare_labels_are_merged_where_the_data_is():
    tabulation = Tabulation("u", ("a",), parse_measure("count"), label_threshold=3)
    with duckdb.connect() as connection:
        connection.execute(
            "create table t as select range as u, case when range < 5 then 'common' "
            "else 'rare ' || range end as a from range(9)"
        )
        rows = connection.execute(tabulation_sql("t", tabulation)).fetchall()
    assert not [row for row in rows if row[0] and "rare" in row[0]]
    table = table_from_rows(rows, tabulation)
    assert table.values == [5, 4, 9]


@pytest.mark.parametrize("text", ["", "mean:x", "sum", "sum:", "count:x", "records:x"])
def test_an_unknown_measure_is_refused(text):
    with pytest.raises(BadInput):
        parse_measure(text)
