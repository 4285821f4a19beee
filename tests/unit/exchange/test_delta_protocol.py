"""The text of the Delta Sharing protocol: paging, formats, lines."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.exchange.delta_protocol import (
    SharedFile,
    SharedTable,
    change_lines,
    file_lines,
    first_files,
    metadata_lines,
    page,
    response_format,
    to_ndjson,
    wants_end_of_stream,
)


def table_of(*rows: int) -> SharedTable:
    files = [
        SharedFile(f"https://host/f/{n}?s=1", f"f{n}", 10 * count, count, 99)
        for n, count in enumerate(rows)
    ]
    return SharedTable("GRT-1", "spells", 3, '{"type":"struct"}', 77, files)


@given(st.integers(0, 25), st.integers(1, 30))
def test_pages_put_together_are_the_list_and_the_last_has_no_token(count, limit):
    items = [{"name": str(n)} for n in range(count)]
    found, token, pages = [], None, 0
    while True:
        answer = page(items, max_results=str(limit), page_token=token)
        assert len(answer["items"]) <= limit
        found += answer["items"]
        token = answer.get("nextPageToken")
        pages += 1
        if token is None:
            break
        assert answer["items"], "a page with a token makes progress"
    assert found == items
    assert pages == max(1, -(-count // limit))


def test_without_a_limit_everything_comes_at_once():
    items = [{"name": "a"}, {"name": "b"}]
    assert page(items, max_results=None, page_token=None) == {"items": items}
    assert page(items, max_results="", page_token="") == {"items": items}


def test_a_limit_of_zero_gives_no_items_and_a_token_to_begin_with():
    items = [{"name": "a"}]
    answer = page(items, max_results="0", page_token=None)
    assert answer["items"] == []
    again = page(items, max_results=None, page_token=answer["nextPageToken"])
    assert again == {"items": items}


@given(st.text(max_size=20))
def test_a_token_that_is_not_ours_is_refused_or_means_the_start(token):
    try:
        answer = page([{"name": "a"}], max_results=None, page_token=token)
    except BadInput:
        return
    assert answer["items"] in ([], [{"name": "a"}])


@pytest.mark.parametrize(
    "limit", ["-1", "x", "1.5", "2147483648", "٣", " 1", "1e3", "1" * 5000]
)
def test_a_limit_that_is_no_int32_is_refused(limit):
    with pytest.raises(BadInput):
        page([], max_results=limit, page_token=None)


LONG = base64.urlsafe_b64encode(b"s" + b"9" * 5000).decode()


@pytest.mark.parametrize("token", ["czE", "AAAA", "c_", "c" * 7, "é", "c7I=", LONG])
def test_a_malformed_token_is_refused(token):
    with pytest.raises(BadInput):
        page([{"name": "a"}], max_results=None, page_token=token)


@pytest.mark.parametrize(
    ("capabilities", "form"),
    [
        ("", "parquet"),
        ("responseformat=parquet", "parquet"),
        ("responseformat=delta,parquet;readerfeatures=x", "parquet"),
        ("ResponseFormat=DELTA", "delta"),
        ("readerfeatures=a; responseformat = delta", "delta"),
        ("responseformat=iceberg", "parquet"),
        ("responseformat", "parquet"),
    ],
)
def test_delta_is_used_only_where_nothing_else_will_do(capabilities, form):
    assert response_format(capabilities) == form


def test_the_end_of_the_stream_is_marked_only_where_asked_for():
    assert wants_end_of_stream("a=b;includeEndStreamAction=true")
    assert not wants_end_of_stream("includeEndStreamAction=false")
    assert not wants_end_of_stream("")


@pytest.mark.parametrize("form", ["parquet", "delta"])
def test_every_line_is_one_json_object_and_tells_of_no_value_but_row_counts(form):
    table = table_of(5, 7)
    lines = metadata_lines(table, form) + file_lines(table, form)
    text = to_ndjson(lines)
    assert text.endswith("\n")
    assert [json.loads(line) for line in text.splitlines()] == lines
    for line in lines[2:]:
        file = line["file"]
        add = file if form == "parquet" else file["deltaSingleAction"]["add"]
        assert list(json.loads(add["stats"])) == ["numRecords"]


def test_a_version_is_told_as_files_added_that_say_when():
    for line in change_lines(table_of(5, 7)):
        assert line["add"]["version"] == 3
        assert line["add"]["timestamp"] == 77


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 60))
def test_the_files_kept_for_a_limit_hold_enough_rows_and_no_needless_file(rows, limit):
    table = table_of(*rows)
    kept = first_files(table, limit)
    assert list(kept.files) == list(table.files)[: len(kept.files)]
    assert kept.rows >= min(limit, table.rows)
    without_last = sum(file.rows for file in kept.files[:-1])
    assert len(kept.files) == 1 or without_last < limit
    assert first_files(table, None) == table
