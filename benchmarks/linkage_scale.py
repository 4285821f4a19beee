"""Ten million records against ten million, next to one million, on this machine.

One model and one set of rules at both sizes, rules narrow enough for the larger. Prints
the time of a candidate pair, candidate pairs of a record, what blocking finds of the
true pairs, and peak memory. Bars: completes in 24 GB, 1.3 times the time of a pair,
twice the pairs of a record. `./dev bench linkage_scale [--rows N]`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import duckdb
from linkage_data import write_files
from linkage_speed import side


SMALL, LARGE = 1_000_000, 10_000_000
MOST_TIME, MOST_PAIRS, MOST_GIGABYTES = 1.3, 2.0, 24
RULES = [
    ("dob", "surname", "substr({}.first_name, 1, 1)"),
    ("dob", "first_name", "substr({}.surname, 1, 1)"),
    ("postcode", "surname", "first_name"),
    ("postcode", "dob"),
    ("first_name", "surname", "substr({}.dob, 1, 7)"),
    ("substr({}.first_name, 1, 3)", "substr({}.surname, 1, 4)", "dob"),
    ("first_name", "surname", "substr({}.dob, 6)"),
    ("postcode", "first_name", "substr({}.dob, 1, 4)"),
]


def same(part: str) -> str:
    """Return the condition of two records' agreeing on a column or expression."""
    written = part if "{}" in part else "{}." + part
    return f"{written.format('l')} = {written.format('r')}"


def narrow(model: Path) -> None:
    """Give a model the rules of this benchmark."""
    body = json.loads(model.read_text())
    body["blocking_rules_to_generate_predictions"] = [
        " AND ".join(map(same, parts)) for parts in RULES
    ]
    model.write_text(json.dumps(body))


def measure(folder: Path, rows: int, model: Path) -> dict:
    """Score and cluster files of a size; return what it took."""
    files = [str(each) for each in write_files(folder / "data", rows)]
    found = side("ours", "predict", files, model, folder / "out")
    con = duckdb.connect(config={"memory_limit": "8GB", "temp_directory": str(folder)})
    total, hits = con.execute(
        f"""WITH l AS (SELECT unique_id, person FROM '{files[0]}'),
        r AS (SELECT unique_id, person FROM '{files[1]}')
        SELECT (SELECT count(*) FROM l JOIN r USING (person)),
        (SELECT count(*) FROM '{folder}/out/pairs.parquet' p JOIN l ON l.unique_id = left_id
        JOIN r ON r.unique_id = right_id WHERE l.person = r.person)"""
    ).fetchall()[0]
    return {
        "rows": rows,
        "pairs": found["pairs"],
        "pairs_of_a_record": round(found["pairs"] / rows / 2, 2),
        "seconds": found["seconds"],
        "cpu": found["cpu"],
        "microseconds_of_a_pair": round(1e6 * found["seconds"] / found["pairs"], 3),
        "cpu_microseconds_of_a_pair": round(1e6 * found["cpu"] / found["pairs"], 3),
        "gigabytes": found["gigabytes"],
        "blocking_recall": round(hits / total, 4),
        "stages": found["stages"],
    }


def main(arguments: list[str]) -> int:
    """Measure both sizes and say whether the bars hold."""
    large = (
        int(arguments[arguments.index("--rows") + 1])
        if "--rows" in arguments
        else LARGE
    )
    with tempfile.TemporaryDirectory(prefix="staithe-scale-") as name:
        folder = Path(name)
        if "--data" in arguments:
            (folder / "data").symlink_to(arguments[arguments.index("--data") + 1])
        small = min(SMALL, large // 10)
        files = [str(each) for each in write_files(folder / "data", small)]
        model = folder / "model.json"
        side("settings", "train", files, folder / "untrained.json", folder / "out")
        side("ours", "train", files, model, folder / "out")
        narrow(model)
        found = []
        for rows in (small, large):
            found.append(measure(folder, rows, model))
            print(json.dumps(found[-1]), flush=True)
    time = found[1]["microseconds_of_a_pair"] / found[0]["microseconds_of_a_pair"]
    pairs = found[1]["pairs_of_a_record"] / found[0]["pairs_of_a_record"]
    print(f"time of a pair {time:.2f}, pairs of a record {pairs:.2f}")
    held = time <= MOST_TIME and pairs <= MOST_PAIRS
    return 0 if held and found[1]["gigabytes"] <= MOST_GIGABYTES else 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main(sys.argv[1:]))
