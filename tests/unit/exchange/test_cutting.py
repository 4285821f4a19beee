"""Cutting: a snapshot holds a row key, the granted columns and the granted rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from staithe.base.errors import Conflict, Damaged
from staithe.exchange import cutting
from staithe.exchange.cutting import ROW_KEY, Cut, cut_snapshots
from staithe.sharing.grant import Grant
from staithe.sharing.output_rules import DEFAULT_RULES
from staithe.sharing.terms import RowFilter
from staithe.tables.manifest import Manifest, Source
from staithe.tables.snapshot import (
    list_snapshots,
    open_snapshot,
    snapshot_paths,
    write_snapshot,
)
from staithe.tables.store import Store, open_store


AT = datetime(2026, 1, 5, tzinfo=UTC)
ODD = 'odd "name", with; everything\n%'

GRANT = Grant(
    agreement="AGR-1",
    terms_sha256="0" * 64,
    project="PRJ-1",
    holder="work",
    recipient="evidence",
    asset="AST-1",
    columns=("region",),
    link_columns=("surname",),
    row_filter=None,
    people=("person:P-1",),
    purpose_code="research-public-good",
    route_id="dea-64-research",
    opens_at=AT,
    closes_at=datetime(2027, 1, 5, tzinfo=UTC),
    output=DEFAULT_RULES,
    results_may_leave=True,
    retention_until=date(2027, 1, 5),
)
ROWS = 250
TABLE = pa.table(
    {
        "surname": [f"Surname{n}" for n in range(ROWS)],
        "secret": [f"Secret{n}" for n in range(ROWS)],
        "region": [("North", "South", "East")[n % 3] for n in range(ROWS)],
        "paid": [n * 1.5 for n in range(ROWS)],
        ODD: list(range(ROWS)),
    }
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "snapshots")


def publish(store: Store, table: pa.Table = TABLE, *, part_rows: int = 64) -> Manifest:
    return write_snapshot(
        iter(table.to_batches(max_chunksize=50)),
        store=store,
        at=AT,
        source=Source(name="data.csv"),
        schema=table.schema,
        part_rows=part_rows,
    )


def cut(store: Store, grant: Grant, source: Manifest, scratch: Path) -> Cut:
    return cut_snapshots(
        grant,
        source=source,
        asset_version=3,
        store=store,
        at=AT,
        memory_mb=256,
        threads=2,
        scratch=scratch,
    )


def read(store: Store, name: str) -> pa.Table:
    paths = snapshot_paths(open_snapshot(name, store=store), store=store)
    return pa.concat_tables(pq.read_table(path) for path in paths)


def test_each_piece_holds_its_columns_and_the_row_key_and_no_more(store, tmp_path):
    made = cut(store, GRANT, publish(store), tmp_path)
    assert made.identifiers is not None
    assert read(store, made.identifiers.id).column_names == [ROW_KEY, "surname"]
    assert read(store, made.attributes.id).column_names == [ROW_KEY, "region"]
    assert made.asset_version == 3


def test_the_bytes_of_a_piece_hold_nothing_that_was_not_granted(store, tmp_path):
    source = publish(store)
    made = cut(store, GRANT, source, tmp_path)
    assert made.identifiers is not None
    absent = {made.attributes.id: b"Surname", made.identifiers.id: b"North"}
    for piece, other in absent.items():
        kept = plain_bytes(store, piece)
        assert b"Secret" not in kept
        assert other not in kept
    assert b"Secret" in plain_bytes(store, source.id), "the search can find it"


def plain_bytes(store: Store, name: str) -> bytes:
    """Return every byte of a snapshot, and its pages as they are uncompressed."""
    paths = snapshot_paths(open_snapshot(name, store=store), store=store)
    folder = paths[0].parent
    raw = b"".join(path.read_bytes() for path in folder.iterdir())
    for path in paths:
        plain = folder.parent / f"{path.name}.plain"
        pq.write_table(
            pq.read_table(path), plain, compression="none", use_dictionary=False
        )
        raw += plain.read_bytes()
        plain.unlink()
    return raw


def test_row_keys_are_places_in_the_whole_data_the_same_in_both_pieces(store, tmp_path):
    """Also over many parts, with two threads, and when cut again."""
    keep = RowFilter(column="paid", operator=">=", value=100)
    grant = replace(GRANT, row_filter=keep)
    source = publish(store)
    first, second = (cut(store, grant, source, tmp_path) for _ in range(2))
    wanted = {
        n + 1: (TABLE["surname"][n].as_py(), TABLE["region"][n].as_py())
        for n in range(ROWS)
        if n * 1.5 >= 100
    }
    for made in (first, second):
        assert made.identifiers is not None
        names, regions = (
            read(store, made.identifiers.id),
            read(store, made.attributes.id),
        )
        keys = names[ROW_KEY].to_pylist()
        pairs = zip(
            names["surname"].to_pylist(), regions["region"].to_pylist(), strict=True
        )
        found = dict(zip(keys, pairs, strict=True))
        assert found == wanted
        assert regions[ROW_KEY].to_pylist() == names[ROW_KEY].to_pylist()
        assert made.attributes.rows == len(wanted)


def test_a_filter_on_a_column_that_is_not_granted_leaves_it_out(store, tmp_path):
    keep = RowFilter(column="secret", operator="=", value="Secret7")
    made = cut(store, replace(GRANT, row_filter=keep), publish(store), tmp_path)
    assert read(store, made.attributes.id).column_names == [ROW_KEY, "region"]
    assert made.attributes.rows == 1


def test_a_filter_that_nothing_passes_gives_empty_pieces(store, tmp_path):
    keep = RowFilter(column="paid", operator=">=", value=1e9)
    made = cut(store, replace(GRANT, row_filter=keep), publish(store), tmp_path)
    assert made.attributes.rows == 0
    assert read(store, made.attributes.id).column_names == [ROW_KEY, "region"]


def test_odd_names_are_only_names(store, tmp_path):
    grant = replace(GRANT, columns=(ODD, "paid"), link_columns=())
    made = cut(store, grant, publish(store), tmp_path)
    assert made.identifiers is None
    found = read(store, made.attributes.id)
    assert found.column_names == [ROW_KEY, ODD, "paid"]
    assert found[ODD].to_pylist() == list(range(ROWS))


@pytest.mark.parametrize(
    "grant",
    [
        replace(GRANT, columns=("region", "gone")),
        replace(GRANT, link_columns=("gone",)),
        replace(GRANT, row_filter=RowFilter(column="gone", operator="=", value=1)),
        replace(GRANT, columns=("REGION",)),
    ],
)
def test_a_column_that_is_gone_is_named_and_nothing_is_left(store, tmp_path, grant):
    source = publish(store)
    with pytest.raises(Conflict, match=r"gone|REGION"):
        cut(store, grant, source, tmp_path)
    assert list_snapshots(store=store) == [source.id]


def test_a_column_with_the_name_of_the_row_key_hinders_only_if_it_is_granted(
    store, tmp_path
):
    table = TABLE.append_column("Staithe_Row", TABLE["paid"])
    source = publish(store, table)
    made = cut(store, GRANT, source, tmp_path)
    assert read(store, made.attributes.id)[ROW_KEY].to_pylist()[:2] == [1, 2]
    with pytest.raises(Conflict, match="staithe_row"):
        cut(store, replace(GRANT, columns=("Staithe_Row",)), source, tmp_path)


def test_a_damaged_file_is_named_and_nothing_is_left(store, tmp_path):
    source = publish(store)
    path = snapshot_paths(source, store=store)[1]
    flip(path)
    with pytest.raises(Damaged, match=r"part-00001.parquet"):
        cut(store, GRANT, source, tmp_path)
    assert list_snapshots(store=store) == [source.id]


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))


def test_if_the_second_piece_fails_the_first_is_taken_back(
    store, tmp_path, monkeypatch
):
    source = publish(store)
    pieces: list[str] = []
    real = cutting.write_snapshot

    def fail_on_identifiers(batches: Iterator[pa.RecordBatch], **options):
        if pieces:
            raise OSError("no space left on device")
        made = real(batches, **options)
        pieces.append(made.id)
        return made

    monkeypatch.setattr(cutting, "write_snapshot", fail_on_identifiers)
    with pytest.raises(OSError, match="space"):
        cut(store, GRANT, source, tmp_path)
    assert pieces
    assert list_snapshots(store=store) == [source.id]
