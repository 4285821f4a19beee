"""The sandbox as pages use it: a question in, a protected table or a sentence out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from staithe.analysis.limits import Limits
from staithe.analysis.sandbox import check_sql, describe_tables, run_query
from staithe.analysis.spec import TableSpec
from staithe.base.errors import (
    AnswerIsNo,
    BadInput,
    Damaged,
    NotFound,
    TooLarge,
    UserError,
)
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.protect import protect_table


JOINED = (
    "select person, area, case when age < 30 then 'under 30' else '30 and over' end "
    "as band, income from people join income using (person)"
)
POLICY = OutputPolicy()


def run(database, sql, spec=None, **limits):
    return run_query(
        database,
        sql,
        spec or TableSpec("area"),
        policy=POLICY,
        limits=Limits(**limits),
    )


def ask(database, sql, spec=None, **limits):
    return protect_table(run(database, sql, spec, **limits).table, POLICY)


@pytest.mark.parametrize("measure", ["count", "records", "sum:income"])
def test_a_table_equals_what_the_engine_gives_without_a_sandbox(project_file, measure):
    """Every published number is the number of a plain GROUP BY."""
    found = ask(project_file, JOINED, TableSpec("area", "band", measure))
    value = "sum(income::decimal(28, 2))" if ":" in measure else "count(*)"
    with duckdb.connect(str(project_file), read_only=True) as connection:
        plain = connection.execute(
            f"select area, band, {value} from ({JOINED}) group by cube(area, band)"
        ).fetchall()
    expected = {(area, band): float(number) for area, band, number in plain}
    assert {cell.key: cell.value for cell in found.cells} == expected
    assert found.audit.safe


def test_the_result_says_which_walls_stood(project_file):
    walls = run(project_file, JOINED).walls
    assert set(walls) == {"network", "limits", "powers", "files", "calls"}


def test_without_a_required_wall_no_query_runs(project_file):
    """A kernel that cannot confine the query gets none: fail closed."""
    with pytest.raises(AnswerIsNo, match="cannot confine"):
        ask(project_file, JOINED, required_walls=("limits", "files", "moat"))


def test_people_are_counted_once_however_many_records_they_have(project_file):
    """A person repeated a hundred times in a cell is one contributor, and dominates."""
    sql = (
        "select person, case when age < 19 then 'young' else 'other' end as band, age "
        "from people union all "
        "select person, 'young', age from people where name = 'Name 7'"
    )
    result = run_query(
        project_file, sql, TableSpec("band", None, "records"), policy=POLICY
    )
    young = next(c for c in result.table.cells if c.key == ("young",))
    assert young.value == young.contributors + (1 if young.top1 == 2 else 0)


def test_somebody_in_two_cells_makes_a_count_of_people_impossible(project_file):
    sql = "select person, 'a' as x from people union select person, 'b' from people"
    with pytest.raises(BadInput, match="more than one cell"):
        ask(project_file, sql, TableSpec("x"))


def test_a_category_that_few_people_carry_never_leaves(project_file):
    """Names as categories: none comes out, since nobody shares one."""
    sql = "select person, case when age = 20 then name else 'rest' end as x from people"
    found = ask(project_file, sql, TableSpec("x"))
    assert {cell.key[0] for cell in found.cells} == {"rest", "(other)", None}
    assert "Name" not in found.to_csv()


def test_one_person_cannot_be_read_through_a_sum(project_file):
    """All others carry nothing: the sum is one person's, and hidden."""
    sql = (
        "select person, income, case when name = 'Name 7' then 'that one' else area "
        "end as x from people join income using (person)"
    )
    found = ask(project_file, sql, TableSpec("x", None, "sum:income"))
    with duckdb.connect(str(project_file), read_only=True) as connection:
        rows = connection.execute(
            "select income from income where person = 'p7'"
        ).fetchall()
    assert str(rows[0][0]) not in found.to_csv()
    assert "that one" not in found.to_csv()


def test_a_constant_cannot_carry_one_persons_figure_past_dominance(project_file):
    sql = (
        "select person, area, 1000000 + case when name = 'Name 7' then income else 0 "
        "end as x from people join income using (person)"
    )
    with pytest.raises(BadInput, match="computed"):
        ask(project_file, sql, TableSpec("area", None, "sum:x"))


def test_rows_of_constants_cannot_carry_it_either(project_file):
    sql = (
        "select person, area from people join income using (person), range(200000) r(i)"
        " where r.i < case when name = 'Name 7' then income else 1000 end"
    )
    with pytest.raises(BadInput, match="repeat records"):
        ask(project_file, sql, TableSpec("area", None, "records"))


def test_nobody_at_all_is_a_sentence(project_file):
    with pytest.raises(BadInput, match="no rows"):
        ask(project_file, "select person, area from people where age > 900")


def test_a_table_of_few_people_is_not_published(project_file):
    sql = "select person, area from people where name in ('Name 1', 'Name 2')"
    with pytest.raises(UserError):
        ask(project_file, sql)


def test_a_query_without_end_is_stopped_on_time(project_file):
    sql = (
        "select a.person, a.area, max(hash_of) as m from (select person, area, "
        "r.i + s.i as hash_of from people, range(10000000) r(i), range(10000000) s(i)) "
        "as a group by a.person, a.area"
    )
    started = time.monotonic()
    with pytest.raises(TooLarge) as caught:
        ask(project_file, sql, seconds=1.5)
    assert caught.value.code in {"timed-out", "stopped", "out-of-memory"}
    assert time.monotonic() - started < 15


def test_memory_is_bounded_and_said_so(project_file):
    sql = (
        "select person, case when median(x) > 3 then 1 else 2 end as area from "
        "(select person, r.i as x from "
        "people, range(3000) r(i)) as q group by person"
    )
    with pytest.raises(TooLarge):
        ask(project_file, sql, memory_mb=64, seconds=10)


def test_no_process_is_left_behind(project_file):
    """After an answer, an error and a timeout, no worker of ours is running."""
    ask(project_file, JOINED)
    with pytest.raises(BadInput):
        ask(project_file, "select 1")
    with pytest.raises(TooLarge):
        ask(
            project_file,
            "select person, area from people, range(100000000) r(i) "
            "where i * i % 7 = 3",
            seconds=1,
        )
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "staithe.analysis.worker" not in found.stdout


def test_a_conversion_that_fails_gives_null_and_no_error(project_file):
    """An error would tell whether a condition holds for somebody."""
    sql = "select person, cast(name as integer) as area, name::date as d from people"
    found = ask(project_file, sql)
    assert {cell.key for cell in found.cells} == {("(missing)",), (None,)}


def test_a_category_of_one_person_looks_like_none(project_file):
    """Nobody, one and nine in `(other)` give a table of the same lines."""
    sql = "select person, case when age < 30 and {} then 'x' else 'y' end as x from people"
    conditions = ("false", "name = 'Name 7'")
    for condition in conditions:
        found = ask(project_file, sql.format(condition), TableSpec("x"))
        assert [cell.key for cell in found.cells] == [("y",), (None,)]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select person, nothing from people", "no column nothing"),
        ("select person, area from nowhere", "no table nowhere"),
        ("selec person", "cannot be understood"),
        ("select person, area + 1 as area from people", "type casts"),
        ("select person, date_trunc('sausage', area) as area from people", "."),
        ("select person from people", "does not return the column area"),
        ("select person, sum(area) as area from people group by person", "."),
    ],
)
def test_mistakes_get_a_sentence_without_a_value_or_a_path(project_file, sql, words):
    with pytest.raises(BadInput) as caught:
        ask(project_file, sql)
    message = caught.value.message
    assert words in message
    assert "Name " not in message
    assert "/" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "copy people to '/tmp/x'",
        "attach '/tmp/x'",
        "install httpfs",
        "select person, repeat('x', 4000000000) as area from people",
        (
            "with recursive r(n) as (select 1 union all select n + 1 from r) "
            "select person, n as area from people, r"
        ),
        "select * from secret",
    ],
)
def test_the_attacks_of_the_issue_are_refused_at_the_front_door(project_file, sql):
    with pytest.raises(BadInput):
        ask(project_file, sql)


def test_a_file_that_is_not_a_database_is_named_damaged(tmp_path):
    bad = tmp_path / "bad.duckdb"
    bad.write_bytes(b"not a database" * 400)
    with pytest.raises(Damaged):
        describe_tables(bad)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        describe_tables(tmp_path / "none.duckdb")


def test_a_nested_column_makes_the_file_unusable(tmp_path):
    """A field of a structure could pass for a table's column."""
    path = tmp_path / "nested.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select 'p' as person, {'a': 1} as s")
    with pytest.raises(Damaged):
        describe_tables(path)


def test_describing_gives_names_and_types_and_no_value(project_file):
    tables = {table.name: table.columns for table in describe_tables(project_file)}
    assert tables["income"] == [("person", "VARCHAR"), ("income", "DOUBLE")]
    assert set(tables) == {"people", "income"}


def test_checking_runs_nothing(project_file):
    """A query that would run for ever is checked at once."""
    sql = "select person, area from people, range(1000000000) r(i) where i % 7 = 99"
    started = time.monotonic()
    check_sql(project_file, sql, TableSpec("area"))
    assert time.monotonic() - started < 15
    with pytest.raises(BadInput):
        check_sql(project_file, sql, TableSpec("elsewhere"))


def test_a_path_with_a_quote_is_only_a_path(project_file, tmp_path):
    odd = tmp_path / "it's; drop.duckdb"
    odd.write_bytes(Path(project_file).read_bytes())
    assert len(describe_tables(odd)) == 2


def test_too_many_cells_are_refused(project_file):
    with pytest.raises(TooLarge, match="more than 3 cells"):
        ask(project_file, JOINED, max_cells=3)


def test_the_workers_environment_is_empty(project_file, monkeypatch):
    """The service's secrets are not handed to the process that runs foreign SQL."""
    from staithe.analysis import sandbox

    monkeypatch.setenv("STAITHE_SECRET_KEY", "do-not-pass-on")
    with sandbox._start() as worker:
        try:
            environment = Path(f"/proc/{worker.pid}/environ").read_bytes()
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
    assert b"do-not-pass-on" not in environment


def test_a_request_that_is_not_ours_is_a_stopped_query():
    """Garbage to the worker ends it; nothing hangs and nothing is printed."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "staithe.analysis.worker"],
        input=b"not json",
        env={},
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    assert done.stdout == b""


@pytest.mark.parametrize(
    "values",
    [
        {"rows": ""},
        {"rows": 3},
        {"rows": "a", "columns": "a"},
        {"rows": "person"},
        {"rows": "a", "measure": "mean"},
        {"rows": "a", "measure": "sum:"},
        {"rows": "a", "cells": 1},
        {},
    ],
)
def test_a_table_that_makes_no_sense_is_refused(values):
    with pytest.raises(BadInput):
        TableSpec.from_dict(values)
