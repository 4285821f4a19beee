"""The example question: made of columns with few values, and always valid SQL."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pytest

from staithe.analysis.examples import example_for
from staithe.exchange.queries import ProjectTable, TableColumn
from staithe.sharing.output_rules import DEFAULT_RULES
from staithe.tables.sql import quote_identifier


def table(name: str, *columns: tuple[str, str, int], people: int = 9) -> ProjectTable:
    described = [TableColumn("person", "text", "", 0)]
    described += [TableColumn(n, kind, "", distinct) for n, kind, distinct in columns]
    return ProjectTable(
        name=name,
        title=name,
        holder="Work",
        grant="GRT-1",
        snapshot="SNP-1",
        paths=(),
        columns=tuple(c.name for c in described),
        described=tuple(described),
        rows=9,
        people=people,
        output=DEFAULT_RULES,
        results_may_leave=True,
    )


def columns_of(tables: Sequence[ProjectTable], sql: str) -> list[str]:
    """Run the SQL on empty tables and return the columns it gives."""
    connection = duckdb.connect()
    try:
        for each in tables:
            names = ", ".join(f"{quote_identifier(c)} VARCHAR" for c in each.columns)
            connection.execute(f"CREATE TABLE {each.name} ({names})")
        return [column[0] for column in connection.execute(sql).description]
    finally:
        connection.close()


SPELLS = table("spells", ("amount", "number", 900), ("region", "text", 6),
               ("sex", "text", 2))  # fmt: skip
CARE = table("care", ("condition", "text", 3), ("note", "text", 5000))
SAME = table("other", ("region", "text", 4))
ODD = table("odd", ('select "x"', "text", 5), ("Ünï code", "boolean", 2))


@pytest.mark.parametrize(
    "tables",
    [[SPELLS], [CARE], [ODD], [SPELLS, CARE], [SPELLS, SAME], [ODD, SPELLS],
     [CARE, ODD, SPELLS]],
)  # fmt: skip
def test_the_sql_gives_the_columns_that_the_table_needs(tables):
    example = example_for(tables)
    assert example is not None
    found = columns_of(tables, example.sql)
    assert found == ["person", example.rows, *filter(None, [example.columns])]
    assert len(set(found)) == len(found)


def test_it_takes_the_columns_with_few_values():
    example = example_for([SPELLS, CARE])
    assert example is not None
    assert (example.rows, example.columns) == ("region", "condition")
    assert example.title == "People by region and condition"


def test_it_counts_records_where_somebody_has_several():
    many = table("visits", ("ward", "text", 4), people=5)
    example = example_for([many])
    assert example is not None
    assert example.measure == "records"
    single = example_for([SPELLS])
    assert single is not None
    assert single.measure == "count"


def test_where_no_column_divides_there_is_no_example():
    assert example_for([]) is None
    assert example_for([table("plain", ("note", "text", 5000))]) is None
    assert example_for([table("flat", ("country", "text", 1))]) is None
