"""The one form of HTTP range that file readers use (RFC 9110 section 14.1.2)."""

from __future__ import annotations

import re


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


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
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise ValueError(header)
    else:
        start = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size:
        raise ValueError(header)
    return start, end
