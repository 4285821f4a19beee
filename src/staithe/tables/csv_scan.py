"""Look over the bytes of a CSV file before any value is believed.

One pass settles encoding, NUL bytes, line endings and the pairing of quotes, so that
the fast parser afterwards cannot misread rows. Faults are named by line (RFC 4180).
"""

from __future__ import annotations

import codecs
import csv
import io
import mmap
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from staithe.base.errors import BadInput
from staithe.tables.columns import shown
from staithe.tables.kinds import nothing_in
from staithe.tables.source import BadRow


CHUNK = 1 << 20
SAMPLE = 256 * 1024
FIELD_LIMIT = 10 * 1024 * 1024  # bytes; a longer value is a broken quote, not data
DELIMITERS = (",", "\t", ";", "|")
ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "cp1252": "cp1252"}
ENCODINGS |= {"windows-1252": "cp1252", "latin-1": "iso-8859-1"}
ENCODINGS |= {"iso-8859-1": "iso-8859-1", "ascii": "utf-8"}


@dataclass(frozen=True)
class TextFacts:
    """What the bytes say: encoding, byte order mark, line endings, any quotes."""

    encoding: str
    bom: bool
    crlf: int
    lf: int
    quotes: bool
    lines: int


def scan_text(path: Path, *, name: str, encoding: str | None) -> TextFacts:
    """Read the file once as text; raise BadInput naming the line of the first fault."""
    codec = _codec(encoding)
    decoder = codecs.getincrementaldecoder(codec)()
    lines = crlf = 0
    quotes = bom = False
    tail = b""
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            bom = bom or (lines == 0 and not tail and chunk.startswith(codecs.BOM_UTF8))
            _check_chunk(chunk, decoder, name=name, lines=lines, declared=encoding)
            if b"\r" in chunk or tail == b"\r":
                crlf += chunk.count(b"\r\n") + (tail == b"\r" and chunk[:1] == b"\n")
            quotes = quotes or b'"' in chunk
            lines += chunk.count(b"\n")
            tail = chunk[-1:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_text(name, lines + 1, 0, declared=encoding) from error
    unended = tail not in {b"\n", b"\r", b""}
    return TextFacts(
        encoding=codec,
        bom=bom and codec == "utf-8",
        crlf=crlf,
        lf=lines - crlf,
        quotes=quotes,
        lines=lines + unended,
    )


def _codec(encoding: str | None) -> str:
    if encoding is None:
        return "utf-8"
    found = ENCODINGS.get(encoding.lower())
    if found is None:
        raise BadInput(
            f"The encoding {shown(encoding)} is not known here: "
            "use utf-8, cp1252 or latin-1.",
            field="encoding",
        )
    return found


def _check_chunk(
    chunk: bytes,
    decoder: codecs.IncrementalDecoder,
    *,
    name: str,
    lines: int,
    declared: str | None,
) -> None:
    if b"\0" in chunk:
        line = lines + chunk[: chunk.index(b"\0")].count(b"\n") + 1
        raise BadInput(f"{name} is not text: line {line} holds a NUL byte.")
    pending = len(decoder.getstate()[0])
    if not pending and chunk.isascii():
        return
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError as error:
        at = max(0, error.start - pending)
        line = lines + chunk[:at].count(b"\n") + 1
        raise _not_text(
            name, line, error.object[error.start], declared=declared
        ) from error


def _not_text(name: str, line: int, byte: int, *, declared: str | None) -> BadInput:
    if declared is not None:
        return BadInput(
            f"Line {line} of {name} is not {declared} (byte {byte:#04x}): "
            "declare the encoding that the file was saved in.",
            field="encoding",
        )
    return BadInput(
        f"Line {line} of {name} is not UTF-8 (byte {byte:#04x}): save it as UTF-8, "
        "or if it was saved by Excel on Windows declare the encoding cp1252.",
        field="encoding",
    )


def check_quotes(path: Path, *, delimiter: str, name: str, codec: str) -> None:
    """Raise BadInput, with the line, for a quoted value not properly closed."""
    mark = re.escape(delimiter.encode())
    paired = re.compile(
        rb'(?:[^"]++|(?<![^'
        + mark
        + rb'\r\n])"(?:[^"]++|"")*+"(?=['
        + mark
        + rb"\r\n]|\Z))*+"
    )
    with path.open("rb") as stream:
        if stream.read(3) != codecs.BOM_UTF8:
            stream.seek(0)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            match = paired.match(whole, stream.tell())
            if match is not None and match.end() == len(whole):
                return
    # Either a real fault or a stray quote inside an unquoted value, which loses
    # nothing: the slow strict reader tells them apart and knows the line.
    for _ in strict_rows(path, delimiter=delimiter, name=name, codec=codec):
        pass


def strict_rows(
    path: Path, *, delimiter: str, name: str, codec: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the row starts, values); raise BadInput at a broken quote."""
    csv.field_size_limit(FIELD_LIMIT)
    with path.open(
        encoding="utf-8-sig" if codec == "utf-8" else codec, newline=""
    ) as f:
        reader = csv.reader(f, delimiter=delimiter, strict=True)
        start = 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _broken(name, start, str(error)) from error
            yield start, row
            start = reader.line_num + 1


def _broken(name: str, line: int, error: str) -> BadInput:
    if "field larger" in error:
        why = "has a value longer than 10 MB, or a quote that is never closed"
    elif "unexpected end" in error:
        why = "opens a quote that is never closed"
    else:
        why = "has text after a closing quote"
    return BadInput(f"Line {line} of {name} {why}: correct it and send the file again.")


def find_bad_rows(
    path: Path, *, delimiter: str, name: str, codec: str, width: int
) -> tuple[BadRow, ...]:
    """List every row whose number of values is not `width`, with its line."""
    rows = strict_rows(path, delimiter=delimiter, name=name, codec=codec)
    return tuple(
        BadRow(line, f"has {len(row)} value{'' if len(row) == 1 else 's'}, not {width}")
        for line, row in rows
        if row and len(row) != width
    )


@dataclass(frozen=True)
class Layout:
    """The delimiter, the header as written, the lines it takes, spaces after delimiters."""

    delimiter: str
    header: tuple[str, ...]
    header_lines: int
    spaced: bool


def sniff_layout(
    path: Path, *, name: str, codec: str, delimiter: str | None = None
) -> Layout:
    """Find the delimiter and the header from the start of the file."""
    with path.open("rb") as stream:
        raw = stream.read(SAMPLE)
        whole = not stream.read(1)
    text = raw.removeprefix(codecs.BOM_UTF8).decode(codec, errors="ignore")
    if delimiter is None:
        delimiter = _sniff_delimiter(text, hint=Path(name).suffix.lower())
    rows = list(_sample_rows(text, delimiter, whole=whole))
    if not rows:
        return Layout(*_long_header(path, delimiter, name, codec), spaced=False)
    line, header = rows[0]
    return Layout(delimiter, tuple(header), line, spaced=_is_spaced(rows))


def _long_header(
    path: Path, delimiter: str, name: str, codec: str
) -> tuple[str, tuple[str, ...], int]:
    rows = strict_rows(path, delimiter=delimiter, name=name, codec=codec)
    first = [row for _, row in zip(range(1), rows, strict=False)]
    if not first:
        raise nothing_in(name)
    line, header = first[0]
    return delimiter, tuple(header), line + sum(value.count("\n") for value in header)


def _sample_rows(
    text: str, delimiter: str, *, whole: bool
) -> Iterator[tuple[int, list[str]]]:
    """Yield (last line, values) of each complete row of a sample; stop at a fault."""
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    held: tuple[int, list[str]] | None = None
    try:
        for row in reader:
            if held is not None:
                yield held
            if row:
                held = (reader.line_num, row)
    except csv.Error:
        return
    if whole and held is not None:
        yield held


def _sniff_delimiter(text: str, *, hint: str) -> str:
    """Choose the delimiter that splits most rows into the header's number of values."""
    best, best_score = ("\t" if hint == ".tsv" else ","), 0.0
    for mark in DELIMITERS:
        widths = [len(row) for _, row in _sample_rows(text, mark, whole=True)][:500]
        if not widths or widths[0] < 2:  # noqa: PLR2004  one value: nothing was split
            continue
        agree = Counter(widths)[widths[0]] / len(widths)
        score = agree + min(widths[0], 50) / 1000 + (mark == "\t" and hint == ".tsv")
        if score > best_score:
            best, best_score = mark, score
    return best


def _is_spaced(rows: list[tuple[int, list[str]]]) -> bool:
    """Say whether every value after the first of each row follows a space."""
    values = [value for _, row in rows for value in row[1:]]
    return bool(values) and all(value.startswith(" ") for value in values)
