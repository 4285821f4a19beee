"""A demo takes the place of an earlier one whole or not at all, and of nothing else."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest

from staithe.base import holding
from staithe.base.errors import BadInput, Conflict
from staithe.demo import home as homes
from staithe.site import cli


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Return a home as a demo leaves it: two events, one of them the service's own."""
    home = tmp_path / "var"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "ledger.key").write_text("old key")
    homes.mark_made(home, events=2)
    with sqlite3.connect(home / homes.DATABASE) as database:
        database.execute("CREATE TABLE ledger_event (number, actor, name)")
    add(home, 0, "person-1")
    add(home, 1, "service")
    return home


def add(home: Path, number: int, actor: str, name: str = "x:y:done") -> None:
    """Add an event to the log of a home."""
    with sqlite3.connect(home / homes.DATABASE) as database:
        database.execute(
            "INSERT INTO ledger_event VALUES (?, ?, ?)", (number, actor, name)
        )


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder; not what SQLite keeps beside its own."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.fixture
def building(settings, monkeypatch):
    """Let nothing here close the database of the tests or move their temporary files."""
    monkeypatch.setattr(homes, "_close", lambda: None)
    monkeypatch.setattr(
        homes, "_finish", lambda aside: homes.mark_made(aside, events=7)
    )
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setenv("STAITHE_HOME", "before")
    return settings


def test_a_demo_where_nothing_happened_since_is_replaced_without_a_question(made):
    add(made, 2, "service")  # what the service does by itself is no work
    homes.check_home(made, replace=False)
    homes.check_home(made.parent / "none", replace=False)


@pytest.mark.parametrize(
    "event", [("person-1", "x:y:done"), ("service", "registers:correction:proposed")]
)
def test_work_done_since_is_deleted_only_when_asked(made, event):
    add(made, 2, *event)
    with pytest.raises(Conflict, match="holds work done after") as refused:
        homes.check_home(made, replace=False)
    assert "--replace" in refused.value.message
    assert refused.value.exit_code == 2
    homes.check_home(made, replace=True)


@pytest.mark.parametrize("lost", [homes.MARK, homes.DATABASE])
def test_where_nobody_can_tell_it_asks(made, lost):
    (made / lost).write_bytes(b"")
    with pytest.raises(Conflict, match="may hold work done after"):
        homes.check_home(made, replace=False)


def test_a_home_that_is_served_is_never_replaced(made, monkeypatch):
    monkeypatch.setattr(holding, "_HELD", [])
    holding.hold(made)
    for replace in (False, True):
        with pytest.raises(Conflict, match="stop it first"):
            homes.check_home(made, replace=replace)
    holding._HELD.pop().close()
    homes.check_home(made, replace=False)


def test_a_folder_of_other_things_is_never_replaced(tmp_path):
    (tmp_path / "thesis.odt").touch()
    with pytest.raises(BadInput, match="not a demo"):
        homes.check_home(tmp_path, replace=True)


def test_a_demo_that_fails_leaves_what_was_there(made, building):
    before = contents(made)
    with (
        pytest.raises(FileNotFoundError),
        homes.built_aside(made) as aside,
        (aside / "half").open("w"),
    ):
        (aside / "none").read_bytes()
    assert contents(made) == before
    assert [path.name for path in made.parent.iterdir()] == ["var"]
    assert os.environ["STAITHE_HOME"] == str(made)


@pytest.mark.parametrize("mounted", [False, True])
def test_a_demo_that_is_whole_takes_the_place_of_the_old_one(
    made, building, monkeypatch, mounted
):
    """In a mounted folder too, which cannot be renamed."""
    monkeypatch.setattr(Path, "is_mount", lambda _path: mounted)
    leftover = (made if mounted else made.parent) / (
        ".new-demo" if mounted else ".var.new-demo"
    )
    (leftover / "of a demo that was killed").mkdir(parents=True)
    with homes.built_aside(made) as aside:
        assert os.environ["STAITHE_HOME"] == str(aside)
        assert contents(made)["keys/ledger.key"] == b"old key"
        (aside / "new").write_text("world")
    assert contents(made) == {"new": b"world", homes.MARK: b'{"events": 7}\n'}
    assert [path.name for path in made.parent.iterdir()] == ["var"]
    assert made == building.HOME


def test_a_server_started_meanwhile_keeps_its_home(made, building, monkeypatch):
    monkeypatch.setattr(homes, "is_held", lambda _home: True)
    before = contents(made)
    with pytest.raises(Conflict, match="stop it first"), homes.built_aside(made):
        pass
    assert contents(made) == before


@pytest.mark.parametrize(
    "words", [("--seed", "9" * 23), ("--seed", "-1"), ("--people", "0")]
)
def test_a_seed_or_a_size_out_of_range_touches_nothing(
    made, monkeypatch, capsys, words
):
    monkeypatch.setenv("STAITHE_HOME", str(made))
    monkeypatch.setattr("sys.argv", ["staithe", "demo", "--no-serve", *words])
    before = contents(made)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "is not in the range" in capsys.readouterr().err
    assert contents(made) == before
