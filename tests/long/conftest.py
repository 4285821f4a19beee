"""The real service as child processes, to be killed and started again."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest


PROGRAM = Path(__file__).with_name("kill_program.py")


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """Server and worker in one process group, as `staithe serve` starts them."""

    home: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it wrote to stderr, over all its lives."""
        return self.home.parent / "service.log"

    def start(self) -> None:
        """Start it in a group of its own; it may not answer yet."""
        command = [sys.executable, "-m", "staithe", "serve", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=self.environment,
                start_new_session=True,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self, seconds: float = 120) -> float:
        """Wait for its first answer; return how many seconds that took."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=30):
                    return time.monotonic() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(
            f"not ready in {seconds} s\n{self.log.read_text()[-3000:]}"
        )

    def kill(self) -> None:
        """End every process of the group at once, without a word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Witness:
    """A process outside the group that reads the database itself."""

    process: subprocess.Popen[str]

    def ask(self, name: str, given: Any = None) -> Any:
        """Ask one question of `kill_program.py` and return the answer."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([name, given]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the witness died: see its traceback above"
        return json.loads(answer)


@pytest.fixture
def database_url() -> Iterator[str]:
    """Give an empty database of the kind that this run is about: empty for SQLite."""
    given = os.environ.get("STAITHE_DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield ""
        return
    import psycopg

    name = f"staithe_kill_{secrets.token_hex(4)}"
    parts = urlsplit(given)
    whole = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(whole, autocommit=True) as control:
        control.execute(f'CREATE DATABASE "{name}"')
    yield urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(whole, autocommit=True) as control:
        control.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    """Return the settings of a service with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    return os.environ | {
        "STAITHE_HOME": str(home),
        "STAITHE_DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "staithe.site.settings",
    }


@pytest.fixture
def service(environment: dict[str, str]) -> Iterator[Service]:
    """Give a service that is not started yet; end it with the test."""
    made = Service(Path(environment["STAITHE_HOME"]), environment)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.fixture
def witness(environment: dict[str, str]) -> Iterator[Witness]:
    """Give the process that looks at the database."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield Witness(process)
    process.communicate()
