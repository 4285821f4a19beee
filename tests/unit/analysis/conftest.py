"""A project's data file with two tables of people, and another project's beside it."""

from __future__ import annotations

import duckdb
import pytest


@pytest.fixture(scope="session")
def project_file(tmp_path_factory):
    """20,000 people in eight areas with an age, 19,000 of them with an income."""
    path = tmp_path_factory.mktemp("project") / "project.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table people as select 'p' || range as person, "
            "'Area ' || (hash(range) % 8) as area, (18 + hash(range * 3) % 60)::int "
            "as age, 'Name ' || range as name from range(20000)"
        )
        connection.execute(
            "create table income as select 'p' || range as person, "
            "round(exp(9 + (hash(range * 7) % 1000) / 500.0), 2) as income "
            "from range(19000)"
        )
    return path


@pytest.fixture(scope="session")
def other_file(tmp_path_factory):
    """Another project's data."""
    path = tmp_path_factory.mktemp("other") / "secret.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table secret as select 'p1' as person, 42 as x")
    return path
