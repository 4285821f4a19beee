"""Two large files of people who share no identifier, and who is who.

The demo world's own people and mistakes, in many small worlds side by side, so that
any size fits in memory. 70 % of each file is also in the other.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from staithe.demo.dates import date_texts
from staithe.demo.names import FEMALE
from staithe.demo.population import generate_world
from staithe.demo.records import draw_records


WORLD = 130_000  # people: 100,000 in each file, 70,000 of them in both
IN_EACH, IN_BOTH = 100_000, 70_000
KNOWN = date(2026, 3, 31)


def write_files(folder: Path, rows: int, *, seed: int = 7) -> tuple[Path, Path]:
    """Write `rows` records to each of two Parquet files, unless they are there."""
    left, right = folder / f"left_{rows}.parquet", folder / f"right_{rows}.parquet"
    if left.is_file() and right.is_file():
        return left, right
    folder.mkdir(parents=True, exist_ok=True)
    writers: list[pq.ParquetWriter | None] = [None, None]
    for number, start in enumerate(range(0, rows, IN_EACH)):
        share = min(rows - start, IN_EACH) / IN_EACH
        world = generate_world(people=WORLD, seed=seed + number)
        mixed = np.random.default_rng([seed, number]).permutation(WORLD)
        size, both = int(IN_EACH * share), int(IN_BOTH * share)
        sides = (mixed[:size], mixed[size - both : 2 * size - both])
        for side, (source, people) in enumerate(
            zip(("dws", "nhb"), sides, strict=True)
        ):
            table = _records(world, source, people, number * WORLD)
            path = (left, right)[side]
            writer = writers[side] = writers[side] or pq.ParquetWriter(
                path.with_suffix(".partial"), table.schema, compression="zstd"
            )
            writer.write_table(table)
    for writer, path in zip(writers, (left, right), strict=True):
        assert writer is not None
        writer.close()
        path.with_suffix(".partial").replace(path)
    return left, right


def _records(world, source: str, people: np.ndarray, first: int) -> pa.Table:
    records = draw_records(world, source, people, at=KNOWN)
    place = np.random.default_rng([world.seed, len(source), 3]).permutation(len(people))
    person = people + first
    number = np.char.zfill((first + place).astype("U9"), 9)
    sex = np.where(records.sex == FEMALE, "F", "M").astype(object)
    sex[records.sex_missing] = None
    return pa.table(
        {
            "unique_id": pc.binary_join_element_wise(source, pa.array(number), "-"),
            "first_name": records.forename,
            "middle_name": records.middle,
            "surname": records.surname,
            "sex": pa.array(sex),
            "dob": date_texts(records.born, notation="iso"),
            "postcode": records.postcode,
            "person": pa.array(person),
        }
    )
