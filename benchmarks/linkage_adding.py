"""New records added to a link, next to linking everything again.

Links 99 % of each file and keeps the state, adds the other 1 %, links all in full, and
compares. Prints the share of the time and the records with the same cluster mates.
Bars: 5 % and 99.9 %. `./dev bench linkage_adding [--rows N] [--dedupe]`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import duckdb
from linkage_data import write_files

from staithe.linkage.increment import add_records
from staithe.linkage.link import link_tables


ROWS = 1_000_000
NEW_IN = 100  # one record in so many is new
MOST_TIME, LEAST_SAME = 0.05, 0.999


def parted(path: Path, folder: Path) -> tuple[Path, Path]:
    """Write what is there first and what comes later."""
    old, new = folder / f"old_{path.name}", folder / f"new_{path.name}"
    for target, sign in ((old, "<>"), (new, "=")):
        duckdb.sql(
            f"COPY (FROM '{path}' WHERE hash(unique_id) % {NEW_IN} {sign} 0)"
            f" TO '{target}' (FORMAT parquet)"
        )
    return old, new


def same_mates(one: Path, other: Path) -> float:
    """Return the share of records that have the same cluster mates in both results."""
    mates = (
        "SELECT source, id, bit_xor(hash(source || id)) OVER (PARTITION BY cluster) AS h,"
        " count(*) OVER (PARTITION BY cluster) AS n FROM '{}'"
    )
    (share,) = duckdb.sql(
        "SELECT avg((a.h = b.h AND a.n = b.n)::INT)"
        f" FROM ({mates.format(one)}) a JOIN ({mates.format(other)}) b"
        " USING (source, id)"
    ).fetchall()[0]
    return float(share)


def timed(work):
    """Return what a call returns and its seconds of wall and of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--dedupe", action="store_true", help="One file, not two.")
    given = parser.parse_args()
    options = {"id_column": "unique_id", "ignore": ["person"]}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_files(folder, given.rows)[: 1 if given.dedupe else 2]
        parts = [parted(file, folder) for file in files]
        olds = [old for old, _ in parts]
        base = link_tables(*olds, out=folder / "base", keep_state=True, **options)
        full, *full_took = timed(
            lambda: link_tables(*files, out=folder / "full", **options)
        )
        added, *added_took = timed(
            lambda: add_records(
                base.folder,
                [new for _, new in parts],
                id_columns=["unique_id"] * len(parts),
                out=folder / "next",
            )
        )
        same = same_mates(full.clusters, added.clusters)
    for what, all_of_it, part in zip(
        ("wall", "CPU"), full_took, added_took, strict=True
    ):
        print(
            f"{what}: full {all_of_it:.1f} s, adding {part:.1f} s, {part / all_of_it:.1%}"
        )
    print(f"Records with the same cluster mates: {same:.3%}")
    if added_took[1] > MOST_TIME * full_took[1]:
        print(f"MISSED: more than {MOST_TIME:.0%} of the time of a full run")
    if same < LEAST_SAME:
        print(f"MISSED: fewer than {LEAST_SAME:.1%} with the same mates")


if __name__ == "__main__":
    main()
