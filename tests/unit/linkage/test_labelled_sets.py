"""Four labelled sets, no specification: at least as right as Splink set up by hand.

The bars are Splink's pairwise F1 over all true pairs at probability .95, with the
settings that its documentation gives for each file (`benchmarks/linkage.py` runs both
side by side). Ours must also not fall behind what it reached when this was written.
"""

from __future__ import annotations

import re

import duckdb
import pytest

from staithe.linkage.link import link_tables


pytestmark = pytest.mark.data

# set: files, id, truth column (None: held in the id), Splink at .95, ours at least
SETS = {
    "febrl4": (("febrl4a.csv", "febrl4b.csv"), "rec_id", None, 0.9971, 0.999),
    "fake_1000": (("fake_1000.csv",), "unique_id", "cluster", 0.6943, 0.94),
    "uk20k": (
        ("uk20k_a.parquet", "uk20k_b.parquet"),
        "unique_id",
        "cluster",
        0.9881,
        0.991,
    ),
}
HISTORICAL = (("historical_50k.parquet",), "unique_id", "cluster", 0.7016, 0.91)


def pairwise_f1(result, folder, files, id_column, truth):
    """Score the links from the files themselves, without the code under test."""
    con = duckdb.connect()
    people = []
    for name in files:
        path = folder / name
        reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
        options = "" if path.suffix == ".parquet" else ", all_varchar=true, header=true"
        column = truth or id_column
        found = con.execute(
            f"SELECT {id_column}::VARCHAR, {column}::VARCHAR"
            f" FROM {reader}('{path}'{options})"
        ).fetchall()
        people.append(
            {
                row: person if truth else re.search(r"rec-(\d+)-", person)[1]
                for row, person in found
            }
        )
    left, right = people[0], people[-1]
    count = dict.fromkeys(left.values(), 0)
    for person in left.values():
        count[person] += 1
    if len(people) == 1:
        total = sum(n * (n - 1) // 2 for n in count.values())
    else:
        total = sum(count.get(person, 0) for person in right.values())
    links = con.execute(f"SELECT left_id, right_id FROM '{result.links}'").fetchall()
    true = sum(left[a] == right[b] for a, b in links)
    assert len(set(links)) == len(links)
    return 2 * true / (len(links) + total)


def check(shared_data, tmp_path, case):
    files, id_column, truth, splink, ours = case
    folder = shared_data / "linkage"
    paths = [folder / name for name in files]
    result = link_tables(
        paths[0],
        paths[1] if len(paths) > 1 else None,
        id_column=id_column,
        truth_column=truth,
        out=tmp_path / "out",
    )
    f1 = pairwise_f1(result, folder, files, id_column, truth)
    assert f1 >= splink
    assert f1 >= ours
    used = {f.left for f in result.specification.fields}
    assert not used & {id_column, truth}
    if truth:
        assert result.report["truth"]["f1"] == pytest.approx(f1)


@pytest.mark.parametrize("name", SETS)
def test_a_labelled_set_without_a_specification(shared_data, tmp_path, name):
    check(shared_data, tmp_path, SETS[name])


@pytest.mark.long
def test_historical_people_without_a_specification(shared_data, tmp_path):
    check(shared_data, tmp_path, HISTORICAL)
