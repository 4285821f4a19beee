"""Codes of two years are compared by the code in force, by file and by register."""

from __future__ import annotations

import random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from staithe.base.errors import BadInput
from staithe.linkage.crosswalk import Crosswalk
from staithe.linkage.increment import add_records
from staithe.linkage.link import link_tables
from staithe.linkage.private.rehearsal import rehearse
from staithe.linkage.specification import from_yaml, to_yaml


CHANGED = {"E07000026": "E06000063", "E07000028": "E06000063", "E07000091": "E06000099"}
NOW = ["E06000063", "E06000099", "E06000002", "E06000003"]


@pytest.fixture
def files(tmp_path):
    """Write two years of areas: the earlier one with codes since replaced."""
    chance = random.Random(3)
    old = {new: [each for each, to in CHANGED.items() if to == new] for new in NOW}
    left, right = [], []
    for number in range(800):
        now = chance.choice(NOW)
        row = {
            "surname": chance.choice(["ash", "elm", "oak", "yew", "fir"]),
            "dob": f"19{number % 60 + 30}-0{number % 9 + 1}-1{number % 10}",
        }
        then = chance.choice(old[now] or [now])
        left.append(row | {"id": f"a{number}", "lad": then.lower()})
        right.append(row | {"id": f"b{number}", "lad": now})
    paths = [tmp_path / "left.parquet", tmp_path / "right.parquet"]
    for path, rows in zip(paths, (left, right), strict=True):
        pq.write_table(pa.Table.from_pylist(rows), path)
    table = tmp_path / "changes.csv"
    lines = [f"{a},{b}" for a, b in CHANGED.items()]
    table.write_text("old-code,new-code\n" + "\n".join(lines) + "\n")
    return paths, table


def compared(result):
    """Return the codes that were compared, of both files."""
    with duckdb.connect(str(result.folder / "state.duckdb"), read_only=True) as con:
        return {row[0].upper() for row in con.sql("SELECT lad FROM records").fetchall()}


def test_codes_are_brought_up_to_date_and_the_report_says_so(files, tmp_path):
    paths, table = files
    crosswalk = Crosswalk("lad", "changes", table)
    linked = link_tables(
        *paths, id_column="id", out=tmp_path / "with", crosswalks=[crosswalk],
        keep_state=True,
    )  # fmt: skip
    assert compared(linked) == set(NOW)
    (told,) = linked.report["crosswalks"]
    assert told["codes"] == 3
    assert told["records_changed"]["left"] > 300
    assert told["records_changed"]["right"] == 0
    kept = from_yaml((linked.folder / "specification.yaml").read_text())
    assert kept.crosswalks == {"lad": "changes"}
    assert from_yaml(to_yaml(kept)) == kept
    with pytest.raises(BadInput, match="--crosswalk lad=FILE"):
        link_tables(*paths, id_column="id", out=tmp_path / "x", specification=kept)
    new = tmp_path / "new.parquet"
    row = {"surname": "ash", "dob": "1930-01-10", "id": "z", "lad": "E07000091"}
    pq.write_table(pa.Table.from_pylist([row]), new)
    with pytest.raises(BadInput, match="--crosswalk lad=FILE"):
        add_records(
            linked.folder, [new, None], id_columns=["id", "id"], out=tmp_path / "y"
        )
    added = add_records(
        linked.folder, [new, None], id_columns=["id", "id"], out=tmp_path / "y",
        crosswalks=[crosswalk],
    )  # fmt: skip
    assert added.report["records"]["left"] == 801


def test_a_table_that_is_no_crosswalk_is_refused(files, tmp_path):
    paths, _ = files
    for text, why in [
        ("a,b,c\n1,2,3\n", "needs a column of old codes"),
        ("from,to\nA,B\nB,A\n", "comes back to"),
    ]:
        table = tmp_path / "bad.csv"
        table.write_text(text)
        with pytest.raises(BadInput, match=why):
            link_tables(
                *paths, id_column="id", out=tmp_path / "out",
                crosswalks=[Crosswalk("lad", "bad", table)],
            )  # fmt: skip
        assert not (tmp_path / "out").exists()
    with pytest.raises(BadInput, match="no column 'nix'"):
        link_tables(
            *paths, id_column="id", out=tmp_path / "out",
            crosswalks=[Crosswalk("nix", "changes", files[1])],
        )  # fmt: skip


def test_a_private_link_refuses_a_crosswalk_rather_than_leave_it_out(files, tmp_path):
    paths, _ = files
    text = "version: 1\nkind: link\nfields: [{meaning: surname, left: surname, right: surname}]\n"
    wanted = from_yaml(text + "crosswalks: {lad: changes}\n")
    with pytest.raises(BadInput, match="bring lad up to date in the file"):
        rehearse(
            *paths, mode="fields", id_column=("id", "id"), out=tmp_path / "out",
            specification=wanted,
        )  # fmt: skip
    assert not (tmp_path / "out").exists()


@pytest.mark.django_db
def test_a_register_is_a_crosswalk(tmp_path):
    from staithe.base.clock import now
    from staithe.exchange.crosswalks import crosswalk_registers
    from staithe.linkage.crosswalk import read_successors
    from staithe.registers.actions import append_entries, create_register
    from staithe.registers.schema import Field
    from staithe.tables.engine import connect

    areas = create_register(
        name="area", title="Areas", owner=None, by=None, at=now(),
        fields=[Field("name"), Field("replaced-by")],
    )  # fmt: skip
    changes = [
        (code, {"area": code, "name": "x", "replaced-by": to})
        for code, to in CHANGED.items()
    ]
    append_entries(register=areas, changes=changes, by=None, at=now())
    text = "version: 1\nkind: link\nfields: [{meaning: surname, left: s, right: s}]\n"
    wanted = from_yaml(text + "crosswalks: {lad: area}\n")
    (found,) = crosswalk_registers(wanted, tmp_path)
    con = connect()
    assert read_successors(con, found, view="given") == CHANGED
    con.close()
    with pytest.raises(BadInput, match="no public register nowhere"):
        crosswalk_registers(from_yaml(text + "crosswalks: {lad: nowhere}\n"), tmp_path)
