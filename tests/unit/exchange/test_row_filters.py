"""Row filters against an oracle that compares Python values one by one."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from staithe.base.errors import Conflict
from staithe.exchange.filters import filter_sql
from staithe.sharing.terms import RowFilter
from staithe.tables.columns import type_name


days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
moments = st.datetimes(  # wall-clock times, as a column without a zone holds them
    datetime(1900, 1, 1),  # noqa: DTZ001  the same
    datetime(2100, 1, 1),  # noqa: DTZ001  the same
)
clocks = st.times()
ints = st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)
json_ints = st.integers(-(2**53) + 1, 2**53 - 1) | st.integers(-9, 9)
floats = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-9, 9)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
some_text = texts.filter(bool) | st.sampled_from(["a'b", 'a"b', "é", "Z", "10", "9"])
decimals = st.decimals(-9999, 9999, places=2) | st.decimals(-9, 9, places=2)

# type -> (cells of a column, values of a filter, what both are compared as)
KINDS: dict[pa.DataType, tuple[Any, Any, Any]] = {
    pa.int64(): (ints, json_ints | floats, Decimal),
    pa.int8(): (st.integers(-128, 127), json_ints | floats, Decimal),
    pa.uint64(): (st.integers(0, 2**64 - 1), json_ints, Decimal),
    pa.float64(): (floats, json_ints | floats, float),
    pa.decimal128(9, 2): (decimals, json_ints | st.floats(-99, 99), Decimal),
    pa.decimal128(38, 2): (decimals, json_ints | floats, Decimal),
    pa.string(): (texts, some_text | json_ints, str),
    pa.bool_(): (st.booleans(), st.booleans(), bool),
    pa.date32(): (days, days.map(date.isoformat), None),
    pa.timestamp("us"): (moments, moments.map(datetime.isoformat), None),
    pa.time64("us"): (clocks, clocks.map(time.isoformat), None),
}
OPERATORS = {
    "=": lambda cell, value: cell == value,
    ">=": lambda cell, value: cell >= value,
    "<=": lambda cell, value: cell <= value,
}


@st.composite
def cases(draw):
    kind = draw(st.sampled_from(list(KINDS)))
    cell, value, _ = KINDS[kind]
    cells = draw(st.lists(st.none() | cell, max_size=12))
    operator = draw(st.sampled_from([*OPERATORS, "in"]))
    # Often a value that is there: or equality and the edges are hardly met.
    there = [as_value(cell) for cell in cells if is_value(cell)]
    either = value | st.sampled_from(there) if there else value
    values = draw(st.lists(either, min_size=1, max_size=3 if operator == "in" else 1))
    return kind, cells, operator, values


def is_value(cell: Any) -> bool:
    """Tell whether a cell could stand in a filter: JSON's numbers are bounded."""
    return cell not in (None, "") and not (isinstance(cell, int) and abs(cell) >= 2**53)


def as_value(cell: Any) -> Any:
    """Write a cell as it would stand in the terms of an agreement."""
    if isinstance(cell, date | time):
        return cell.isoformat()
    return float(cell) if isinstance(cell, Decimal) else cell


def as_compared(kind: pa.DataType, given: Any) -> Any:
    """Bring a cell or a filter's value to what Python compares exactly."""
    convert = KINDS[kind][2]
    if convert is Decimal:
        return Decimal(str(given)) if isinstance(given, float) else Decimal(given)
    if convert is not None:
        return convert(given)
    reader = {pa.date32(): date, pa.time64("us"): time}.get(kind, datetime)
    return reader.fromisoformat(given) if isinstance(given, str) else given


def run(table: pa.Table, where: str) -> list[int]:
    connection = duckdb.connect(config={"autoload_known_extensions": False})
    try:
        connection.register("t", table)
        rows = connection.execute(f"SELECT n FROM t {where} ORDER BY n").fetchall()
    finally:
        connection.close()
    return [n for (n,) in rows]


@settings(deadline=None)  # an engine starts for each example
@given(cases())
@example((pa.string(), ["9", "10", "100"], ">=", ["10"]))
@example((pa.int64(), [9, 10, 100], ">=", [9.5]))
@example((pa.float64(), [9.0, None, 10.0], "=", [9]))
@example((pa.decimal128(9, 2), [Decimal("1.00"), Decimal("1.01")], "=", [1]))
def test_a_filter_lets_through_what_its_words_say(case):
    kind, cells, operator, values = case
    table = pa.table(
        {"n": pa.array(range(len(cells)), pa.int64()), 'a"b c': pa.array(cells, kind)}
    )
    value = tuple(values) if operator == "in" else values[0]
    row_filter = RowFilter(column='a"b c', operator=operator, value=value)
    where = filter_sql(row_filter, {"n": "integer", 'a"b c': type_name(kind)})
    passes = OPERATORS["=" if operator == "in" else operator]
    wanted = [
        n
        for n, cell in enumerate(cells)
        if cell is not None
        and any(passes(as_compared(kind, cell), as_compared(kind, v)) for v in values)
    ]
    assert run(table, where) == wanted


def test_what_is_not_a_number_never_passes():
    table = pa.table({"n": [0, 1, 2], "x": [math.nan, math.inf, 1.0]})
    for operator, wanted in ((">=", [1, 2]), ("<=", [2])):
        row_filter = RowFilter(column="x", operator=operator, value=1)
        assert run(table, filter_sql(row_filter, {"x": "number"})) == wanted


def test_a_time_with_a_zone_is_compared_as_the_moment_it_is():
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    table = pa.table(
        {
            "n": [0, 1, 2],
            "t": pa.array(
                [at - timedelta(hours=1), at, at + timedelta(hours=1)],
                pa.timestamp("us", "UTC"),
            ),
        }
    )
    row_filter = RowFilter(column="t", operator=">=", value="2026-06-01T13:00:00+01:00")
    assert run(table, filter_sql(row_filter, {"t": "timestamp"})) == [1, 2]


def test_no_filter_is_no_clause():
    assert filter_sql(None, {}) == ""


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "many"),
        ("integer", True),
        ("integer", "Infinity"),
        ("number", "NaN"),
        ("decimal(9,2)", "1,000"),
        ("date", "31/01/2026"),
        ("date", 20260131.5),
        ("date", "20260131.5"),
        ("date", "20260131"),
        ("timestamp", "yesterday"),
        ("time", "25:00"),
        ("time", "09:00+01:00"),
        ("boolean", "perhaps"),
        ("duration", 5),
    ],
)
def test_what_cannot_be_compared_is_refused_in_a_sentence(kind, value):
    row_filter = RowFilter(column="x", operator="=", value=value)
    with pytest.raises(Conflict, match="agreement must be made again"):
        filter_sql(row_filter, {"x": kind})


def test_a_column_that_is_gone_is_named():
    row_filter = RowFilter(column="region", operator="=", value="North")
    with pytest.raises(Conflict, match="region"):
        filter_sql(row_filter, {"x": "text"})


@settings(deadline=None)  # an engine starts for each example
@given(texts.filter(bool), texts)
def test_no_value_or_name_can_leave_its_place(name, value):
    """Whatever is in a name or a value, the clause stays one comparison."""
    table = pa.table({"n": [0, 1], name: [value, value + "x"]})
    if name in {"n", "N"} or value == "":
        return
    row_filter = RowFilter(column=name, operator="=", value=value)
    assert run(table, filter_sql(row_filter, {name: "text"})) == [0]


def test_values_by_the_thousand_are_one_clause(tmp_path: Path):
    values = tuple(range(1000))
    row_filter = RowFilter(column="x", operator="in", value=values)
    table = pa.table({"n": list(range(2000)), "x": list(range(2000))})
    assert run(table, filter_sql(row_filter, {"x": "integer"})) == list(range(1000))
