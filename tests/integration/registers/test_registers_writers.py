"""Writers at one moment, and writers killed, leave a log without gap, twin or loss."""

from __future__ import annotations

import json
import os
import pwd
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg
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
import sys, time
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
    time.sleep(float(sys.argv[3]))
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


FILL = """
import resource, sys
from secrets import token_hex  # nothing that a database could pack
import django; django.setup()
from django.db import OperationalError
from staithe.base.clock import now
from staithe.base.outage import as_outage
from staithe.registers.actions import append_entries
from staithe.registers.models import Register
register = Register.objects.get(name="town")
if most := int(sys.argv[1]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
for n in range(10_000):
    keys = [f"{sys.argv[2]}-{n}-{i}" for i in range(3)]
    changes = [(key, {"town": key, "name": token_hex(int(sys.argv[3]))}) for key in keys]
    try:
        append_entries(register=register, changes=changes, by=None, at=now())
    except OperationalError as error:
        # PostgreSQL may fall over instead, and say that it is recovering.
        assert as_outage(error).code in sys.argv[4], error
        break
    print(n, flush=True)
else:
    sys.exit("the disk never filled")
"""

READ = """
import json, sys
import django; django.setup()
from django.test import Client
from staithe.ledger import checkpoint
from staithe.registers import rsf
from staithe.registers.register import read_register
client = Client()
def get(path):
    return client.get("/registers/town/" + path, headers={"host": "127.0.0.1"})
seen = {}
for _ in range(int(sys.argv[1])):
    numbers = [int(r["entry-number"]) for r in get("v1/records?page-size=5000").json().values()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "a list of two states"
    context = get("v2/context").json()
    counts = context["statistics"]
    assert counts["total-entries"] == counts["total-records"] == counts["total-blobs"]
    lines = b"".join(get("v1/download-rsf").streaming_content)
    held = read_register("town", rsf.lines_of([lines]))  # its root lines are checked
    head = checkpoint.read_unverified(get("checkpoint").text)
    assert len(numbers) < 5000, "more than a page: the test is too slow to tell"
    sizes = [len(numbers), counts["total-entries"], held.size, head.size]
    assert sizes == sorted(sizes), "a later read showed an earlier state"
    assert not any(size % 3 for size in sizes), "part of a change was seen"
    seen[head.size] = head.root.hex()
print(json.dumps(seen))
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
    return starter(url, tmp_path)


def starter(url: str, folder: Path):
    """Return what starts a script on a database, which holds a register by then."""
    home = str(folder / "home")
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
    pair = {name: run(WRITE, name, "12", "0") for name in ("a", "b")}
    for writer in pair.values():
        writer.communicate(timeout=120)
        assert writer.returncode == 0
    expected = {f"{name}-{n}-{i}" for name in pair for n in range(12) for i in range(3)}
    assert looked(run, tmp_path) == expected
    chance = random.Random(2)
    for round_ in range(4):
        writer = run(WRITE, f"k{round_}", "100000", "0")
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


def test_readers_beside_writers_see_one_state_or_the_next(run, tmp_path):
    """Lists, counts, downloads and checkpoints are each of one moment."""
    pair = [run(WRITE, name, "800", "0.02") for name in ("a", "b")]
    for writer in pair:
        writer.stdout.readline()
    reader = run(READ, "6")
    said, _ = reader.communicate(timeout=120)
    for writer in pair:
        writer.kill()
        writer.communicate(timeout=30)
    assert reader.returncode == 0
    looked(run, tmp_path)
    whole = read_register("town", rsf.lines_of([(tmp_path / "town.rsf").read_bytes()]))
    seen = {int(size): root for size, root in json.loads(said.splitlines()[-1]).items()}
    assert len(seen) > 1, "the writers were never seen at work"
    for size, root in seen.items():
        assert whole.root(size=size).hex() == root


def test_a_full_disk_leaves_the_log_as_it_was(run, tmp_path):
    """What was acknowledged is there, what was not is not, and writing goes on later.

    The limit on the size of files fails a write where a full disk would. It reaches
    files of SQLite alone: PostgreSQL has a test of its own, on a small disk.
    """
    if connection.vendor != "sqlite":
        pytest.skip("tested by test_a_full_disk_under_postgres (--long)")
    run(WRITE, "a", "3", "0").communicate(timeout=60)
    expected = {f"a-{n}-{i}" for n in range(3) for i in range(3)}
    for room in (8_000, 600_000):  # bytes: too few for one change, enough for some
        writer = run(FILL, str(room), f"f{room}", "450", "no-room")
        said, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        done = said.count(b"\n")
        assert bool(done) == (room > 8_000)
        expected |= {f"f{room}-{n}-{i}" for n in range(done) for i in range(3)}
        assert looked(run, tmp_path) == expected
    run(WRITE, "z", "2", "0").communicate(timeout=60)
    expected |= {f"z-{n}-{i}" for n in range(2) for i in range(3)}
    assert looked(run, tmp_path) == expected


SMALL_DISK = """
mount -t tmpfs -o size=90m,mode=0755,uid={uid},gid={gid} tmpfs {folder}
cd {folder}
{become} {bin}/initdb -D {folder}/db -U staithe -A trust --wal-segsize=1 -E UTF8 \
  --locale=C --no-sync
{become} head -c 12000000 /dev/zero > {folder}/ballast
exec {become} {bin}/postgres -D {folder}/db -p {port} -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories= -c max_wal_size=4MB -c min_wal_size=2MB
"""


@contextmanager
def open_folder():
    """Give a folder that another account can reach, as pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="staithe-disk-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def postgres_on_small_disk():
    """Run a cluster of its own in 90 MB of memory; give its address and its ballast."""
    bins = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    can_mount = subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0
    if not bins or not can_mount:
        pytest.skip("needs PostgreSQL's programs and leave to mount: NOT tested here")
    account, port = pwd.getpwnam("postgres"), free_port()
    become = f"setpriv --reuid={account.pw_uid} --regid={account.pw_gid} --clear-groups"
    given = {"uid": account.pw_uid, "gid": account.pw_gid, "become": become}
    with open_folder() as folder:
        script = SMALL_DISK.format(
            **given, folder=folder, bin=bins[-1].parent, port=port
        )
        server = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec", script],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"postgresql://staithe@127.0.0.1:{port}"
            await_answer(f"{url}/postgres")
            with psycopg.connect(f"{url}/postgres", autocommit=True) as made:
                made.execute("CREATE DATABASE town")
            yield f"{url}/town", Path(f"/proc/{server.pid}/root{folder}/ballast")
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown
            server.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(url: str) -> None:
    """Wait until a server answers: it may be starting, or recovering."""
    for _ in range(120):
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.5)
    raise TimeoutError("PostgreSQL did not answer in a minute")


@pytest.mark.long
def test_a_full_disk_under_postgres_leaves_the_log_as_it_was(tmp_path):
    """A server that has no room refuses the change, or falls over and recovers."""
    with postgres_on_small_disk() as (url, ballast):
        run = starter(url, tmp_path)
        run(WRITE, "a", "3", "0").communicate(timeout=60)
        filler = run(FILL, "0", "f", "30000", "no-room database-away")
        said, _ = filler.communicate(timeout=300)
        assert filler.returncode == 0
        done = said.count(b"\n")
        assert done
        ballast.unlink()  # an operator makes room
        await_answer(url)
        expected = {f"a-{n}-{i}" for n in range(3) for i in range(3)}
        expected |= {f"f-{n}-{i}" for n in range(done) for i in range(3)}
        assert looked(run, tmp_path) == expected
        run(WRITE, "z", "2", "0").communicate(timeout=60)
        expected |= {f"z-{n}-{i}" for n in range(2) for i in range(3)}
        assert looked(run, tmp_path) == expected
