"""`staithe serve` as an operator runs it: refuses nonsense, minds its worker, stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from staithe.site.serving import address_of


pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="processes and settings: said once, on SQLite"
)
STAITHE = [sys.executable, "-m", "staithe"]


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home = {"STAITHE_HOME": str(tmp_path / "service"), "STAITHE_DATABASE_URL": ""}
    return os.environ | home


@pytest.fixture
def service(
    environment: dict[str, str], port: int, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the service; kill its whole group at the end if it is still there."""
    command = [*STAITHE, "serve", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    wait_for(lambda: answers(port))
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30):
            return True
    except (urllib.error.URLError, OSError):
        return False


def wait_for(what: Callable[[], object], seconds: float = 120) -> object:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def workers(parent: int) -> list[int]:
    """Return the process numbers of the workers that a service has."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            facts = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if b"worker" in words and facts[1] == str(parent) and facts[0] != "Z":
            found.append(int(folder.name))
    return found


def test_a_worker_that_dies_is_replaced_and_sigterm_ends_both(
    service: subprocess.Popen[bytes], port: int
) -> None:
    [first] = wait_for(lambda: workers(service.pid))
    os.kill(first, signal.SIGKILL)
    [second] = wait_for(lambda: [w for w in workers(service.pid) if w != first])
    time.sleep(3)  # until it has taken over its signals
    service.terminate()
    assert service.wait(timeout=60) == 0
    assert not Path(f"/proc/{second}").exists()
    assert not answers(port)


def test_ctrl_c_ends_both(service: subprocess.Popen[bytes], port: int) -> None:
    [worker] = wait_for(lambda: workers(service.pid))
    os.killpg(service.pid, signal.SIGINT)  # as a terminal does
    assert service.wait(timeout=60) == 0
    assert not Path(f"/proc/{worker}").exists()


def test_a_port_in_use_is_one_sentence(environment: dict[str, str], port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        done = run(environment, "serve", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: Cannot listen at 127.0.0.1:{port}")
    assert len(done.stderr.splitlines()) == 1


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*STAITHE, *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


NONSENSE = {
    "a number": {"STAITHE_MAX_UPLOAD_MB": "many"},
    "a yes or no": {"STAITHE_DEBUG": "perhaps"},
    "a kind of database": {"STAITHE_DATABASE_URL": "mysql://localhost/x"},
    "a port": {"STAITHE_DATABASE_URL": "postgresql://localhost:port/x"},
    "an address": {"STAITHE_BASE_URL": "data.example.org"},
    "a zone": {"STAITHE_TIME_ZONE": "Middle/Earth"},
    "a level": {"STAITHE_LOG_LEVEL": "loud"},
    "a key that is long enough": {"STAITHE_SECRET_KEY": "short"},
    "a file that is there": {"STAITHE_SECRET_KEY_FILE": "/nowhere/at/all"},
    "a folder that can be made": {"STAITHE_HOME": "/proc/staithe"},
}


@pytest.mark.parametrize("what", NONSENSE)
def test_it_refuses_to_start_unless_each_setting_is(
    environment: dict[str, str], what: str
) -> None:
    done = run(environment | NONSENSE[what], "init", *OFFICE)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("Error: STAITHE_"), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_that_is_away_is_one_sentence(
    environment: dict[str, str], port: int
) -> None:
    away = {"STAITHE_DATABASE_URL": f"postgresql://u:hidden@127.0.0.1:{port}/x"}
    for command in ("worker", "doctor"):
        done = run(environment | away, command)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "hidden" not in done.stderr + done.stdout
    assert "FAIL  database: " in done.stdout


def test_a_secret_may_come_from_a_file(
    environment: dict[str, str], tmp_path: Path
) -> None:
    secret = tmp_path / "url"
    secret.write_text(f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}\n")
    done = run(
        environment | {"STAITHE_DATABASE_URL_FILE": str(secret)}, "worker", "--once"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "elsewhere.sqlite3").stat().st_size > 0


def test_the_home_is_for_the_service_alone(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert run(environment, "worker", "--once").returncode == 0
    home = tmp_path / "service"
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "keys" / "django.key").stat().st_mode & 0o077 == 0


HELP = """
import sys
from click.testing import CliRunner
from staithe.site.cli import COMMANDS, staithe
for name in COMMANDS:
    sys.argv = ["staithe", name, "--help"]
    told = CliRunner().invoke(staithe, [name, "--help"])
    assert told.output.startswith("Usage:"), (name, told.exception)
"""


def test_help_needs_no_service(environment: dict[str, str]) -> None:
    """In a process of its own, where no other test has started Django."""
    done = subprocess.run(
        [sys.executable, "-c", HELP],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not Path(environment["STAITHE_HOME"]).exists()


def test_a_check_makes_no_service(environment: dict[str, str]) -> None:
    done = run(environment, "doctor")
    assert done.returncode == 1
    assert "There is no service in" in done.stderr
    assert not Path(environment["STAITHE_HOME"]).exists()


def test_addresses_are_those_at_which_it_listens(
    service: subprocess.Popen[bytes],
    environment: dict[str, str],
    port: int,
    tmp_path: Path,
) -> None:
    """For pages and API, and for a command in another terminal."""
    here = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{here}/api/v1/docs", timeout=30) as answer:
        page = answer.read().decode()
    assert here in page
    assert ":8000" not in page
    link = run(environment, "init", *OFFICE).stdout.splitlines()[-1]
    assert link.startswith(f"{here}/invitations/")
    said = wait_for(lambda: _if_ready((tmp_path / "log").read_text()))
    assert str(said).index("starts at") < str(said).index("It answers now")


OFFICE = ["--organisation", "Office", "--name", "Root", "--email", "r@example.org"]


def _if_ready(log: str) -> str:
    return log if "It answers now" in log else ""


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8391"),
        ("0.0.0.0", "http://127.0.0.1:8391"),
        ("::", "http://[::1]:8391"),
        ("data.example", "http://data.example:8391"),
    ],
)
def test_an_address_can_be_opened(host: str, address: str) -> None:
    assert address_of(host, 8391) == address
