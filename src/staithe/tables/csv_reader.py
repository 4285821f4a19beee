"""Read CSV and TSV as RFC 4180 has it, at the speed of Arrow's parser.

Null is an empty value without quotes; everything else is kept to the character.
A row of the wrong width is never dropped silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from staithe.base.errors import BadInput
from staithe.tables.columns import check_header
from staithe.tables.csv_scan import (
    FIELD_LIMIT,
    Layout,
    TextFacts,
    check_quotes,
    find_bad_rows,
    scan_text,
    sniff_layout,
)
from staithe.tables.digest import file_sha256
from staithe.tables.source import BadRow, ReadReport, TableSource, check_bad_rows
from staithe.tables.typing_rules import Candidate, to_typed


BLOCK = 24 * 1024 * 1024  # holds a record with two values at the limit
DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


@dataclass(frozen=True)
class CsvText:
    """A CSV file whose bytes have been looked over: enough to parse it again and again."""

    path: Path
    name: str
    facts: TextFacts
    layout: Layout

    @property
    def header(self) -> tuple[str, ...]:
        """Column names without surrounding spaces."""
        return tuple(name.strip() for name in self.layout.header)


@dataclass
class Tally:
    """What the first pass learns as the batches go by."""

    rows: int = 0
    misfits: int = 0
    candidates: dict[str, Candidate] = field(default_factory=dict)

    def skip(self, _row: arrow_csv.InvalidRow) -> str:
        """Count a row of the wrong width; its line is found afterwards."""
        self.misfits += 1
        return "skip"


def read_csv(
    path: Path,
    *,
    name: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    bad_rows: str = "refuse",
    typed: bool = True,
) -> TableSource:
    """Check a CSV file from end to end and return its table of typed columns.

    Not `typed`, every value is the text that stands in the file.
    """
    facts = scan_text(path, name=name, encoding=encoding)
    layout = sniff_layout(path, name=name, codec=facts.encoding, delimiter=delimiter)
    text = CsvText(path, name, facts, layout)
    check_header(text.header, where=f"The header of {name}")
    if facts.quotes:
        check_quotes(path, delimiter=layout.delimiter, name=name, codec=facts.encoding)
    tally = _first_pass(text)
    bad = _bad_rows(text, tally)
    check_bad_rows(bad, allowed=bad_rows == "report")
    types = {key: seen.decide() for key, seen in tally.candidates.items()}
    schema = pa.schema(
        [(k, kind if typed else pa.string()) for k, kind in types.items()]
    )
    report = ReadReport(
        reader="csv",
        rows=tally.rows,
        encoding=facts.encoding,
        delimiter=layout.delimiter,
        notes=_notes(text, tally, bad),
        bad_rows=bad,
    )
    return TableSource(
        name=name,
        path=path,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        schema=schema,
        report=report,
        open_batches=partial(_typed_batches, text, schema),
    )


def _typed_batches(text: CsvText, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in _text_batches(text, Tally()):
        yield to_typed(batch, schema)


def _first_pass(text: CsvText) -> Tally:
    tally = Tally(candidates={name: Candidate() for name in text.header})
    for batch in _text_batches(text, tally):
        tally.rows += batch.num_rows
        for name, candidate in tally.candidates.items():
            values = batch.column(name)
            _check_lengths(values, column=name, name=text.name)
            candidate.see(values)
    return tally


def _check_lengths(values: pa.Array, *, column: str, name: str) -> None:
    longest = (
        pc.max(pc.binary_length(values)).as_py() if values.nbytes > FIELD_LIMIT else 0
    )
    if (longest or 0) > FIELD_LIMIT:
        raise BadInput(f"{name} has a value longer than 10 MB in column {column!r}.")


def _text_batches(text: CsvText, tally: Tally) -> Iterator[pa.RecordBatch]:
    names = list(text.header)
    try:
        reader = arrow_csv.open_csv(
            text.path,
            read_options=arrow_csv.ReadOptions(
                block_size=BLOCK,
                column_names=names,
                skip_rows=text.layout.header_lines,
                encoding="utf8"
                if text.facts.encoding == "utf-8"
                else text.facts.encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=text.layout.delimiter,
                newlines_in_values=text.facts.quotes,
                ignore_empty_lines=len(names) > 1,
                invalid_row_handler=tally.skip,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=[""],
            ),
        )
        for batch in reader:
            yield _without_spaces(batch) if text.layout.spaced else batch
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return  # a header and no rows
        if "straddl" in str(error):
            raise BadInput(
                f"{text.name} has a row longer than {BLOCK >> 20} MB: "
                "look for a quote that is never closed."
            ) from error
        raise BadInput(f"{text.name} cannot be read as CSV: {error}") from error


def _without_spaces(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Take the space after each delimiter away; what is then empty is null."""
    arrays = [batch.column(0)]
    for values in batch.columns[1:]:
        stripped = pc.utf8_ltrim(values, " ")
        empty = pc.equal(stripped, "")
        arrays.append(pc.if_else(empty, pa.scalar(None, pa.string()), stripped))
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def _bad_rows(text: CsvText, tally: Tally) -> tuple[BadRow, ...]:
    """Find the lines of the rows that did not fit: a slow pass, only when some did not."""
    if not tally.misfits:
        return ()
    bad = find_bad_rows(
        text.path,
        delimiter=text.layout.delimiter,
        name=text.name,
        codec=text.facts.encoding,
        width=len(text.header),
    )
    if len(bad) != tally.misfits:  # two readers disagree: trust neither
        raise BadInput(
            f"{text.name} has {tally.misfits} rows of the wrong width, and quotes that "
            "can be read in two ways: write it again with a program that quotes values."
        )
    return bad


def _notes(text: CsvText, tally: Tally, bad: tuple[BadRow, ...]) -> tuple[str, ...]:
    facts, layout = text.facts, text.layout
    blank = _blank_lines(text, tally)
    mark = DELIMITER_NAMES.get(layout.delimiter, repr(layout.delimiter))
    told = (
        (facts.encoding != "utf-8", f"Read as {facts.encoding}, as declared."),
        (facts.bom, "Begins with a byte order mark, which was skipped."),
        (
            facts.crlf and facts.lf,
            f"Mixes {facts.crlf} CRLF and {facts.lf} LF line ends.",
        ),
        (layout.delimiter != ",", f"Values are separated by {mark}."),
        (text.header != layout.header, "Spaces around column names were removed."),
        (layout.spaced, "Every value follows a space, which was removed."),
        (blank > 0, f"{blank} blank lines were skipped."),
        (bad, f"{len(bad)} rows did not fit the header and were kept out."),
    )
    return tuple(sentence for is_so, sentence in told if is_so)


def _blank_lines(text: CsvText, tally: Tally) -> int:
    """Count the lines that hold no row; unknown, so nought, where values span lines."""
    if text.facts.quotes or not text.facts.lf + text.facts.crlf:
        return 0
    rows = tally.rows + tally.misfits
    return text.facts.lines - text.layout.header_lines - rows
