"""Where a demo world lives: built aside, and put in place only when it is whole.

A home that holds anything a demo did not make is never lost unasked: neither a folder
of other things, nor a demo world in which people have worked since.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from staithe.base.errors import BadInput, Conflict
from staithe.base.holding import is_held


MARK = "demo-world.json"
DATABASE = "staithe.sqlite3"
# What the service does by itself is nobody's work; what a stranger proposes is.
LATER = (
    "SELECT COUNT(*) FROM ledger_event WHERE number >= ? AND"
    " (actor <> 'service' OR name = 'registers:correction:proposed')"
)


def check_home(home: Path, *, replace: bool) -> None:
    """Refuse a home that a new demo may not take the place of.

    BadInput where no demo made it. Conflict where a server or worker runs from it, or,
    unless `replace`, where it holds work that the demo did not make.
    """
    if not home.exists() or not any(home.iterdir()):
        return
    if not (home / MARK).exists():
        raise BadInput(
            f"{home} holds something that is not a demo. "
            "Set STAITHE_HOME to a new folder for the demo."
        )
    check_not_held(home)
    changes = None if replace else changes_since(home)
    if replace or changes == 0:
        return
    holds = "may hold" if changes is None else "holds"
    raise Conflict(
        f"The demo in {home} {holds} work done after it was made. To delete that, say "
        "--replace; to keep it, set STAITHE_HOME to a new folder for the demo."
    )


def check_not_held(home: Path) -> None:
    """Raise Conflict where a server or a worker runs from a home."""
    if is_held(home):
        raise Conflict(f"A server or a worker runs from {home}: stop it first.")


def changes_since(home: Path) -> int | None:
    """Count what people changed in a demo since it was made; None where unknown."""
    try:
        events = json.loads((home / MARK).read_bytes())["events"]
        address = f"{(home / DATABASE).as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as database:
            return int(database.execute(LATER, [int(events)]).fetchone()[0])
    except (OSError, ValueError, TypeError, LookupError, sqlite3.Error):
        return None


@contextmanager
def built_aside(home: Path) -> Iterator[Path]:
    """Let the block build a world in a folder aside; then put it in place of `home`.

    The block starts Django in that folder. If it raises, what `home` holds stays.
    """
    aside = open_aside(home)
    os.environ["STAITHE_HOME"] = str(aside)
    try:
        yield aside
        _finish(aside)
        check_not_held(home)
        put_in_place(aside, home)
    except BaseException:
        _close()
        shutil.rmtree(aside, ignore_errors=True)
        raise
    finally:
        os.environ["STAITHE_HOME"] = str(home)
    _move_to(home)


def _finish(aside: Path) -> None:
    from staithe.ledger.models import Event

    mark_made(aside, events=Event.objects.count())
    _close()


def _close() -> None:
    from django.conf import settings
    from django.db import connections

    if settings.configured:
        connections.close_all()


def _move_to(home: Path) -> None:
    """Let what this process starts from now on find the home where it now is."""
    from django.conf import settings

    settings.HOME = home
    tempfile.tempdir = str(home / "tmp")


def open_aside(home: Path) -> Path:
    """Make an empty folder to build in, beside `home` where it can be renamed."""
    parent = home.parent
    parent.mkdir(parents=True, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)
    beside = not home.is_mount() and os.access(parent, os.W_OK)
    aside = parent / f".{home.name}.new-demo" if beside else home / ".new-demo"
    if aside.exists():  # of a demo that was killed
        shutil.rmtree(aside)
    aside.mkdir(mode=0o700)
    return aside


def mark_made(folder: Path, *, events: int) -> None:
    """Note what the demo itself made, so that later work can be told from it."""
    (folder / MARK).write_text(json.dumps({"events": events}) + "\n", "ascii")


def put_in_place(aside: Path, home: Path) -> None:
    """Let the world built aside take the place of what `home` held."""
    old = aside.with_name(f"{aside.name}.old")
    if old.exists():
        shutil.rmtree(old)
    if aside.parent != home:
        home.rename(old)
        aside.rename(home)
    else:  # a mounted folder cannot be renamed: what is in it can
        old.mkdir()
        for path in [each for each in home.iterdir() if each not in {old, aside}]:
            path.rename(old / path.name)
        for path in list(aside.iterdir()):
            path.rename(home / path.name)
        aside.rmdir()
    shutil.rmtree(old)
