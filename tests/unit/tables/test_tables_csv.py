"""CSV is read to the character, typed without loss, and refused by line."""

from __future__ import annotations

import csv
import datetime as dt
import io
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.tables.readers import read_table
from staithe.tables.source import TableSource


RELAXED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def put(folder: Path, data: bytes | str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def rows_of(table: TableSource) -> list[dict[str, object]]:
    return pa.Table.from_batches(table.batches(), schema=table.schema).to_pylist()


def read(folder: Path, data: bytes | str, **options: object) -> list[dict[str, object]]:
    return rows_of(read_table(put(folder, data), **options))


values = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)
grids = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(values, min_size=width, max_size=width), min_size=1, max_size=8
    )
)


@RELAXED
@given(grid=grids, mark=st.sampled_from(",\t;|"), end=st.sampled_from(["\n", "\r\n"]))
def test_quoted_csv_comes_back_to_the_character(tmp_path, grid, mark, end):
    """Any text, with quotes, line ends and delimiters inside, survives."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL, lineterminator=end)
    names = [f"x{at}" for at in range(len(grid[0]))]
    writer.writerows([names, *grid])
    path = put(tmp_path, out.getvalue())
    table = read_table(path, delimiter=mark)
    back = [[as_text(v) for v in row.values()] for row in rows_of(table)]
    typed = [column.type for column in table.columns]
    for at, kind in enumerate(typed):
        for was, now in zip(grid, back, strict=True):
            if kind.startswith("decimal"):
                assert Decimal(was[at]) == Decimal(now[at])
            else:
                assert was[at] == now[at]


def as_text(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


@RELAXED
@given(
    column=st.lists(
        st.one_of(
            st.integers(-(10**20), 10**20).map(str),
            st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
            st.dates().map(str),
            st.sampled_from(
                ["007", "-0", "+1", "1e5", "0x1", "2024-02-30", "1.", ".5", ""]
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_no_digit_is_ever_lost_by_typing(tmp_path, column):
    """Whatever type is chosen, the value written again is the value that came in."""
    table = read_table(put(tmp_path, "k,v\n" + "".join(f"r,{v}\n" for v in column)))
    for was, row in zip(column, rows_of(table), strict=True):
        now = row["v"]
        if was == "":
            assert now is None
        elif isinstance(now, Decimal):
            assert Decimal(was) == now
        else:
            assert as_text(now) == was


def test_types_are_only_given_where_lossless(tmp_path):
    data = "i,z,d,m,t,b,e\n1,01,2024-01-31,1.5,2024-02-30,true,\n-20,02,2000-02-29,3,x,no,\n"
    table = read_table(put(tmp_path, data))
    assert [c.type for c in table.columns] == [
        "integer", "text", "date", "decimal(2,1)", "text", "text", "text",
    ]  # fmt: skip


def test_empty_unquoted_is_null_and_quoted_is_empty_text(tmp_path):
    assert read(tmp_path, 'a,b\n1,\n2,""\n3,x\n') == [
        {"a": 1, "b": None},
        {"a": 2, "b": ""},
        {"a": 3, "b": "x"},
    ]


def test_spaces_after_every_comma_are_taken_away_and_told(tmp_path):
    table = read_table(put(tmp_path, "id, name, town\n1, ann, york\n2, , leeds\n"))
    assert rows_of(table) == [
        {"id": 1, "name": "ann", "town": "york"},
        {"id": 2, "name": None, "town": "leeds"},
    ]
    assert any("follows a space" in note for note in table.report.notes)


def test_a_space_after_some_commas_only_is_data(tmp_path):
    assert read(tmp_path, "a,b\n1, x\n2,y\n")[0]["b"] == " x"


@pytest.mark.parametrize("mark", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(tmp_path, mark):
    data = f"a{mark}b\n1{mark}x y\n"
    assert read(tmp_path, data) == [{"a": 1, "b": "x y"}]


def test_bom_crlf_and_a_header_over_two_lines(tmp_path):
    data = b'\xef\xbb\xbf"first\nname",b\r\nann,1\r\n'
    table = read_table(put(tmp_path, data))
    assert rows_of(table) == [{"first\nname": "ann", "b": 1}]
    assert any("byte order mark" in note for note in table.report.notes)


def test_mixed_line_ends_and_blank_lines_are_told(tmp_path):
    table = read_table(put(tmp_path, "a,b\r\n1,2\n\n3,4\n"))
    assert table.rows == 2
    assert any("Mixes" in note for note in table.report.notes)
    assert any("1 blank lines" in note for note in table.report.notes)


def test_a_stray_quote_inside_a_value_is_kept(tmp_path):
    assert read(tmp_path, 'a,b\n1,6" pipe\n')[0]["b"] == '6" pipe'


def test_a_header_alone_is_a_table_of_no_rows(tmp_path):
    table = read_table(put(tmp_path, "a,b\n"))
    assert (table.rows, rows_of(table)) == (0, [])


def test_declared_cp1252_is_read(tmp_path):
    data = "name,town\nZoë,Llanbêr\n".encode("cp1252")
    table = read_table(put(tmp_path, data), encoding="cp1252")
    assert rows_of(table) == [{"name": "Zoë", "town": "Llanbêr"}]
    assert any("cp1252" in note for note in table.report.notes)


def test_bad_rows_can_be_reported_instead(tmp_path):
    data = 'a,b\n1,2\n"x\ny",2,3\n5,6\n7\n'
    table = read_table(put(tmp_path, data), bad_rows="report")
    assert rows_of(table) == [{"a": 1, "b": 2}, {"a": 5, "b": 6}]
    assert [(bad.line, bad.reason) for bad in table.report.bad_rows] == [
        (3, "has 3 values, not 2"),
        (6, "has 1 value, not 2"),
    ]


REFUSED = {
    "wrong width": (b"a,b\n1,2\n3,4,5\n", "line 3 has 3 values"),
    "many wrong": (b"a,b\n" + b"1\n" * 9, "9 rows do not fit the header: line 2"),
    "empty file": (b"", "is empty"),
    "only spaces": (b" \r\n \n", "is empty"),
    "duplicate header": (b"a,A\n1,2\n", "must differ by more than capitals"),
    "unnamed column": (b"a,,c\n1,2,3\n", "no name for column 2"),
    "nul byte": (b"a,b\n1,2\n3,\x00\n", "line 3 holds a NUL"),
    "not utf-8": (b"a,b\n1,2\ncaf\xe9,4\n", "Line 3 of t.csv is not UTF-8"),
    "cut utf-8": (b"a,b\n1,\xe2\x82", "Line 2 of t.csv is not UTF-8"),
    "open quote": (b'a,b\n1,"x\n2,3\n', "Line 2 of t.csv opens a quote"),
    "text after quote": (b'a,b\n1,"x"y\n', "Line 2 of t.csv has text after"),
    "png": (b"\x89PNG\r\n\x1a\n" + b"0" * 20, "a picture (PNG)"),
    "pdf": (b"%PDF-1.7 x", "a PDF document"),
    "gzip": (b"\x1f\x8b\x08\x00zzzz", "unpack it first"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office file"),
    "html": (b"  <!DOCTYPE html><p>404", "a web page"),
    "utf-16": ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    "broken zip": (b"PK\x03\x04 not really", "damaged or locked"),
    "cut parquet": (b"PAR1" + b"\0" * 40, "damaged or truncated Parquet"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_kept_whole_is_refused_in_one_sentence(tmp_path, case):
    data, words = REFUSED[case]
    with pytest.raises(BadInput) as caught:
        read_table(put(tmp_path, data))
    assert words in caught.value.message
    assert "\n" not in caught.value.message


def test_at_most_five_bad_lines_are_named(tmp_path):
    with pytest.raises(BadInput, match="line 6 has 1 value") as caught:
        read_table(put(tmp_path, b"a,b\n" + b"1\n" * 9))
    assert "line 7" not in caught.value.message
    assert "and more" in caught.value.message


def test_a_value_over_ten_megabytes_is_refused(tmp_path):
    giant = b"a,b\n1," + b"x" * (11 << 20) + b"\n2,3\n"
    with pytest.raises(BadInput, match="longer than 10 MB"):
        read_table(put(tmp_path, giant))


def test_a_row_over_the_block_is_refused(tmp_path):
    giant = b"a,b\n1," + b"x" * (60 << 20) + b"\n"
    with pytest.raises(BadInput, match="row longer"):
        read_table(put(tmp_path, giant))


@RELAXED
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_sentence(tmp_path, data):
    """Fuzz: nothing but BadInput ever leaves the reader."""
    for name in ("t.csv", "t.jsonl", "t.parquet"):
        with suppress(BadInput):
            rows_of(read_table(put(tmp_path, data, name)))


@RELAXED
@given(text=st.text(st.sampled_from("a1,;\t\"\r\n '|"), max_size=40))
def test_any_csv_like_text_gives_a_table_or_a_sentence(tmp_path, text):
    """Fuzz nearer to CSV: rows kept plus rows refused are the rows Python sees."""
    path = put(tmp_path, text)
    try:
        table = read_table(path, bad_rows="report")
    except BadInput:
        return
    mark = table.report.delimiter
    seen = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    width = len(table.columns)
    body = seen[next(at for at, row in enumerate(seen) if row) + 1 :]
    if width > 1:
        body = [row for row in body if row]
    assert table.rows + len(table.report.bad_rows) == len(body)
    assert table.rows == len(rows_of(table))
