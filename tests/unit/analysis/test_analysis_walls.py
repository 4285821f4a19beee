"""The process: with the gate gone, the kernel still refuses.

Each attack runs as Python inside a locked-down worker, which is more than SQL could
ever do: whatever escapes the engine is still inside these walls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time

import pytest

from staithe.analysis.landlock import landlock_abi


pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or landlock_abi() == 0,
    reason="WALLS NOT TESTED: this kernel has no Landlock",
)

PREAMBLE = """
import json, os, sys
from pathlib import Path
from staithe.analysis.limits import Limits
from staithe.analysis.worker import lock_down, open_database
import duckdb, socket, subprocess, threading, ctypes
database = Path(sys.argv[1])
walls = lock_down(database, Limits(**({"seconds": 1} | json.loads(sys.argv[2]))))
def attempt(call):
    try:
        return "open: " + repr(call())[:80]
    except BaseException as error:
        return f"refused: {type(error).__name__}"
"""


def run_inside(code, database, limits=None, *arguments):
    """Run code in a process behind the worker's walls; return what it printed."""
    return subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            PREAMBLE + textwrap.dedent(code),
            str(database),
            json.dumps(limits or {}),
            *map(str, arguments),
        ],
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_wall_stands_on_this_machine(project_file):
    done = run_inside("print(json.dumps(walls))", project_file)
    walls = json.loads(done.stdout)
    assert set(walls) == {"network", "limits", "powers", "files", "calls"}
    assert not [name for name, text in walls.items() if "not applied" in text]


FILES = [
    "open('/etc/passwd').read()",
    "open('/proc/self/environ').read()",
    "open('/proc/1/cmdline').read()",
    "open('/proc/self/mem', 'rb').read(1)",
    "open('/dev/shm/x', 'w')",
    "open('/tmp/x', 'w')",
    "os.listdir('/')",
    "os.listdir(database.parent)",
    "open(sys.argv[3], 'rb').read()",
    "open(database, 'ab')",
    "os.unlink(database)",
    "os.rename(database, str(database) + '.old')",
    "os.mkdir('/tmp/staithe-was-here')",
    "os.symlink('/etc/passwd', '/tmp/staithe-link')",
    "__import__('antigravity')",
]
SOCKETS = [
    "socket.socket()",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "socket.socket(socket.AF_UNIX)",
    "socket.socketpair()",
    "socket.create_connection(('127.0.0.1', 80), 1)",
    "socket.getaddrinfo('example.org', 80)",
]
PROCESSES = [
    "os.fork()",
    "os.posix_spawn('/bin/sh', ['sh'], {})",
    "subprocess.run(['/bin/true'])",
    "os.execv('/bin/true', ['true'])",
    "os.kill(os.getppid(), 0)",
]


@pytest.mark.parametrize("code", FILES)
def test_no_file_but_the_projects_own_can_be_opened(code, project_file, other_file):
    done = run_inside(f"print(attempt(lambda: {code}))", project_file, None, other_file)
    assert done.stdout.startswith("refused"), done


@pytest.mark.parametrize("code", SOCKETS)
def test_no_socket_can_be_made(code, project_file):
    done = run_inside(f"print(attempt(lambda: {code}))", project_file)
    assert done.stdout.startswith("refused"), done


@pytest.mark.parametrize("code", PROCESSES)
def test_no_program_can_be_started_and_no_process_reached(code, project_file):
    done = run_inside(f"print(attempt(lambda: {code}))", project_file)
    assert done.stdout.startswith("refused"), done


def test_the_projects_own_file_can_be_read(project_file):
    """The walls would prove nothing if they refused everything."""
    done = run_inside(
        "print(attempt(lambda: len(open(database, 'rb').read(4))))", project_file
    )
    assert done.stdout.startswith("open: 4"), done


SQL = [
    "from read_csv('/etc/passwd')",
    "from read_text('/etc/passwd')",
    "from read_blob('/proc/self/environ')",
    "from read_csv('/dev/stdin')",
    "select * from glob('/etc/pass*')",
    "copy (select 1) to '/tmp/staithe-copied.csv'",
    "copy (select 1) to '{database}.copy'",
    "attach '{other}' as other (read_only)",
    "install httpfs",
    "load httpfs",
    "from read_parquet('https://example.org/x.parquet')",
    "export database '/tmp/staithe-export'",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '20GB'",
    "pragma enable_profiling",
    "from pyobject",
    "create table x as select 1",
    "update people set area = 'x'",
    "drop table people",
    "set secret_directory = '/tmp'",
]


@pytest.mark.parametrize("sql", SQL)
def test_the_engine_behind_the_gate_refuses_too(sql, project_file, other_file):
    text = sql.format(database=project_file, other=other_file)
    done = run_inside(
        """
        pyobject = {"a": [1]}
        connection = open_database(database, Limits())
        print(attempt(lambda: connection.execute(sys.argv[4]).fetchall()))
        """,
        project_file,
        None,
        other_file,
        text,
    )
    assert done.stdout.startswith("refused"), done


@pytest.mark.parametrize("sql", [sql for sql in SQL if "read_" in sql or "to '" in sql])
def test_the_kernel_refuses_even_with_the_engine_wide_open(
    sql, project_file, other_file
):
    """DuckDB started with every one of its own doors open, behind the walls."""
    text = sql.format(database=project_file, other=other_file)
    done = run_inside(
        """
        connection = duckdb.connect()
        print(attempt(lambda: connection.execute(sys.argv[4]).fetchall()))
        """,
        project_file,
        None,
        other_file,
        text,
    )
    # What is sent to standard input is this worker's own request: nothing new.
    assert "refused" in done.stdout or "/dev/stdin" in sql, done


HEAVY = {
    "a string of four billion": "select length(repeat('x', 4000000000))",
    "two huge strings compared": "select levenshtein(repeat('ab', 100000), "
    "repeat('ba', 100000))",
    "an endless recursion": "with recursive r(n) as (select 1 union all "
    "select n + 1 from r) select count(*) from r",
    "a product of everybody": "select count(*) from people a, people b, people c "
    "where hash(a.name || b.name || c.name) % 7 = 3",
    "a sort that does not fit": "select max(x) from (select repeat(md5(i::varchar), 40)"
    " || random() as x from range(30000000) t(i) order by 1)",
}


@pytest.mark.parametrize("sql", HEAVY.values(), ids=HEAVY.keys())
def test_a_query_cannot_outlive_its_limits_with_the_gate_gone(sql, project_file):
    """Killed by the kernel or ended by the engine, within the processor limit."""
    started = time.monotonic()
    done = run_inside(
        """
        connection = open_database(database, Limits())
        print(attempt(lambda: connection.execute(sys.argv[3]).fetchall()))
        """,
        project_file,
        {"threads": 1},
        sql,
    )
    assert time.monotonic() - started < 15
    assert done.returncode != 0 or done.stdout.startswith("refused"), done


def test_memory_beyond_the_limit_cannot_be_had(project_file):
    done = run_inside(
        "print(attempt(lambda: len(bytearray(3 * 1024 ** 3))))", project_file
    )
    assert done.stdout.startswith("refused: MemoryError"), done


def test_limits_cannot_be_raised_again(project_file):
    done = run_inside(
        """
        import resource
        print(attempt(lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1))))
        """,
        project_file,
    )
    assert done.stdout.startswith("refused"), done


def test_the_worker_dies_with_its_parent(project_file):
    """A killed service leaves no query running behind it."""
    parent = textwrap.dedent(
        f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-I", "-c", {PREAMBLE!r} +
            "import time; print('up', flush=True); time.sleep(60)",
            {str(project_file)!r}, "{{}}"], env={{}}, stdout=subprocess.PIPE)
        child.stdout.readline()
        print(child.pid, flush=True)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, check=True
    )
    child = int(done.stdout)
    for _ in range(50):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(child, 9)
    pytest.fail("the worker outlived its parent")
