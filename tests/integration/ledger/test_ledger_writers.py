"""Writers at one moment, and writers killed, leave one log: no gap, twin or loss.

The writers are processes, as they are in the running service (pages and worker).
"""

from __future__ import annotations

import functools
import json
import operator
import os
import random
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from django.db import connection


WRITE = """
import sys
import django
django.setup()
from staithe.base.clock import now
from staithe.ledger.actions import action, record
from staithe.ledger.models import Event

def make(*, at):
    seen = Event.objects.count()  # what an action reads must hold when it commits
    return record(by=sys.argv[2], at=at, subject="thing:1", seen=seen)

make.__module__ = "staithe.sharing.actions"
act = action("sharing:thing:made")(make)
for _ in range(int(sys.argv[1])):
    print(act(at=now()).number, flush=True)  # acknowledged
"""

LOOK = """
import json
import django
django.setup()
from staithe.base.clock import now
from staithe.ledger import queries
from staithe.ledger.models import Event
signed = queries.latest_checkpoint(at=now())  # checks every leaf and the old head
lines = "".join(queries.export_lines(signed=signed, with_bodies=True))
actors = {e.number: e.actor for e in Event.objects.all()}
seen = {e.number: json.loads(e.body)["seen"] for e in Event.objects.all()}
found = {"size": signed.size, "actors": actors, "seen": seen, "export": lines}
print(json.dumps(found))
"""

MIGRATE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", "ledger", verbosity=0)
"""


@pytest.fixture
def run(transactional_db, tmp_path):
    """Return what starts a script on a database that processes can share.

    That is the test database on PostgreSQL; on SQLite, where the test database is in
    memory, a file of its own.
    """
    given = connection.settings_dict
    if connection.vendor == "postgresql":
        user, password = quote(given["USER"]), quote(given["PASSWORD"])
        place = f"{given['HOST']}:{given['PORT']}" if given["PORT"] else given["HOST"]
        url = f"postgresql://{user}:{password}@{place}/{quote(given['NAME'])}"
    else:
        url = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    home = str(tmp_path / "home")
    environment = {**os.environ, "STAITHE_DATABASE_URL": url, "STAITHE_HOME": home}

    def start(script: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    if connection.vendor == "sqlite":
        migration = start(MIGRATE)
        migration.communicate(timeout=60)
        assert migration.returncode == 0
    return start


def look(run) -> dict:
    """Return what the log holds, having signed and so checked it."""
    output, _ = run(LOOK).communicate(timeout=60)
    return json.loads(output)


def numbers(output: str) -> list[int]:
    return [int(line) for line in output.splitlines()]


def test_writers_at_once_share_out_the_numbers_without_a_gap(run, tmp_path):
    """And each acts on what is true when it commits: one action runs at a time."""
    from staithe.ledger.verify import verify

    writers = {name: run(WRITE, "40", name) for name in ("a", "b", "c")}
    wrote = {
        name: numbers(writer.communicate(timeout=120)[0])
        for name, writer in writers.items()
    }
    found = look(run)
    assert found["size"] == 120
    assert sorted(functools.reduce(operator.iadd, wrote.values(), [])) == list(
        range(120)
    )
    assert found["seen"] == {str(number): number for number in range(120)}
    for name, own in wrote.items():
        assert own == sorted(own)
        assert {found["actors"][str(number)] for number in own} == {name}
    (tmp_path / "log.jsonl").write_text(found["export"], "utf-8")
    assert verify(str(tmp_path / "log.jsonl")).bodies == 120


def test_a_writer_killed_at_any_moment_loses_nothing_acknowledged(run, tmp_path):
    from staithe.ledger.verify import verify

    chance = random.Random(9)
    acknowledged: dict[int, str] = {}
    for round_ in range(6):
        writer = run(WRITE, "100000", f"writer:{round_}")
        first = int(writer.stdout.readline())
        time.sleep(chance.uniform(0, 0.15))
        writer.kill()
        rest, _ = writer.communicate(timeout=30)
        whole = [line for line in rest.splitlines(keepends=True) if line[-1] == "\n"]
        for number in (first, *map(int, whole)):
            assert number not in acknowledged
            acknowledged[number] = f"writer:{round_}"
    found = look(run)
    assert sorted(map(int, found["actors"])) == list(range(found["size"]))
    for number, actor in acknowledged.items():
        assert found["actors"][str(number)] == actor
    # A kill may fall between commit and acknowledgement: one event a writer at most.
    assert found["size"] - len(acknowledged) <= 6
    (tmp_path / "log.jsonl").write_text(found["export"], "utf-8")
    assert verify(str(tmp_path / "log.jsonl")).size == found["size"]
