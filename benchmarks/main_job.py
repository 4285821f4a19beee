"""The main job, timed as whole processes: twice with one seed, and at a million people.

Bars: 20,000 people in at most 60 s and under 2 GB, two runs identical. Run it as
`./dev bench main_job`, with `--million` for the large world (minutes).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


BAR_SECONDS = 60
BAR_GIGABYTES = 2


def tree_kilobytes(root: int) -> int:
    """Return the resident memory of a process and all its descendants (Linux)."""
    parents: dict[int, list[int]] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
        sizes[int(folder.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 1024
    total, waiting = 0, [root]
    while waiting:
        process = waiting.pop()
        total += sizes.get(process, 0)
        waiting += parents.get(process, [])
    return total


def run(people: int, seed: int) -> dict[str, object]:
    """Run the demo in a fresh home; return its facts, seconds and peak memory."""
    with tempfile.TemporaryDirectory(prefix="staithe-bench-") as home:
        command = [sys.executable, "-m", "staithe", "demo", "--no-serve", "--json"]
        command += ["--people", str(people), "--seed", str(seed)]
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**os.environ, "STAITHE_HOME": f"{home}/home"},
            stdout=subprocess.PIPE,
        )
        peak = 0
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.1):
                peak = max(peak, tree_kilobytes(process.pid))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        out, _ = process.communicate()
        done.set()
        watcher.join()
        if process.returncode:
            raise SystemExit(f"the demo failed with exit code {process.returncode}")
    facts = json.loads(out)
    facts |= {"wall": time.perf_counter() - started, "gigabytes": peak / 1024**2}
    return facts


def show(name: str, facts: dict[str, object]) -> None:
    linkage = facts["linkage"]
    assert isinstance(linkage, dict)
    print(
        f"{name:<24} {facts['wall']:7.1f} s  {facts['gigabytes']:5.2f} GB  "
        f"linkage F1 {linkage['f1']:.4f}"
    )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--million", action="store_true")
    chosen = arguments.parse_args()
    first, second = run(20_000, 1), run(20_000, 1)
    show("20,000 people", first)
    show("20,000 people, again", second)
    same = all(first[key] == second[key] for key in ("released", "linkage"))
    print(f"{'identical result':<24} {'yes' if same else 'NO'}")
    if chosen.million:
        show("1,000,000 people", run(1_000_000, 1))
    quick = max(float(str(each["wall"])) for each in (first, second)) <= BAR_SECONDS
    small = max(float(str(each["gigabytes"])) for each in (first, second))
    return 0 if same and quick and small < BAR_GIGABYTES else 1


if __name__ == "__main__":
    sys.exit(main())
