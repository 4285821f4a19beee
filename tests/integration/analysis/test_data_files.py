"""The file that a question reads: what is in it, who shares it, when it goes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from factories import (
    CARE_LINK,
    CARE_SEEN,
    SPELLS_LINK,
    SPELLS_SEEN,
    World,
    population,
    question,
)
from staithe.analysis import datafile
from staithe.analysis.datafile import DataChanged, data_folder, ensure_data_file
from staithe.analysis.models import Query
from staithe.exchange.queries import project_tables
from staithe.sharing import actions as sharing


pytestmark = pytest.mark.django_db


def files(project) -> set[Path]:
    folder = data_folder(project.reference)
    return set(folder.iterdir()) if folder.exists() else set()


def tables_in(path: Path) -> dict[str, list[str]]:
    connection = duckdb.connect(str(path), read_only=True)
    try:
        rows = connection.execute(
            "SELECT table_name, list(column_name ORDER BY column_index) "
            "FROM duckdb_columns() WHERE NOT internal GROUP BY 1"
        ).fetchall()
        views = connection.execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
    finally:
        connection.close()
    assert views == [], "a view is no boundary, so there is none"
    return dict(rows)


def test_the_file_holds_the_granted_tables_and_no_more(two):
    world, project = two
    question(world, project)
    (path,) = files(project)
    assert tables_in(path) == {
        "benefit_spells": ["person", *SPELLS_SEEN],
        "hospital_care": ["person", *CARE_SEEN],
    }
    assert path.stat().st_mode & 0o777 == 0o400
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_second_question_uses_the_same_file(two):
    world, project = two
    question(world, project)
    (path,) = files(project)
    made = path.stat().st_mtime_ns
    question(world, project, by=world.bob)
    assert files(project) == {path}
    assert path.stat().st_mtime_ns == made


def test_two_analysts_with_different_grants_never_share_a_file(home):
    """Cat is named in the second agreement only: her file holds its table alone."""
    world = World(home)
    project = world.project("Two agreements")
    world.agree(project, world.spells(), SPELLS_SEEN, SPELLS_LINK)
    sharing.add_project_member(
        project=project, person=world.cat, by=world.ann, at=world.later()
    )
    world.agree(project, world.care(), CARE_SEEN, CARE_LINK)
    world.join(project)
    question(world, project)
    (anns,) = files(project)
    query = question(world, project, by=world.cat)
    assert query.state == Query.State.REFUSED
    assert "benefit_spells" in query.problem
    (cats,) = files(project) - {anns}
    assert set(tables_in(cats)) == {"hospital_care"}
    assert set(tables_in(anns)) == {"benefit_spells", "hospital_care"}
    # And neither takes the other's file away.
    assert question(world, project).state == Query.State.DONE


def revoke(world, project, number):
    sharing.revoke_agreement(
        agreement=project.grants.order_by("pk")[number].agreement,
        reason="Stop.",
        by=world.olive,
        at=world.later(),
    )


def test_closing_one_grant_deletes_the_file_and_the_next_is_without_it(
    two, django_capture_on_commit_callbacks
):
    world, project = two
    question(world, project)
    (before,) = files(project)
    with django_capture_on_commit_callbacks(execute=True):
        revoke(world, project, 1)
    assert files(project) == set()
    assert question(world, project).state == Query.State.DONE
    (after,) = files(project)
    assert after != before
    assert set(tables_in(after)) == {"benefit_spells"}


def test_a_process_that_dies_leaves_the_deleting_to_a_job(two):
    world, project = two
    question(world, project)
    revoke(world, project, 0)
    assert files(project)
    world.work_off()
    assert files(project) == set()


def test_joining_again_renews_the_file(two, django_capture_on_commit_callbacks):
    world, project = two
    question(world, project)
    with django_capture_on_commit_callbacks(execute=True):
        world.join(project)
    assert files(project) == set()
    assert question(world, project).state == Query.State.DONE


def test_tables_that_vanish_while_a_file_is_built_leave_none(two, monkeypatch):
    world, project = two
    tables = project_tables(project, person=world.ann, at=world.at)
    real = datafile._fill

    def revoke_then_fill(path, tables):
        revoke(world, project, 0)
        revoke(world, project, 1)
        world.work_off()
        real(path, tables)

    monkeypatch.setattr(datafile, "_fill", revoke_then_fill)
    with pytest.raises(DataChanged):
        ensure_data_file(project.reference, tables)
    assert files(project) == set()


def test_a_failed_build_leaves_nothing(two, monkeypatch, home):
    world, project = two
    tables = project_tables(project, person=world.ann, at=world.at)

    def fail(path, tables):
        path.write_bytes(b"half a database")
        raise OSError("no space left on device")

    monkeypatch.setattr(datafile, "_fill", fail)
    with pytest.raises(OSError, match="space"):
        ensure_data_file(project.reference, tables)
    assert files(project) == set()
    assert list((home / "scratch").iterdir()) == []


def test_no_identifier_is_in_the_file(two):
    """Looked for in every byte, and in every value of the tables."""
    world, project = two
    question(world, project)
    (path,) = files(project)
    raw = path.read_bytes().decode("latin-1").lower()
    connection = duckdb.connect(str(path), read_only=True)
    try:
        for name in tables_in_open(connection):
            raw += repr(connection.execute(f"SELECT * FROM {name}").fetchall()).lower()
    finally:
        connection.close()
    values = [
        str(value)
        for table, names in (
            ("spells", ("nino", "surname", "postcode", "claim_ref")),
            ("care", ("nhs_number", "FAMILY_NAME", "record_no")),
        )
        for name in names
        for value in population()[table][name].to_pylist()
        if value is not None and len(str(value)) >= 6
    ]
    assert len(values) > 500
    assert "universal credit" in raw, "the search can find what is there"
    assert not [value for value in values if value.lower() in raw]
    assert "staithe_row" not in raw


def tables_in_open(connection) -> list[str]:
    rows = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return [name for (name,) in rows]
