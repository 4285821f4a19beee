"""Handlers that exist only in tests, and worker processes on a database of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from staithe.jobs import registry


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(__file__).with_name("worker_program.py")


@pytest.fixture
def kinds(monkeypatch) -> dict[str, registry.JobKind]:
    """Give an empty registry for one test."""
    empty: dict[str, registry.JobKind] = {}
    monkeypatch.setattr(registry, "_KINDS", empty)
    return empty


@dataclass
class Workshop:
    """A process that holds the database, and the workers that share it."""

    folder: Path
    environment: dict[str, str]
    control: subprocess.Popen[str]
    workers: list[int]

    def call(self, name: str, *given: Any) -> Any:
        """Let the controlling process do something and return its answer."""
        assert self.control.stdin
        assert self.control.stdout
        self.control.stdin.write(json.dumps([name, *given]) + "\n")
        self.control.stdin.flush()
        return json.loads(self.control.stdout.readline())

    def start_worker(self) -> int:
        """Start a worker, leave it running, return its process number."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(self.call("fork", str(log)))
        return self.workers[-1]

    def run_program(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a worker as a program of its own, as an operator does."""
        log = (self.folder / f"program-{'-'.join(words)}.log").open("wb")
        with log:
            return subprocess.Popen(
                [sys.executable, str(PROGRAM), *words],
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def wait_for(self, what: Callable[[], Any], *, seconds: float = 20) -> Any:
        """Return the first true answer, or fail with the workers' logs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = what()
            if answer:
                return answer
            time.sleep(0.05)
        logs = "\n".join(p.read_text() for p in self.folder.glob("*.log"))
        raise AssertionError(f"it did not happen in {seconds} s\n{logs}")

    def mark(self, name: str) -> Path:
        """Return the file by which a handler says where it is."""
        return self.folder / name

    def kill_workers(self) -> None:
        """End the workers of one test that are still there."""
        while self.workers:
            number = self.workers.pop()
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


@pytest.fixture(scope="module")
def shared_workshop(tmp_path_factory, django_db_setup) -> Iterator[Workshop]:
    """Start the controlling process once: loading Django takes a second or two."""
    folder = tmp_path_factory.mktemp("workshop")
    environment = {
        **os.environ,
        "STAITHE_DATABASE_URL": _database_url(folder),
        "STAITHE_HOME": str(folder / "home"),
        "TEST_MARKS": str(folder),
    }
    control = subprocess.Popen(
        [sys.executable, str(PROGRAM), "control"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert control.stdout
    assert control.stdout.readline() == "ready\n"
    yield Workshop(folder, environment, control, [])
    control.communicate()


@pytest.fixture
def workshop(request, shared_workshop) -> Iterator[Workshop]:
    """Give one test worker processes on the kind of database this run is about."""
    if connection.vendor != "sqlite":
        request.getfixturevalue("transactional_db")
    yield shared_workshop
    shared_workshop.kill_workers()


def _database_url(folder: Path) -> str:
    """Return a SQLite file of our own, or the test database of this run."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{folder / 'jobs.sqlite3'}"
    given = connection.settings_dict
    who = f"{given['USER']}:{given['PASSWORD']}@" if given["USER"] else ""
    return f"postgresql://{who}{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"
