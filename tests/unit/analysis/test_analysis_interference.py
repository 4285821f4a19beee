"""One person's data never changes another person's rows: tried on random queries.

The claim behind every count of contributors. Queries are drawn from a grammar that
makes good and bad ones alike; those that the gate accepts are run twice, on data that
differs in one person only, and the other people's rows must be the same.
"""

from __future__ import annotations

import random
from collections import Counter

import duckdb
import pytest

from staithe.analysis.gate import check_query
from staithe.base.errors import BadInput


TABLES = {"a": ["person", "x", "g"], "b": ["person", "y", "g"]}
CHANGED = "p0"
QUERIES = 700

VALUES = [
    *["person", "x", "y", "s.x", "t.y", "s.person", "t.person", "s.g", "t.g", "g"] * 2,
    *["sum(x)", "max(y)", "count(*)", "min(s.g)", "x + 1", "1", "'k'"],
    "max(x) over (partition by person)",
    "max(s.x) over (partition by s.person order by s.x)",
    "max(x) over (partition by g)",
    "sum(y) over ()",
    "(select max(x) from a)",
    "s.person in (select person from b where y > 2)",
    "x in (select y from b)",
    "case when x > 3 then g else 'low' end",
]
CONDITIONS = [
    *["s.person = t.person"] * 5,
    "t.person = s.person and s.g = t.g",
    *["s.g = t.g", "s.x = t.y", "true", "s.person <> t.person"],
    "s.person = t.person or s.x > 3",
]
WHERES = [
    *["", "", "", "", "where s.person = t.person", "where s.g in ('g1', 'g2')"],
    *["where s.person in (select person from b)", "where x > (select min(y) from b)"],
    "where s.x in (select y from b)",
]
GROUPS = [
    *[
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "group by person",
        "group by s.person, s.g",
        "group by s.g",
    ],
    *["group by all", "group by 1", "group by 1, 2", "group by cube(s.person, s.g)"],
    *["group by v", "group by p"],
]
FIRST = [*["s.person"] * 6, "person", "t.person as person", "s.g as person"]
NAMES = ["x", "y", "g", "v", "person", "p"]
JOINS = ["join", "left join", "right join", "full join", "semi join", "anti join"]


class Grammar:
    """Writes one query after another from a seed."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)

    def source(self, depth: int) -> str:
        plain = [*["a", "b"] * 5, "(values (1), (5))", "range(3)"]
        if depth and self.pick.random() < 0.4:
            return f"({self.query(depth - 1)})"
        return self.pick.choice(plain)

    def read(self, depth: int) -> str:
        left, right = self.source(depth), self.source(depth)
        shape = self.pick.randrange(6)
        if shape < 2 or (shape == 2 and not depth):
            return f"{left} as s"
        if shape == 2:
            column = self.pick.choice(["person", "person", "person", "g"])
            return (
                f"{left} as s {self.pick.choice(JOINS)} {right} as t using ({column})"
            )
        if shape == 3:
            return f"{left} as s, {right} as t"
        condition = self.pick.choice(CONDITIONS)
        return f"{left} as s {self.pick.choice(JOINS)} {right} as t on {condition}"

    def items(self) -> str:
        if self.pick.random() < 0.1:
            return self.pick.choice(["*", "s.*", "s.person, t.*"])
        found = [self.pick.choice(FIRST)]
        for _ in range(self.pick.randrange(3)):
            value = self.pick.choice(VALUES)
            named = self.pick.random() < 0.6
            found.append(f"{value} as {self.pick.choice(NAMES)}" if named else value)
        return ", ".join(found)

    def query(self, depth: int) -> str:
        made = (
            f"select {self.items()} from {self.read(depth)} "
            f"{self.pick.choice(WHERES)} {self.pick.choice(GROUPS)}"
        )
        if depth and self.pick.random() < 0.15:
            return f"{made} union all {self.query(0)}"
        return made


@pytest.fixture
def worlds():
    """Two worlds that differ in everything about one person and nothing else."""
    made = []
    for shift in (0, 1):
        connection = duckdb.connect(config={"threads": 1})
        for table, column in (("a", "x"), ("b", "y")):
            connection.execute(
                f"create table {table} (person text, {column} int, g text)"
            )
            rows = [(f"p{i}", i % 5, f"g{i % 3}") for i in range(1, 7)]
            rows += [(f"p{i}", (i * 3) % 7, f"g{i % 2}") for i in range(2, 6)]
            mine = [(CHANGED, 4 - 3 * shift, f"g{2 - shift}")] * (1 + 2 * shift)
            connection.executemany(f"insert into {table} values (?, ?, ?)", rows + mine)
        made.append(connection)
    yield made
    for connection in made:
        connection.close()


def others(connection, sql):
    """The rows of everybody else, as a multiset."""
    text = f'select "person", r.* from ({sql}) as r'
    rows = connection.execute(text).fetchall()
    return Counter(row for row in rows if row[0] not in {None, CHANGED})


def test_a_change_in_one_person_changes_nobody_elses_rows(worlds):
    grammar = Grammar(seed=20240229)
    seen: Counter[str] = Counter()
    for _ in range(QUERIES):
        sql = grammar.query(depth=grammar.pick.randrange(3))
        try:
            checked = check_query(sql, tables=TABLES)
        except BadInput:
            seen["refused"] += 1
            continue
        try:
            results = [others(world, checked.sql) for world in worlds]
        except duckdb.Error:  # the gate does not check types: the engine did
            seen["failed"] += 1
            continue
        seen["ran"] += 1
        seen["gave rows"] += bool(results[0])
        assert results[0] == results[1], sql
    assert seen["gave rows"] >= 40, seen
    assert seen["refused"] >= 300, seen


def test_the_worlds_do_differ_for_a_query_that_smears(worlds):
    """The oracle has teeth: what the gate refuses does change other people's rows."""
    sql = "select s.person, t.y from a as s, b as t"
    assert others(worlds[0], sql) != others(worlds[1], sql)
    with pytest.raises(BadInput):
        check_query(sql, tables=TABLES)
