"""The main job, end to end, with the ledger broken once before every action.

The demo's story is the longest path through the program and calls most actions with
real arguments; the rest are called by hand, room by room, in tests/calls. Before an action of a
name runs for the first time it is run with a ledger that cannot be written: it must
fail and leave the database and the home folder as they were.
"""

from __future__ import annotations

import copy
import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import staithe
from calls import (
    analysis,
    catalogue,
    exchange,
    ledger,
    linkage,
    people,
    registers,
    sharing,
)
from staithe.accountability.models import Credit
from staithe.demo.story import Scene, tell
from staithe.demo.telling import Telling
from staithe.ledger import recording
from staithe.ledger.actions import ACTIONS, HANDLERS
from staithe.ledger.models import Event
from staithe.registers.storage import Plan


PEOPLE = 600
STARTS_SOMETHING = {"__main__", "wsgi"}  # runs, or configures logs, when imported


class LedgerBroken(Exception):
    """The ledger cannot be written."""


class Probe:
    """Breaks the ledger before the first call of each action."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.patch = patch
        self.tried: set[str] = set()
        self.breaking = False

    def watch(self) -> None:
        """Stand before every registered action."""
        for name, known in list(ACTIONS.items()):
            wrapped = recording.Action(name, self._before(name, known.function))
            self.patch.setitem(ACTIONS, name, wrapped)

    def _before(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            # Also inside another action: there a savepoint is rolled back.
            if name not in self.tried and not self.breaking:
                self.tried.add(name)
                self._try_broken(name, function, args, kwargs)
            return function(*args, **kwargs)

        return call

    def _try_broken(
        self, name: str, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        before = (_rows(), _files(self.home))
        with self._broken_ledger(), pytest.raises(LedgerBroken):
            function(*_copied(args), **_copied(kwargs))
        after = (_rows(), _files(self.home))
        assert after == before, f"{name} left something behind"

    @contextmanager
    def _broken_ledger(self) -> Iterator[None]:
        def fail(**_: Any) -> None:
            raise LedgerBroken

        self.breaking = True
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recording, "_append", fail)
            yield
        self.breaking = False


def _copied(arguments: Any) -> Any:
    """Copy what a call is given; a plan's file cannot be copied and is only read."""
    values = arguments.values() if isinstance(arguments, dict) else arguments
    shared = {id(each): each for each in values if isinstance(each, Plan)}
    return copy.deepcopy(arguments, shared)


def _rows() -> dict[str, list[str]]:
    """Return every row of every table, as the database holds them."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
    assert any(found.values())
    return found


def _files(home: Path) -> dict[str, str]:
    files = (path for path in home.rglob("*") if path.is_file())
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def import_every_module() -> None:
    """Import all of the program, so that every action is in the registry."""
    for module in pkgutil.walk_packages(staithe.__path__, "staithe."):
        if module.name.rpartition(".")[2] not in STARTS_SOMETHING:
            importlib.import_module(module.name)


@pytest.fixture
def scene(
    home: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> tuple[Scene, Probe]:
    """Tell the story with the probe before every action."""
    import_every_module()
    probe = Probe(home, monkeypatch)
    probe.watch()
    telling = Telling("http://testserver", quiet=True)
    return tell(people=PEOPLE, seed=3, telling=telling), probe


def test_main_job_ends_in_a_released_table_and_every_action_rolls_back(
    scene: tuple[Scene, Probe], tmp_path: Path
) -> None:
    """The story releases a table, credits holders, and no action writes unrecorded."""
    told, probe = scene
    asset = told.output.released_as
    assert asset is not None
    assert asset.access_rights == "OPEN"
    assert told.telling.facts["linkage"]["f1"] > 0.9
    assert Credit.objects.count() == 2
    _call_the_rest(told, tmp_path)
    missed = sorted(set(ACTIONS) - probe.tried)
    assert not missed, f"no call of these actions was tested: {missed}"
    assert set(HANDLERS) <= set(ACTIONS), "a handler waits for an unknown event"
    numbers = list(Event.objects.values_list("number", flat=True))
    assert numbers == list(range(len(numbers)))


def _call_the_rest(told: Scene, folder: Path) -> None:
    people.call(told)
    registers.call(told)
    catalogue.call(told, folder)
    sharing.call(told)
    analysis.call(told)
    linkage.call(told)
    exchange.call(told)
    ledger.call(told)
