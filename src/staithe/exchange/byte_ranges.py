"""The one form of HTTP range that file readers use (RFC 9110 section 14.1.2)."""

from __future__ import annotations

import re


_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
_DIGITS = 18  # more than any file has bytes; a longer number is cut to this many


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """Return (start, end) inclusive for a single byte range of a file of `size` bytes.

    None means serve the whole file (no range, several ranges, or a malformed one).
    Raises ValueError where the range cannot be satisfied: answer 416.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - _number(last)), size - 1
    else:
        start = _number(first)
        end = min(_number(last), size - 1) if last else size - 1
        if last and _number(last) < start:
            return None
    if start >= size:
        raise ValueError(header)
    return start, end


def _number(digits: str) -> int:
    plain = digits.lstrip("0") or "0"
    return int(plain) if len(plain) <= _DIGITS else 10**_DIGITS
