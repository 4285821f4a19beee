"""Link the four labelled sets with Staithe and with stock Splink, side by side.

Run by `./dev bench linkage`. Staithe gets no specification; Splink gets the settings
that suit each file. F1 is pairwise over all true pairs. Times include reading and
training on both sides. The speed comparison at a million records
follows (`linkage_speed.py`: minutes, 10 GB) unless `--quick` or a set is named.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np


if TYPE_CHECKING:
    from collections.abc import Sequence

sys.path.insert(0, str(Path(__file__).parent))
import linkage_speed
from splink_reference import REFERENCES, Reference, read_truth, run_splink

from staithe.linkage.link import link_tables


USUAL = 0.95


def true_pairs(truths: list[dict[str, str]]) -> int:
    """Count all pairs of one person: within a file, or across two."""
    counts: list[dict[str, int]] = []
    for truth in truths:
        count: dict[str, int] = {}
        for person in truth.values():
            count[person] = count.get(person, 0) + 1
        counts.append(count)
    if len(counts) == 1:
        return sum(n * (n - 1) // 2 for n in counts[0].values())
    return sum(n * counts[1].get(person, 0) for person, n in counts[0].items())


def measure(
    pairs: Sequence[tuple[str, str, float]], truths: list[dict[str, str]], least: float
) -> tuple[float, float]:
    """Return F1 of the pairs of at least a weight, and the best F1 of any threshold."""
    left, right = truths[0], truths[-1]
    weight = np.array([pair[2] for pair in pairs])
    same = np.array([left[str(a)] == right[str(b)] for a, b, _ in pairs])
    order = np.argsort(-weight, kind="stable")
    total = true_pairs(truths)
    f1 = 2 * np.cumsum(same[order]) / (np.arange(1, len(order) + 1) + total)
    accepted = int((weight >= least).sum())
    return float(f1[accepted - 1]) if accepted else 0.0, float(f1.max())


def splink(reference: Reference, folder: Path) -> tuple[float, float, float]:
    """Return Splink's F1 at probability .95, its best F1, and its seconds."""
    start = time.perf_counter()
    pairs = run_splink(reference, folder)
    seconds = time.perf_counter() - start
    at_usual, best = measure(
        pairs, read_truth(reference, folder), np.log2(USUAL / (1 - USUAL))
    )
    return at_usual, best, seconds


def ours(reference: Reference, folder: Path) -> tuple[float, float, float, int]:
    """Return our F1, the best F1 of our scores, our seconds, and the links."""
    files = [folder / name for name in reference.files]
    answer = re.fullmatch(r"\w+", reference.truth)
    # Only to score: a truth column is never used to link.
    truth = reference.truth if answer else None
    with tempfile.TemporaryDirectory() as scratch:
        start = time.perf_counter()
        result = link_tables(
            files[0],
            files[1] if len(files) > 1 else None,
            id_column=reference.id_column,
            truth_column=truth,
            out=Path(scratch) / "result",
            all_pairs=answer is None,
        )
        seconds = time.perf_counter() - start
        truths = read_truth(reference, folder)
        links = read_pairs(result.links)
        if truth:
            best = result.report["truth"]["best_threshold"]["f1"]
        else:
            scored = read_pairs(result.folder / "pairs.parquet")
            best = measure(scored, truths, -np.inf)[1]
    f1, _ = measure(links, truths, -np.inf)
    return f1, best, seconds, len(links)


def read_pairs(path: Path) -> list[tuple[str, str, float]]:
    """Read left id, right id and weight of a file of links or pairs."""
    con = duckdb.connect()
    return con.execute(
        f"SELECT left_id, right_id, match_weight FROM '{path}'"
    ).fetchall()


def compare(name: str, folder: Path) -> dict[str, Any]:
    """Run both on one set."""
    reference = REFERENCES[name]
    f1, best, seconds, links = ours(reference, folder)
    at_usual, splink_best, splink_seconds = splink(reference, folder)
    return {
        "set": name,
        "links": links,
        "f1": round(f1, 4),
        "best_f1": round(best, 4),
        "gap": round(max(best - f1, 0.0), 4),
        "splink_f1_at_95": round(at_usual, 4),
        "splink_best_f1": round(splink_best, 4),
        "seconds": round(seconds, 1),
        "splink_seconds": round(splink_seconds, 1),
        "time_ratio": round(seconds / splink_seconds, 2),
        "holds": f1 >= at_usual,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    heads = list(rows[0])
    lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
    lines += [" | ".join(str(row[head]) for head in heads) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Compare every set (or those named) and say whether the bar holds."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("STAITHE_SHARED_DATA", default)) / "linkage"
    names = [each for each in arguments if each in REFERENCES] or list(REFERENCES)
    if not folder.is_dir():
        print(f"The labelled data is not in {folder}; set STAITHE_SHARED_DATA.")
        return 2
    rows = [compare(name, folder) for name in names]
    print(json.dumps(rows, indent=2) if "--json" in arguments else table(rows))
    held = all(row["holds"] for row in rows)
    if names == list(REFERENCES) and "--quick" not in arguments:
        held = not linkage_speed.main(list(arguments)) and held
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
