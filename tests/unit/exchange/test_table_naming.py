"""Names of tables: each can be typed in SQL as it is, and each is its own."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.ids import to_slug
from staithe.exchange.naming import table_name


WORDS = ["select", "table", "order", "2011-census", "in", "left", "values", "struct"]


@settings(deadline=None)  # an engine starts for each example
@given(st.text(max_size=80) | st.sampled_from(WORDS))
def test_a_table_can_be_named_in_sql_without_quotes(title):
    name = table_name(to_slug(title), taken=())
    connection = duckdb.connect()
    try:
        connection.execute(f"CREATE TABLE {name} AS SELECT 1 AS x")
        connection.execute(f"SELECT x FROM {name} AS t JOIN {name} AS u USING (x)")
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("benefit-spells", "benefit_spells"),
        ("2011-census", "data_2011_census"),
        ("order", "data_order"),
        ("hospital-care-and-long-term-conditions", "hospital_care_and_long_term"),
        ("x" * 60, "x" * 30),
    ],
)
def test_a_name_is_the_title_where_that_will_do(slug, name):
    assert table_name(slug, taken=()) == name


def test_a_second_table_of_a_name_has_a_number():
    taken: set[str] = set()
    for wanted in ("order", "order", "order"):
        taken.add(table_name(wanted, taken=taken))
    assert taken == {"data_order", "data_order_2", "data_order_3"}
