"""Refuse a workbook that would harm the reader, before the reader sees it.

Three attacks are known: a small package that unpacks to gigabytes, a package whose
directory lies about that, and two lone cells at opposite corners of a sheet, which a
reader of rectangles turns into seventeen thousand million.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

from staithe.base.errors import BadInput, TooLarge


# A spreadsheet full to the last row of Excel unpacks to about 1 GB.
UNPACKED_LIMIT = 2 * 1024**3
RATIO_LIMIT = 200
RATIO_FLOOR = 50 * 1024**2  # small packages may pack well
PARTS_LIMIT = 10_000
CELLS_LIMIT = 50_000_000  # of the rectangle from A1: about 1.5 GB in the reader
CHUNK = 4 << 20
CELL = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,9})["']""")
LONGEST_REFERENCE = 32
FAULTS: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    ValueError,
    NotImplementedError,  # a way of packing that Python does not know
    RuntimeError,  # an encrypted part
    EOFError,  # a part cut short
)


def check_workbook(path: Path, *, name: str) -> None:
    """Raise BadInput or TooLarge unless the file is an .xlsx that is safe to open."""
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
            _check_sizes(parts, packed=path.stat().st_size, name=name)
            if "xl/workbook.xml" not in {part.filename for part in parts}:
                raise BadInput(
                    f"{name} is a zip file and not a spreadsheet: unpack it and "
                    "give one table at a time."
                )
            for part in parts:
                _check_part(package, part, name=name)
    except FAULTS as error:
        raise BadInput(f"{name} is a damaged or locked file: send it again.") from error


def _check_sizes(parts: list[zipfile.ZipInfo], *, packed: int, name: str) -> None:
    """Judge by the directory alone, so a plain bomb is never unpacked."""
    unpacked = sum(part.file_size for part in parts)
    bomb = unpacked > RATIO_FLOOR and unpacked > packed * RATIO_LIMIT
    if unpacked > UNPACKED_LIMIT or len(parts) > PARTS_LIMIT or bomb:
        raise TooLarge(
            f"{name} would unpack to {unpacked:,} bytes from {packed:,}: "
            "it is refused unopened. Save the table as CSV."
        )


def _check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo, *, name: str) -> None:
    """Read a part to its stated end; a wrong size or checksum is a fault.

    For a sheet, also measure the rectangle that holds its cells.
    """
    is_sheet = part.filename.startswith("xl/worksheets/")
    tail = b""
    columns: set[bytes] = set()
    last_row = 0
    with package.open(part) as stream:
        while chunk := stream.read(CHUNK):
            if is_sheet:
                found = CELL.findall(tail + chunk)
                columns.update(letters for letters, _ in found)
                last_row = max(last_row, max((int(row) for _, row in found), default=0))
                tail = chunk[-LONGEST_REFERENCE:]
    width = max(map(_column_number, columns), default=0)
    if width * last_row > CELLS_LIMIT:
        raise TooLarge(
            f"A sheet of {name} spans {last_row:,} rows by {width:,} columns: delete "
            "the cells far outside the table, or save it as CSV."
        )


def _column_number(letters: bytes) -> int:
    """Turn `A`, `Z`, `AA` into 1, 26, 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
