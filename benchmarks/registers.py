"""How fast a register loads, proves and answers, next to pymerkle and Datasette.

Run: python benchmarks/registers.py [--entries N] [--rate N] [--seconds N] [--json]
One run on one machine: the same records, the same table, the same client. Datasette is
installed from its own lock into an environment of its own (`.tools/datasette`).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from pymerkle import InmemoryTree, SqliteTree

from staithe.ledger import tree
from staithe.registers import item


CONNECTIONS = 4
PROOFS = 500
NAME = "premises"
SMALL = "small"
FIELDS = (("premises", "string"), ("name", "string"), ("start-date", "datetime"))
AT = "2020-01-01T00:00:00Z"


def entry_lines(scope: str, key: str, values: dict[str, Any]) -> str:
    """Return an item and the entry that cites it."""
    data = item.to_canonical(values)
    digest = sha256(data.encode()).hexdigest()
    return f"add-item\t{data}\nappend-entry\t{scope}\t{key}\t{AT}\tsha-256:{digest}\n"


def lines(entries: int) -> Iterator[str]:
    """Yield a register of so many records as RSF."""
    yield f"assert-root-hash\tsha-256:{tree.EMPTY_ROOT.hex()}\n"
    for field, datatype in FIELDS:
        define = {"field": field, "datatype": datatype, "cardinality": "1"}
        yield entry_lines("system", f"field:{field}", define)
    names = [field for field, _ in FIELDS]
    define = {"register": NAME, "fields": names}
    yield entry_lines("system", f"register:{NAME}", define)
    for number in range(1, entries + 1):
        yield entry_lines("user", str(number), record(number))


def record(number: int) -> dict[str, str]:
    """Return the record of a number."""
    year = 1900 + number % 120
    return {
        "premises": str(number),
        "name": f"{number} Mill Lane, Anytown",
        "start-date": f"{year}-01-01",
    }


def seconds(work: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def load_small(home: Path) -> None:
    """Load 1,000 records as another register, to compare the cost of a read with."""
    path = home / f"{SMALL}.rsf"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"assert-root-hash\tsha-256:{tree.EMPTY_ROOT.hex()}\n")
        for number in range(1, 1001):
            file.write(entry_lines("user", str(number), record(number)))
    command = [sys.executable, "-m", "staithe", "register", "load", SMALL, str(path)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def load(rsf: Path) -> dict[str, float]:
    """Load a file by the command; return its time and the memory it took."""
    command = [sys.executable, "-m", "staithe", "register", "load", NAME, str(rsf)]
    took = seconds(lambda: subprocess.run(command, check=True, stdout=sys.stderr))
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"load s": took, "load MB": used}


def prove(entries: int) -> dict[str, float]:
    """Make inclusion proofs from stored rows; pymerkle's from its own SQLite tree."""
    import django

    django.setup()
    from staithe.registers import reading
    from staithe.registers.growth import Growth
    from staithe.registers.models import Register

    register = Register.objects.get(name=NAME)
    indices = [random.randrange(entries) for _ in range(PROOFS)]

    def ours(index: int) -> None:
        tree.inclusion(index, entries, reading.reader(register.pk))

    def grow(leaves: list[bytes]) -> None:
        memory = InmemoryTree(algorithm="sha256")
        for leaf in leaves:
            memory.append_entry(leaf)

    peer = SqliteTree(":memory:", algorithm="sha256")
    few = min(entries, 20_000)
    data = [os.urandom(204) for _ in range(few)]
    edge = Growth()
    found = {
        "tree append /s": few
        / seconds(lambda: [edge.append(tree.leaf_hash(leaf)) for leaf in data]),
        "proof ms": seconds(lambda: [ours(i) for i in indices]) / PROOFS * 1000,
        "pymerkle append in memory /s": few / seconds(lambda: grow(data)),
        "pymerkle append in SQLite /s": few
        / seconds(lambda: peer.append_entries(data)),
        "pymerkle proof ms (20,000 leaves)": seconds(
            lambda: [peer.prove_inclusion(i % few + 1, few) for i in indices[:5]]
        )
        / 5
        * 1000,
    }
    peer.con.close()
    return found


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int) -> Iterator[None]:
    """Run a server until the block ends."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def read(
    port: int, path: str, *, entries: int, rate: int, length: float
) -> dict[str, float]:
    """Ask for records at a steady rate over 4 connections; return milliseconds.

    A request is timed from when it was due, so a queue counts.
    """
    took: list[float] = []

    def ask(which: int) -> None:
        chance = random.Random(which)
        client = http.client.HTTPConnection("127.0.0.1", port)
        start = time.perf_counter()
        for number in range(int(rate * length / CONNECTIONS)):
            due = start + (number * CONNECTIONS + which) / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            client.request("GET", path.format(chance.randint(1, entries)))
            answer = client.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            took.append(time.perf_counter() - due)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(CONNECTIONS)]
    total = seconds(lambda: [t.start() for t in threads] + [t.join() for t in threads])
    took.sort()
    return {
        "requests/s": len(took) / total,
        "p50 ms": took[len(took) // 2] * 1000,
        "p99 ms": took[int(len(took) * 0.99)] * 1000,
    }


def look_up(entries: int) -> dict[str, float]:
    """Time a record by key inside the service, here and in a register of 1,000."""
    from django.test import Client

    client = Client()
    chance = random.Random(1)

    def ms(name: str, most: int) -> float:
        keys = [chance.randint(1, most) for _ in range(PROOFS)]
        paths = [f"/registers/{name}/v1/records/{key}" for key in keys]
        head = {"host": "127.0.0.1"}
        assert client.get(paths[0], headers=head).status_code == 200
        ask = [lambda path=path: client.get(path, headers=head) for path in paths]
        return sorted(seconds(each) for each in ask)[PROOFS // 2] * 1000

    return {
        "record inside, 1,000 records, ms": ms(SMALL, 1000),
        "record inside, all records, ms": ms(NAME, entries),
    }


def read_ours(**options: Any) -> dict[str, float]:
    """Measure the record endpoint of version 1."""
    port = free_port()
    serve = (sys.executable, "-m", "staithe", "serve", "--no-worker")
    command = [*serve, "--port", str(port)]
    with server(command, port):
        path = f"/registers/{NAME}/v1/records/{{}}"
        read(port, path, entries=10, rate=50, length=2)  # warm
        return read(port, path, **options)


def datasette() -> Path:
    """Return Datasette's program, installed where it is not there yet."""
    root = Path(__file__).resolve().parent.parent
    home, lock = root / ".tools/datasette", root / "requirements/datasette.txt"
    if not (home / "bin/datasette").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        install = [home / "bin/python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "--require-hashes", "-r", lock], check=True)
    return home / "bin/datasette"


def read_datasette(home: Path, **options: Any) -> dict[str, float]:
    """Measure Datasette on the same records in a table of their own."""
    program = datasette()
    table = home / "peer.db"
    database = sqlite3.connect(table)
    database.execute(
        "CREATE TABLE premises (premises TEXT PRIMARY KEY, name TEXT, start TEXT)"
    )
    rows = (tuple(record(n).values()) for n in range(1, options["entries"] + 1))
    database.executemany("INSERT INTO premises VALUES (?,?,?)", rows)
    database.commit()
    database.close()
    port = free_port()
    with server([str(program), "serve", str(table), "--port", str(port)], port):
        path = "/peer/premises/{}.json?_shape=array"
        read(port, path, entries=10, rate=50, length=2)
        return read(port, path, **options)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ["STAITHE_HOME"] = str(home / "home")
        os.environ["STAITHE_LOG_LEVEL"] = "WARNING"
        os.environ["DJANGO_SETTINGS_MODULE"] = "staithe.site.settings"
        rsf = home / f"{NAME}.rsf"
        with rsf.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines(given.entries))
        found: dict[str, Any] = load(rsf)
        found["append /s"] = given.entries / found["load s"]
        load_small(home)
        found |= prove(given.entries)
        found |= look_up(given.entries)
        options = {
            "entries": given.entries,
            "rate": given.rate,
            "length": given.seconds,
        }
        del os.environ["STAITHE_LOG_LEVEL"]  # the server writes its log, as it does
        found["records by key"] = read_ours(**options)
        found["records by key, Datasette"] = read_datasette(home, **options)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:40} {value if not isinstance(value, float) else round(value, 3)}")


if __name__ == "__main__":
    main()
