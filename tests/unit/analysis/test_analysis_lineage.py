"""Lineage: one person's value cannot be spread over other people's rows."""

from __future__ import annotations

import duckdb
import pytest

from staithe.analysis.gate import check_query
from staithe.base.errors import BadInput


TABLES = {
    "people": ["person", "area", "age", "name"],
    "income": ["person", "income"],
    "visits": ["person", "day", "cost"],
}

SMEARS = {
    "a cross join": "select p.person, i.income from people p, income i "
    "where i.person = 'p1'",
    "a join on something else": "select p.person, i.income from people p "
    "join income i on p.name = i.income::varchar",
    "a join that may be on the person": "select p.person, i.income from people p "
    "join income i on p.person = i.person or i.person = 'p1'",
    "an unequal join": "select p.person, i.income from people p "
    "join income i on p.person <> i.person",
    "a left join with a WHERE": "select p.person, i.income from people p "
    "left join income i on true where p.person = i.person or i.person is null",
    "a computed person": "select p.person || '' as person, area from people p",
    "a constant person": "select 'p1' as person, area from people",
    "a swapped person": "select i.name as person, person as other from people i",
    "a column that takes the name": "select person as pid, area as person from people",
    "a min over everybody": "select min(person) as person, sum(income) s from income",
    "groups of many": "select any_value(person) person, area from people group by area",
    "groups by another key": "select max(person) as person, area, sum(age) s "
    "from people group by area",
    "a group by an alias": "select area as p, min(person) as person from people "
    "group by p",
    "grouping sets": "select person, sum(cost) s from visits "
    "group by grouping sets ((person), ())",
    "rollup": "select person, day, sum(cost) s from visits group by rollup(person, day)",
    "having without a group": "select min(person) person from visits having true",
    "an aggregate in ORDER BY": "select person from visits order by sum(cost)",
    "a group's average joined back": "with g as (select area, max(age) as m "
    "from people group by area) select person, m from people join g using (area)",
    "an average of all joined back": "with m as (select max(income) as m from income) "
    "select person, m from people, m",
    "an average of all with GROUP BY ALL": "with m as (select max(income) as m "
    "from income group by all) select person, m from people, m",
    "a window over everybody": "select person, max(cost) over () as m from visits",
    "a window within another key": "select person, first_value(cost) over "
    "(partition by day order by cost) as m from visits",
    "a scalar sub-query": "select person, (select income from income "
    "where person = 'p1') as income from people",
    "a scalar sub-query in WHERE": "select person, area from people where age > "
    "(select max(age) from people where name = 'x')",
    "an EXISTS": "select person, area from people where exists "
    "(select 1 from income where income > 5)",
    "an IN on another column": "select person, area from people where area in "
    "(select area from people where name = 'x')",
    "an IN of something else": "select person, area from people where person in "
    "(select name from people)",
    "a lateral sub-query": "select p.person, q.income from people p, "
    "lateral (select income from income where income > p.age) as q",
    "a constant made of data": "with c as (select x from (values (1), (2)) v(x) "
    "semi join income i on i.income = v.x) select person, x from people, c",
    "a constant filtered by data": "with c as (select x from (values (1)) v(x) where x "
    "in (select age from people where name = 'x')) select person, x from people, c",
    "a union of places": "select person, name from people union all "
    "select name, person from people",
    "a union with constants": "select person, area from people union all "
    "select 'p1', 'x'",
    "a star in a union": "select * from people union all select * from people",
    "a natural join": "select * from people natural join income",
    "a positional join": "select p.person, income from people p "
    "positional join income i",
    "an asof join": "select p.person, income from people p "
    "asof join income i on p.age >= i.income",
    "a renamed base table": "select person, area from people as t(area, person)",
    "a renamed sub-query": "select person, x from (select person, income from income) "
    "as q(x, person)",
    "a renamed WITH": "with q(x, person) as (select person, income from income) "
    "select person, x from q",
    "a WITH that hides a table": "with income as (select person, age as income "
    "from people) select person, income from income",
    "the same alias twice": "select t.person, t.income from people t join income t "
    "on t.person = t.person",
    "a replaced person": "select * replace (name as person) from people",
    "a quoted lookalike": 'select "pers\u00f6n" as person, area from people',
    "no person at all": "select area, income from people join income using (person)",
    "a sub-query without a person": "select p.person, q.income from people p join "
    "(select income from income) q on p.age = q.income",
    "a using on another column": "select a.person, b.name from people a "
    "join people b using (area)",
    "a join through an alias of data": "select q.person, i.income from "
    "(select person, name as other from people) q join income i on q.other = i.person",
    "an outer condition for an inner join": "select a.person, b.income, c.cost "
    "from people a left join (income b join visits c on true) on a.person = b.person",
}


@pytest.mark.parametrize("sql", SMEARS.values(), ids=SMEARS.keys())
def test_spreading_one_persons_data_is_refused(sql):
    with pytest.raises(BadInput) as caught:
        check_query(sql, tables=TABLES)
    assert caught.value.message.endswith(".")


def test_the_refusal_says_how_to_write_it():
    with pytest.raises(BadInput, match=r"JOIN \.\.\. USING \(person\)"):
        check_query(SMEARS["a cross join"], tables=TABLES)
    with pytest.raises(BadInput, match="PARTITION BY person"):
        check_query(SMEARS["a window over everybody"], tables=TABLES)
    with pytest.raises(BadInput, match="add person to the GROUP BY"):
        check_query(SMEARS["a group's average joined back"], tables=TABLES)


SUMMABLE = {
    "select person, area, income from people join income using (person)": {
        "area",
        "income",
    },
    "select person, sum(cost) as cost from visits group by person": {"cost"},
    "select person, avg(cost) as c, cost from visits group by all": {"c", "cost"},
    "select person, income + 1000000 as income, area from people "
    "join income using (person)": {"area"},
    "select person, case when name = 'x' then age else 50000 end as a from people": set(),
    "select person, income * 1 as a from income": set(),
    "select person, sum(income + 50) as a from income group by person": set(),
    "select person, max(1000000) as a from income group by person": set(),
    "select person, age as a from people union all "
    "select person, 1000000 from people": set(),
    "with q as (select person, age + 9999 as a from people) select person, a from q": set(),
}


@pytest.mark.parametrize(("sql", "columns"), SUMMABLE.items())
def test_only_recorded_values_and_their_totals_can_be_summed(sql, columns):
    """A constant that all carry would hide one person's figure from dominance."""
    assert set(check_query(sql, tables=TABLES).summable) == columns


@pytest.mark.parametrize(
    "sql",
    [
        "select person, area from people, range(1000) r(i) where r.i < age",
        "select person, unnest([1, 2]) as x from people",
        "select person, area from people join (values (1)) v(x) on x < age",
    ],
)
def test_rows_that_could_repeat_people_are_noticed(sql):
    assert check_query(sql, tables=TABLES).multiplies


def test_the_engine_reads_a_dotted_name_as_table_and_column_first():
    """The proof reads `a.person` as the column of table a; so must the engine."""
    with duckdb.connect() as connection:
        connection.execute("create table a as select 1 as person, {'person': 2} as a")
        assert connection.execute("select a.person from a").fetchall() == [(1,)]


def test_the_engine_prefers_columns_to_aliases_in_a_group():
    """`group by person` means the column even where an alias has that name."""
    with duckdb.connect() as connection:
        connection.execute("create table t as select range as person from range(3)")
        rows = connection.execute(
            "select 1 as x, count(*) from t group by person"
        ).fetchall()
        assert len(rows) == 3
