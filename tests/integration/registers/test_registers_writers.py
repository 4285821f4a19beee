"""Writers at one moment, and writers killed, leave a log without gap, twin or loss."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from django.db import connection

from staithe.registers import rsf
from staithe.registers.register import read_register
from staithe.registers.verify import verify


MAKE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from staithe.base.clock import now
from staithe.registers.actions import create_register
from staithe.registers.schema import Field
create_register(name="town", title="T", owner=None, by=None, at=now(), fields=[Field("name")])
"""

WRITE = """
import sys
import django; django.setup()
from staithe.base.clock import now
from staithe.registers.actions import append_entries
from staithe.registers.models import Register
name, count = sys.argv[1], int(sys.argv[2])
register = Register.objects.get(name="town")
for n in range(count):
    changes = [(f"{name}-{n}-{i}", {"town": f"{name}-{n}-{i}", "name": "x"}) for i in range(3)]
    append_entries(register=register, changes=changes, by=None, at=now())
    print(n, flush=True)  # acknowledged
"""

LOOK = """
import sys
import django; django.setup()
from staithe.base.clock import now
from staithe.registers import export, heads, reading
from staithe.registers.models import Register
register = Register.objects.get(name="town")
found = reading.records(register.pk, 1, register.records)
assert len(found) == register.records == register.size, (len(found), register.size)
heads.latest_checkpoint(register, at=now())  # checks that it continues the last
pieces = list(export.sealed(register))
sys.stdout.buffer.write(b"".join(piece for piece, _ in pieces))
open(sys.argv[1], "w").write(pieces[-1][1])
"""


@pytest.fixture
def run(transactional_db, tmp_path):
    """Return what starts a script on a database that processes can share."""
    given = connection.settings_dict
    url = f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    if connection.vendor == "postgresql":
        user, password = quote(given["USER"]), quote(given["PASSWORD"])
        place = f"{given['HOST']}:{given['PORT']}" if given["PORT"] else given["HOST"]
        url = f"postgresql://{user}:{password}@{place}/{quote(given['NAME'])}"
    home = str(tmp_path / "home")
    environment = {**os.environ, "STAITHE_DATABASE_URL": url, "STAITHE_HOME": home}

    def start(script: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", script, *arguments]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)

    made = start(MAKE)
    made.communicate(timeout=120)
    assert made.returncode == 0
    return start


def looked(run, folder) -> set[str]:
    """Return the keys that the register holds, once its export has been verified."""
    side = folder / "town.rsf.sig"
    data, _ = run(LOOK, str(side)).communicate(timeout=60)
    (folder / "town.rsf").write_bytes(data)
    verify(str(folder / "town.rsf"))
    return set(read_register("town", rsf.lines_of([data])).records())


def test_two_writers_at_once_and_writers_killed_leave_a_whole_log(run, tmp_path):
    """Each change of three entries is there whole or not at all."""
    pair = {name: run(WRITE, name, "12") for name in ("a", "b")}
    for writer in pair.values():
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    expected = {f"{name}-{n}-{i}" for name in pair for n in range(12) for i in range(3)}
    assert looked(run, tmp_path) == expected
    chance = random.Random(2)
    for round_ in range(4):
        writer = run(WRITE, f"k{round_}", "100000")
        writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.2))
        writer.kill()
        rest, _ = writer.communicate(timeout=30)
        for n in range(1 + rest.count(b"\n")):
            expected.update(f"k{round_}-{n}-{i}" for i in range(3))
    held = looked(run, tmp_path)
    assert expected <= held
    groups = {key.rpartition("-")[0] for key in held}
    assert len(held) == 3 * len(groups)
    # A kill may fall between commit and acknowledgement: one change a writer at most.
    assert len(held - expected) <= 3 * 4
