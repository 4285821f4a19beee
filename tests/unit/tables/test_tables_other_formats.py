"""Excel, JSON lines and Parquet: typed by their own cells, refused in one sentence."""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput, TooLarge
from staithe.tables.columns import MOST_COLUMNS
from staithe.tables.readers import read_table
from staithe.tables.source import TableSource


# Every code point, half characters too.
_ANY = st.characters(exclude_categories=())


def rows_of(table: TableSource) -> list[dict[str, object]]:
    return pa.Table.from_batches(table.batches(), schema=table.schema).to_pylist()


def workbook(
    path: Path, rows: list[list[object]], **sheets: list[list[object]]
) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in sheets.items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    book.save(path)
    return path


def test_excel_cells_keep_their_types_and_other_sheets_are_told(tmp_path):
    day = dt.date(2024, 5, 1)
    rows = [
        ["id", "when", "share", "code", "mixed", "ok"],
        [1, day, 0.5, "007", 1, True],
        [2, None, 2, "x", "two", False],
    ]
    table = read_table(workbook(tmp_path / "t.xlsx", rows, Other=[["a"], [1]]))
    assert rows_of(table) == [
        {"id": 1, "when": dt.date(2024, 5, 1), "share": 0.5, "code": "007", "mixed": "1", "ok": True},
        {"id": 2, "when": None, "share": 2.0, "code": "x", "mixed": "two", "ok": False},
    ]  # fmt: skip
    assert "Other" in table.report.notes[0]


def test_a_named_sheet_is_read_and_an_absent_one_refused(tmp_path):
    path = workbook(tmp_path / "t.xlsx", [["a"], [1]], Two=[["b"], ["x"]])
    assert rows_of(read_table(path, sheet="Two")) == [{"b": "x"}]
    with pytest.raises(BadInput, match="has no sheet 'Three'"):
        read_table(path, sheet="Three")


def test_a_workbook_is_known_by_content_not_by_name(tmp_path):
    path = workbook(tmp_path / "t.csv", [["a"], [1]])
    assert read_table(path).report.reader == "excel"


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (100 << 20))
    with pytest.raises(TooLarge, match="refused unopened"):
        read_table(path)


def test_a_zip_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("readme.txt", "hello")
    with pytest.raises(BadInput, match="not a spreadsheet"):
        read_table(path)


def test_a_hollow_workbook_is_refused(tmp_path):
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(BadInput):
        read_table(path)


def test_an_empty_sheet_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is empty"):
        read_table(workbook(tmp_path / "t.xlsx", []))


def put(folder: Path, data: bytes, name: str = "t.jsonl") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_json_lines_are_the_union_of_their_keys(tmp_path):
    lines = [
        {"id": 1, "n": 1.50, "on": True, "when": "2024-01-02", "zip": "01"},
        {"id": 2, "extra": {"deep": [1, 2.5]}, "when": None, "zip": "2"},
    ]
    data = "\n".join(json.dumps(line) for line in lines).encode()
    table = read_table(put(tmp_path, data))
    assert rows_of(table) == [
        {"id": 1, "n": Decimal("1.5"), "on": True, "when": dt.date(2024, 1, 2), "zip": "01", "extra": None},
        {"id": 2, "n": None, "on": None, "when": None, "zip": "2", "extra": '{"deep": [1, 2.5]}'},
    ]  # fmt: skip


def test_json_numbers_keep_every_digit(tmp_path):
    table = read_table(put(tmp_path, b'{"n": 12345678901234567890.123456789}\n'))
    assert rows_of(table) == [{"n": Decimal("12345678901234567890.123456789")}]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": 1}\n{"a": \n', "line 2 is not valid JSON"),
        (b'{"a": 1}\n[1]\n', "line 2 is not a JSON object"),
        (b'{"a": 1, "a": 2}\n', "line 1 gives the same key twice"),
        (b'{"a": NaN}\n', "line 1 holds NaN"),
        (b'{"a": "\xff"}\n', "line 1 is not UTF-8"),
        (b"[" * 100_000 + b"\n", "line 1 is not valid JSON"),
        (b"{}\n", "has no columns"),
    ],
)
def test_a_bad_json_line_is_named(tmp_path, data, words):
    with pytest.raises(BadInput) as caught:
        read_table(put(tmp_path, data))
    assert words in caught.value.message


def test_bad_json_lines_can_be_reported(tmp_path):
    data = b'{"a": 1}\nnope\n{"a": 2}\n'
    table = read_table(put(tmp_path, data), bad_rows="report")
    assert [row["a"] for row in rows_of(table)] == [1, 2]
    assert table.report.bad_rows[0].line == 2


def test_parquet_of_every_type_is_flattened_without_loss(tmp_path):
    table = pa.table(
        {
            "d": pa.array(["x", None, "x"]).dictionary_encode(),
            "l": pa.array([[1, 2], None, []]),
            "b": pa.array([b"\x01", None, b""]),
            "h": pa.array([1.5, None, 2.0], pa.float16()),
            "t": pa.array([dt.timedelta(1), None, dt.timedelta(2)]),
            "u": pa.array([2**64 - 1, None, 0], pa.uint64()),
            "z": pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None, None]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    read = read_table(tmp_path / "t.parquet")
    assert rows_of(read)[0] == {
        "d": "x", "l": "[1, 2]", "b": "01", "h": 1.5, "t": "1 day, 0:00:00",
        "u": 2**64 - 1, "z": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
    }  # fmt: skip
    assert rows_of(read)[1] == dict.fromkeys("dlbhtuz")


def test_a_truncated_parquet_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), path)
    whole = path.read_bytes()
    for keep in (4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:keep])
        with pytest.raises(BadInput):
            read_table(path)


def test_parquet_names_that_differ_by_case_are_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1], "A": [2]}), path)
    with pytest.raises(BadInput, match="more than capitals"):
        read_table(path)


@pytest.mark.data
def test_every_shared_table_is_read_as_it_is(shared_data):
    """Each .csv, .tsv, .jsonl and .parquet file there reads, twice, to equal rows."""
    wanted = {".csv", ".tsv", ".jsonl", ".parquet"}
    paths = [path for path in shared_data.rglob("*") if path.suffix in wanted]
    assert len(paths) > 30
    for path in paths:
        table = read_table(path)
        assert sum(batch.num_rows for batch in table.batches()) == table.rows
        assert not table.report.bad_rows


@pytest.mark.data
def test_febrl_headers_and_values_lose_their_leading_space(shared_data):
    table = read_table(shared_data / "linkage" / "febrl4a.csv")
    assert "given_name" in table.schema.names
    assert table.rows == 5000
    assert rows_of(table)[0]["given_name"] == "michaela"


def test_two_cells_at_the_corners_of_a_sheet_are_refused(tmp_path):
    """Seventeen thousand million cells would be made of them."""
    book = openpyxl.Workbook()
    book.active["A1"] = "a"
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(TooLarge, match="1,048,576 rows by 16,384 columns"):
        read_table(tmp_path / "t.xlsx")


def test_a_zip_whose_directory_lies_is_refused(tmp_path):
    """The directory says 1,000 bytes; the part unpacks to a hundred million."""
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr("xl/worksheets/sheet1.xml", b"0" * (100 << 20))
    whole = path.read_bytes()
    size = (100 << 20).to_bytes(4, "little")
    assert whole.count(size) == 2
    path.write_bytes(whole.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(BadInput, match="damaged or locked"):
        read_table(path)


def test_a_damaged_byte_inside_a_workbook_is_refused(tmp_path):
    path = workbook(tmp_path / "t.xlsx", [["a", "b"], [1, 2]])
    with zipfile.ZipFile(path) as package:
        at = package.getinfo("xl/worksheets/sheet1.xml").header_offset + 60
    whole = bytearray(path.read_bytes())
    whole[at] ^= 0xFF
    path.write_bytes(bytes(whole))
    with pytest.raises(BadInput, match="damaged"):
        read_table(path)


KEPT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(_ANY),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(_ANY), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=st.lists(st.dictionaries(st.text(_ANY), KEPT, max_size=4), max_size=4))
def test_any_json_lines_are_read_to_the_end_or_refused_in_a_sentence(tmp_path, lines):
    """Half characters, NUL, infinity and control characters among them."""
    data = "\n".join(json.dumps(line) for line in lines).encode()
    try:
        table = read_table(put(tmp_path, data))
    except BadInput as refused:
        assert refused.message.endswith(".")  # noqa: PT017  reading may succeed too
        return
    kept = pa.Table.from_batches(table.batches(), schema=table.schema)
    kept.validate(full=True)
    assert kept.num_rows == len(lines)


def test_the_widest_table_is_kept_and_one_column_more_refused(tmp_path):
    names = [f"c{n}" for n in range(MOST_COLUMNS + 1)]
    wide = "\n".join([",".join(names), ",".join(["1"] * len(names))])
    kept = "\n".join([",".join(names[:-1]), ",".join(["1"] * MOST_COLUMNS)])
    assert len(read_table(put(tmp_path, kept.encode(), "a.csv")).columns) == 1000
    with pytest.raises(TooLarge, match="has 1,001 columns and at most 1,000"):
        read_table(put(tmp_path, wide.encode(), "a.csv"))
    with pytest.raises(TooLarge, match="has 1,001 columns"):
        read_table(workbook(tmp_path / "t.xlsx", [names, [1] * len(names)]))
    pq.write_table(pa.table({name: [1] for name in names}), tmp_path / "t.parquet")
    with pytest.raises(TooLarge, match="has 1,001 columns"):
        read_table(tmp_path / "t.parquet")
