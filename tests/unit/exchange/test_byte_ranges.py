"""Byte ranges, against a reading of RFC 9110 that lists positions one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.exchange.byte_ranges import read_range


sizes = st.integers(1, 60)
places = st.integers(0, 80)


def positions(first: int | None, last: int | None, size: int) -> list[int] | None:
    """List the bytes a range names (RFC 9110 section 14.1.2); None where it is invalid."""
    whole = range(size)
    if first is None:
        assert last is not None
        return list(whole)[-last:] if last else []
    if last is not None and last < first:
        return None
    return [p for p in whole if p >= first and (last is None or p <= last)]


@given(sizes, st.none() | places, st.none() | places)
def test_a_single_range_names_the_bytes_of_the_standard(size, first, last):
    if first is None and last is None:
        return
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    wanted = positions(first, last, size)
    if wanted is None:
        assert read_range(header, size) is None
    elif not wanted:
        with pytest.raises(ValueError):
            read_range(header, size)
    else:
        assert read_range(header, size) == (wanted[0], wanted[-1])


@given(sizes, st.text(max_size=30))
def test_whatever_is_sent_gives_a_part_of_the_file_the_whole_or_a_refusal(size, header):
    try:
        found = read_range(header, size)
    except ValueError:
        return
    if found is not None:
        start, end = found
        assert 0 <= start <= end < size


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes=-",
        "items=0-5",
        "bytes=0-1,4-5",
        "bytes=a-b",
        "bytes=1.5-2",
        "bytes=5-2",
        "bytes=٣-٤",
    ],
)
def test_what_is_no_single_range_is_ignored(header):
    assert read_range(header, 10) is None


def test_numbers_of_any_length_are_read():
    assert read_range("bytes=0-" + "9" * 5000, 10) == (0, 9)
    assert read_range("bytes=-" + "9" * 5000, 10) == (0, 9)
    with pytest.raises(ValueError):
        read_range("bytes=" + "9" * 5000 + "-", 10)
