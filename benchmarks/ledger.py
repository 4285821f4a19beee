"""How fast the log appends, proves and verifies, next to pymerkle in the same run.

Run: python benchmarks/ledger.py [--leaves N] [--events N] [--json]
Leaves measure the tree alone; events the whole way: an action that commits to a
database file with synchronous=FULL, and its proof read back from rows.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymerkle import InmemoryTree, SqliteTree

from staithe.ledger import tree
from staithe.ledger.tree import Frontier, MemoryTree, leaf_hash


LEAF_BYTES = 204  # a register's entry, as in the reference measurements
PROOFS = 200


def seconds(work: Callable[[], Any]) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_tree(leaves: int, peer_leaves: int) -> dict[str, float]:
    """Append and prove in memory, ours over `leaves` and pymerkle over fewer."""
    data = [secrets.token_bytes(LEAF_BYTES) for _ in range(leaves)]
    frontier, ours, peer = Frontier(), MemoryTree(), InmemoryTree(algorithm="sha256")
    stored = SqliteTree(":memory:", algorithm="sha256")

    def fill(append: Callable[[bytes], Any], count: int) -> Callable[[], None]:
        return lambda: [append(item) for item in data[:count]] and None

    found = {
        "frontier appends/s": leaves
        / seconds(fill(lambda d: frontier.append(leaf_hash(d)), leaves)),
        "kept-hash appends/s": leaves
        / seconds(fill(lambda d: ours.append(leaf_hash(d)), leaves)),
        "pymerkle memory appends/s": peer_leaves
        / seconds(fill(peer.append_entry, peer_leaves)),
    }
    stored.append_entries(data[:peer_leaves])
    indices = [secrets.randbelow(peer_leaves) for _ in range(PROOFS)]
    few = indices[:5]  # a stored pymerkle tree is rebuilt for each proof
    found |= {
        "proof us": prove(lambda i: tree.inclusion(i, leaves, ours.read), indices),
        "pymerkle memory proof us": prove(
            lambda i: peer.prove_inclusion(i + 1, peer_leaves), indices
        ),
        "pymerkle SQLite proof us": prove(
            lambda i: stored.prove_inclusion(i + 1, peer_leaves), few
        ),
    }
    stored.con.close()
    return found


def prove(one: Callable[[int], Any], indices: list[int]) -> float:
    """Return microseconds a proof."""
    total = seconds(lambda: [one(index) for index in indices])
    return total / len(indices) * 1e6


def measure_log(events: int, home: Path) -> dict[str, float]:
    """Act, prove and verify through the database and the export file."""
    os.environ["STAITHE_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "staithe.site.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", "ledger", verbosity=0)
    from staithe.base.clock import now
    from staithe.ledger import log, queries
    from staithe.ledger.actions import action, record
    from staithe.ledger.verify import verify

    def made(*, at: Any) -> None:
        record(by="person:P-1", at=at, subject="thing:1", rows=12345, columns=["a"])

    made.__module__ = "staithe.demo.actions"
    act = action("demo:thing:made")(made)
    appending = seconds(lambda: [act(at=now()) for _ in range(events)])
    signed = queries.latest_checkpoint(at=now())
    indices = [secrets.randbelow(events) for _ in range(PROOFS)]
    path = home / "log.jsonl"
    lines = queries.export_lines(signed=signed, with_bodies=True)
    exporting = seconds(lambda: path.write_text("".join(lines), "utf-8"))
    verifying = seconds(lambda: verify(str(path)))
    return {
        "actions/s, each committed": events / appending,
        "proof from rows us": prove(lambda i: log.inclusion(i, size=events), indices),
        "entries exported/s": events / exporting,
        "entries verified/s": events / verifying,
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--leaves", type=int, default=200_000)
    options.add_argument("--peer-leaves", type=int, default=20_000)
    options.add_argument("--events", type=int, default=2_000)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found = measure_tree(given.leaves, min(given.peer_leaves, given.leaves))
    with tempfile.TemporaryDirectory() as home:
        found |= measure_log(given.events, Path(home))
    if given.json:
        print(json.dumps({**vars(given), "results": found}, indent=2))
        return
    print(
        f"{given.leaves} leaves (pymerkle {given.peer_leaves}), {given.events} events"
    )
    for name, value in found.items():
        print(f"{name:30} {value:12,.0f}")


if __name__ == "__main__":
    main()
