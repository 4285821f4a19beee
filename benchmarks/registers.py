"""How fast a register loads, proves and answers, next to pymerkle and Datasette.

Run: python benchmarks/registers.py [--entries N] [--rate N] [--seconds N] [--json]
One run on one machine: the same entries, the same table, the same client. Datasette
is measured where its program stands beside this Python, and left out otherwise.
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

from pymerkle import SqliteTree

from staithe.ledger import tree
from staithe.registers import item


CONNECTIONS = 4
PROOFS = 500
NAME = "premises"
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

    peer = SqliteTree(":memory:", algorithm="sha256")
    few = min(entries, 20_000)
    data = [os.urandom(204) for _ in range(few)]
    edge = Growth()
    found = {
        "tree append /s": few
        / seconds(lambda: [edge.append(tree.leaf_hash(leaf)) for leaf in data]),
        "proof ms": seconds(lambda: [ours(i) for i in indices]) / PROOFS * 1000,
        "pymerkle append /s": few / seconds(lambda: peer.append_entries(data)),
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
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
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


def read_ours(**options: Any) -> dict[str, float]:
    """Measure the record endpoint of version 1."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "staithe", "serve"),
        *("--port", str(port), "--no-worker", "--threads", "4"),
    ]
    with server(command, port):
        path = f"/registers/{NAME}/v1/records/{{}}"
        read(port, path, entries=10, rate=50, length=2)  # warm
        return read(port, path, **options)


def read_datasette(home: Path, **options: Any) -> dict[str, float] | None:
    """Measure Datasette on the same records in a table of their own."""
    program = Path(sys.executable).parent / "datasette"
    if not program.exists():
        return None
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
        os.environ["DJANGO_SETTINGS_MODULE"] = "staithe.site.settings"
        rsf = home / f"{NAME}.rsf"
        with rsf.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines(given.entries))
        found: dict[str, Any] = load(rsf)
        found["append /s"] = given.entries / found["load s"]
        found |= prove(given.entries)
        options = {
            "entries": given.entries,
            "rate": given.rate,
            "length": given.seconds,
        }
        found["records by key"] = read_ours(**options)
        found["records by key, Datasette"] = read_datasette(home, **options)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name:40} {value if not isinstance(value, float) else round(value, 3)}")


if __name__ == "__main__":
    main()
