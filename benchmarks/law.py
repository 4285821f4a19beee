"""How fast the law answers: library loaded, advice on every case, in process.

Run: python benchmarks/law.py [--rounds N] [--cases FILE ...] [--json]
The wall clock includes whatever else the machine does; the processor time does not.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from staithe.law.advise import advise
from staithe.law.loader import read_library
from staithe.law.reading import shipped_texts


OWN = Path(__file__).resolve().parent.parent / "tests" / "data" / "law"


def spread(values: list[float]) -> dict[str, float]:
    """Return the median, 95th percentile and maximum in milliseconds."""
    ordered = sorted(values)
    last = len(ordered) - 1
    points = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(ordered[int(last * p)] * 1000, 3) for name, p in points.items()}


def timed(clock: Callable[[], float], work: Callable[[], Any]) -> float:
    """Return how long one call takes by a clock."""
    start = clock()
    work()
    return clock() - start


def measure(files: list[Path], rounds: int) -> dict[str, Any]:
    """Load the library and advise on every case of the files, several times."""
    texts = shipped_texts()
    loads = [timed(time.perf_counter, lambda: read_library(texts)) for _ in range(5)]
    facts = [
        case["facts"]
        for file in files
        for case in yaml.safe_load(file.read_text("utf-8"))["cases"]
    ]
    advise(facts[0])
    wall, processor = [], []
    for _ in range(rounds):
        for each in facts:
            begun = time.process_time()
            wall.append(timed(time.perf_counter, partial(advise, each)))
            processor.append(time.process_time() - begun)
    return {
        "cases": len(facts),
        "answers": len(wall),
        "load library ms": spread(loads),
        "advise wall ms": spread(wall),
        "advise processor ms": spread(processor),
    }


def main() -> None:
    """Print the measures, as a list or as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument(
        "--cases", type=Path, nargs="*", default=sorted(OWN.glob("*.yaml"))
    )
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.cases, args.rounds)
    if args.json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
