"""Tell what a file is by its first bytes, whatever its name claims.

People rename files; a picture called .csv must get a sentence and not a table.
"""

from __future__ import annotations

import re
from pathlib import Path

from staithe.base.errors import BadInput
from staithe.tables.workbook_check import check_workbook


HEAD = 64 * 1024

# First bytes, what it is, what to do about it.
FOREIGN: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "a picture (PNG)", ""),
    (b"\xff\xd8\xff", "a picture (JPEG)", ""),
    (b"GIF8", "a picture (GIF)", ""),
    (b"%PDF", "a PDF document", "ask its author for the data behind it"),
    (b"\x1f\x8b", "a compressed file (gzip)", "unpack it first"),
    (b"BZh", "a compressed file (bzip2)", "unpack it first"),
    (b"\xfd7zXZ", "a compressed file (xz)", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a compressed file (Zstandard)", "unpack it first"),
    (b"7z\xbc\xaf", "a compressed file (7-Zip)", "unpack it first"),
    (b"Rar!", "a compressed file (RAR)", "unpack it first"),
    (b"\xd0\xcf\x11\xe0", "an old Office file", "save it as .xlsx or CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export one table as CSV"),
    (b"ARROW1", "an Arrow file", "save it as Parquet"),
    (b"\x7fELF", "a program", ""),
    (b"MZ\x90", "a program", ""),
    (b"<!DOCTYPE", "a web page", "download the file behind it"),
    (b"<!doctype", "a web page", "download the file behind it"),
    (b"<html", "a web page", "download the file behind it"),
    (b"<?xml", "an XML document", "save it as CSV"),
    (b"{\\rtf", "a rich text document", "save it as CSV"),
    (b"\xff\xfe", "UTF-16 text", "save it as CSV UTF-8"),
    (b"\xfe\xff", "UTF-16 text", "save it as CSV UTF-8"),
)
KNOWN = "CSV, TSV, Excel (.xlsx), JSON lines or Parquet"


def detect_kind(path: Path, *, name: str) -> str:
    """Return `csv`, `jsonl`, `xlsx` or `parquet`; raise BadInput for anything else."""
    head = read_head(path)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise nothing_in(name)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        check_workbook(path, name=name)
        return "xlsx"
    _check_not_foreign(head, name=name)
    _check_not_claimed(path, name=name)
    return "jsonl" if _looks_like_json(head, name=name) else "csv"


def nothing_in(name: str) -> BadInput:
    """Return what every door says of a file with nothing in it."""
    return BadInput(f"{name} is empty: it holds no header and no rows.", field="file")


def read_head(path: Path, size: int = HEAD) -> bytes:
    """Return the first bytes of a file; raise BadInput where it cannot be opened."""
    if not path.is_file():
        raise BadInput(f"There is no file called {path.name}.")
    with path.open("rb") as stream:
        return stream.read(size)


def _check_not_foreign(head: bytes, *, name: str) -> None:
    stripped = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, what, advice in FOREIGN:
        if head.startswith(magic) or (
            magic[:1] in b"<{" and stripped.startswith(magic)
        ):
            then = advice or f"give a table as {KNOWN}"
            raise BadInput(f"{name} is {what} and not a table: {then}.")


def _check_not_claimed(path: Path, *, name: str) -> None:
    """Refuse text in a file whose name claims a binary table: it is cut or damaged."""
    suffix = path.suffix.lower() or Path(name).suffix.lower()
    if suffix in {".parquet", ".xlsx", ".xls"}:
        raise BadInput(
            f"{name} does not hold what its name says: it is not a {suffix}."
        )


def _looks_like_json(head: bytes, *, name: str) -> bool:
    """Say whether the text is JSON: by its first bytes, or by its name if they allow."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb'\{\s*("|\})|\[\s*[\[{]', text):
        return True
    return Path(name).suffix.lower() in {".jsonl", ".ndjson", ".json"}
