"""Time the executor beside stock Splink 5 on DuckDB: one model, one machine, one run.

Each side runs as a process of its own and writes its pairs and clusters; peak memory is
that process's. With `--rows N` another size than a million records in each file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
from linkage_data import write_files


SIDES = Path(__file__).with_name("linkage_sides.py")
BARS = {"predict": 3.5, "train": 4.0, "dedupe": 3.0}
MOST_DIFFERENCE = 1e-6


def side(name: str, job: str, files: list[str], model: Path, out: Path) -> dict:
    """Run one side and return what it printed."""
    out.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, SIDES, name, job, *files, model, out],
        stdout=subprocess.PIPE,
        check=True,
    )
    lines = done.stdout.decode().splitlines()
    return json.loads(lines[-1]) if lines else {}


def agreement(ours: Path, splink: Path) -> tuple[int, float]:
    """Return how many pairs both sides have, and the largest difference in weight."""
    con = duckdb.connect()
    return con.execute(
        f"""SELECT count(*), max(abs(o.match_weight - s.w)) FROM '{ours}' o
        JOIN (SELECT least(unique_id_l, unique_id_r) AS a,
        greatest(unique_id_l, unique_id_r) AS b, match_weight AS w FROM '{splink}') s
        ON least(o.left_id, o.right_id) = s.a AND greatest(o.left_id, o.right_id) = s.b"""
    ).fetchall()[0]


def f1(pairs: Path, files: list[str], weight: str, ids: tuple[str, str]) -> float:
    """Return the best F1 of any threshold over all true pairs."""
    con = duckdb.connect()
    left, right = files[0], files[-1]
    total = con.execute(
        f"SELECT count(*) FROM '{left}' a JOIN '{right}' b USING (person)"
        if right != left
        else f"SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) n FROM '{left}' GROUP BY person)"
    ).fetchall()[0][0]
    both = " UNION ALL ".join(
        f"SELECT unique_id AS i, person FROM '{file}'" for file in dict.fromkeys(files)
    )
    return con.execute(
        f"""WITH p AS ({both}), s AS (SELECT {weight} AS w, a.person = b.person AS same
        FROM '{pairs}' JOIN p a ON a.i = {ids[0]} JOIN p b ON b.i = {ids[1]}),
        r AS (SELECT sum(same::INT) OVER f AS hits, count(*) OVER f AS n FROM s
        WINDOW f AS (ORDER BY w DESC RANGE UNBOUNDED PRECEDING))
        SELECT max(2 * hits / (n + {total})) FROM r"""
    ).fetchall()[0][0]


def compare(folder: Path, rows: int) -> list[dict]:
    """Run the three jobs on both sides and return a row for each."""
    left, right = map(str, write_files(folder / "data", rows))
    con = duckdb.connect()
    one = folder / "data" / f"one_{rows}.parquet"
    half = rows // 2
    con.execute(
        f"COPY (FROM (FROM '{left}' LIMIT {half}) UNION ALL BY NAME"
        f" FROM (FROM '{right}' LIMIT {half})) TO '{one}'"
    )
    found = []
    for job, files in (
        ("train", [left, right]),
        ("predict", [left, right]),
        ("dedupe", [str(one), "-"]),
    ):
        model = folder / f"{job}.json"
        kind = "predict" if job == "predict" else "train"
        if kind == "predict":
            model = folder / "train-splink.json"
        else:
            side("settings", kind, files, folder / "untrained.json", folder / "x")
        results = {}
        for name in ("ours", "splink"):
            written = model if kind == "predict" else folder / f"{job}-{name}.json"
            results[name] = side(name, kind, files, written, folder / name)
        row = {
            "job": job,
            "pairs": results["ours"]["pairs"],
            "seconds": results["ours"]["seconds"],
            "splink_seconds": results["splink"]["seconds"],
            "faster": round(
                results["splink"]["seconds"] / results["ours"]["seconds"], 2
            ),
            "faster_cpu": round(results["splink"]["cpu"] / results["ours"]["cpu"], 2),
            "gigabytes": results["ours"]["gigabytes"],
            "splink_gigabytes": results["splink"]["gigabytes"],
            "stages": results["ours"]["stages"],
            "splink_stages": results["splink"]["stages"],
        }
        mine, theirs = folder / "ours/pairs.parquet", folder / "splink/pairs.parquet"
        if kind == "predict":
            both, most = agreement(mine, theirs)
            pairs = {results[name]["pairs"] for name in results}
            row["same_pairs"], row["largest_difference"] = pairs == {both}, most
        truth = [each for each in files if each != "-"]
        row["f1"] = round(f1(mine, truth, "match_weight", ("left_id", "right_id")), 4)
        row["splink_f1"] = round(
            f1(theirs, truth, "match_weight", ("unique_id_l", "unique_id_r")), 4
        )
        half_memory = row["gigabytes"] * 2 <= row["splink_gigabytes"]
        row["holds"] = (
            row["faster"] >= BARS[job]
            and half_memory
            and row.get("same_pairs", True)
            and row.get("largest_difference", 0.0) <= MOST_DIFFERENCE
        )
        found.append(row)
        print(json.dumps(row), flush=True)
    return found


def main(arguments: list[str]) -> int:
    """Compare at the size asked for and say whether the bars hold."""
    rows = (
        int(arguments[arguments.index("--rows") + 1])
        if "--rows" in arguments
        else 1_000_000
    )
    with tempfile.TemporaryDirectory(prefix="staithe-speed-") as folder:
        found = compare(Path(folder), rows)
    return 0 if all(row["holds"] for row in found) else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main(sys.argv[1:]))
