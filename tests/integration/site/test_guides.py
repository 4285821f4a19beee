"""The guides' own commands, run in their order against a real service.

Blocks marked sh and python are run as they stand, in one folder; console blocks are
for reading. Only the port differs.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection


GUIDES = Path(__file__).resolve().parents[3] / "docs" / "guides"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOKENS = """
import json
from staithe.base.clock import now
from staithe.people.actions import create_token
from staithe.people.models import Person
for word in ("requester", "owner"):
    person = Person.objects.get(email=f"{word}@staithe.example")
    print(create_token(person=person, name="guide", by=person, at=now())[1])
"""
pytestmark = [
    pytest.mark.skipif(
        connection.vendor != "sqlite", reason="the guides' examples use SQLite"
    ),
    pytest.mark.skipif(not shutil.which("curl"), reason="NO CURL: guides NOT tested"),
]


@dataclass
class Running:
    """A service of its own, the folder to work in, and how to run things there."""

    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command in the folder; return what came of it."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def serve(self) -> None:
        """Start the service and wait until it answers."""
        port = self.environment["PORT"]
        command = [sys.executable, "-m", "staithe", "serve", "--port", port]
        with (self.folder / "service.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log
            )
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30)
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self.folder / "service.log").read_text())

    def follow(self, guide: str) -> list[str]:
        """Run a guide's blocks one after another; return what each wrote."""
        told = (GUIDES / f"{guide}.md").read_text("utf-8")
        told = told.replace("127.0.0.1:8000", f"127.0.0.1:{self.environment['PORT']}")
        written = []
        for kind, text in BLOCK.findall(told):
            if kind == "console":
                continue
            shell = ["bash", "-euo", "pipefail", "-c", text]
            done = self.run(*(shell if kind == "sh" else [sys.executable, "-c", text]))
            assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
            written.append(done.stdout)
        assert written
        return written


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Give a service that is not started, on a free port, with its own home."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tools = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": tools + os.pathsep + os.environ["PATH"],
        "STAITHE_HOME": str(tmp_path / "home"),
        "STAITHE_DATABASE_URL": "",
        "STAITHE_BASE_URL": f"http://127.0.0.1:{port}",
        "STAITHE_METRICS_TOKEN": "a-token-of-the-scraper",
        "PORT": str(port),
        "PYTHONWARNINGS": "ignore",
    }
    made = Running(tmp_path, environment)
    yield made
    if made.process is not None:
        made.process.terminate()
        made.process.wait(timeout=60)


@pytest.fixture
def demo(running: Running) -> Running:
    """Start the service on a small demo world, with tokens for the cast."""
    command = [sys.executable, "-m", "staithe", "demo"]
    done = running.run(*command, "--people", "300", "--no-serve", "--json")
    assert done.returncode == 0, done.stderr
    django = "import django; django.setup()"
    running.environment["DJANGO_SETTINGS_MODULE"] = "staithe.site.settings"
    made = running.run(sys.executable, "-c", django + TOKENS)
    assert made.returncode == 0, made.stderr
    requester, owner = made.stdout.split()
    running.environment |= {"TOKEN": requester, "OWNER_TOKEN": owner}
    running.serve()
    return running


def test_operating_guide_starts_checks_and_backs_up_a_service(running: Running) -> None:
    """And the backup, made while it runs, is a service that is well."""
    running.serve()
    written = running.follow("operating")
    assert "can sign in now" in written[0]
    assert "FAIL" not in "".join(written)
    assert "staithe_jobs{" in written[2]
    restored = running.environment | {"STAITHE_HOME": str(running.folder / "backup")}
    stop(running)
    again = Running(running.folder, restored)
    again.serve()
    try:
        where = f"http://127.0.0.1:{running.environment['PORT']}"
        with urllib.request.urlopen(f"{where}/api/v1/organisations") as answer:
            assert [o["slug"] for o in json.load(answer)] == ["data-office"]
    finally:
        stop(again)


def stop(running: Running) -> None:
    """End a service and wait for it."""
    assert running.process is not None
    running.process.terminate()
    assert running.process.wait(timeout=60) == 0


def test_guides_of_people_who_use_it_do_what_they_say(demo: Running) -> None:
    """By command, over the API, and with the real Delta Sharing client.

    In one test, because the demo world takes the time.
    """
    follow_the_register_owner(demo)
    use_as_the_registers_page_says(demo)
    written = demo.follow("publishing")
    assert "Published Street trees" in written[1]
    published = json.loads((demo.folder / "published.json").read_text())
    assert published["title"] == "Street trees by ward"
    written = demo.follow("analysing")
    found: Any = json.loads((demo.folder / "found.json").read_text())
    assert found["items"][0]["title"] == "Benefit payments"
    assert "region" in written[1]
    assert "person" in written[-1]


def test_files_are_linked_and_added_to_as_the_guide_says(running: Running) -> None:
    """By commands alone, without a service."""
    written = running.follow("linking-files")
    assert "200 links" in written[0]
    assert "links, by " in written[1]
    for folder in ("linked", "by-names", "january", "february"):
        assert (running.folder / folder / "report.html").is_file()


def follow_the_register_owner(demo: Running) -> None:
    """Declare a register, change it as a program, correct it as anyone."""
    written = demo.follow("registers-owner")
    assert "park: Parks" in written[0]
    made = json.loads((demo.folder / "made.json").read_text())
    assert (made["state"], made["counts"]) == ("applied", {"added": 2})
    assert "P2,South Park,,1905," in written[1]
    assert json.loads(written[2])["state"] == "open"
    (found,) = json.loads(written[3])["records"]
    assert (found["key"], found["matched"]) == ("P1", "The Rec")


def use_as_the_registers_page_says(demo: Running) -> None:
    """Run every line that a register's page offers to copy, but for a spreadsheet's."""
    place = f"http://127.0.0.1:{demo.environment['PORT']}/registers/park"
    lines = {}
    for page in (place, f"{place}/records/P1"):
        with urllib.request.urlopen(page) as answer:
            text = answer.read().decode()
        for block in re.findall(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL):
            lines[html.unescape(block)] = page
    kinds = {"shell": 0, "python": 0}
    for block in lines:
        if block.startswith(("=", "SELECT")):
            continue
        is_python = block.startswith(("import", "from"))
        shell = ["bash", "-euo", "pipefail", "-c", block]
        python = [sys.executable, "-c", block + "\nassert 'P1' in dict(records)"]
        done = demo.run(*(python if is_python else shell))
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        kinds["python" if is_python else "shell"] += 1
    assert kinds == {"shell": 4, "python": 2}
    assert "South Park" in (demo.folder / "park.csv").read_text("utf-8")
