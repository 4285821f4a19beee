"""Read JSON lines: one object a line, keys may differ from line to line.

Numbers keep their digits, nested values are kept as JSON text, a bad line is named.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.tables.columns import check_header, check_width, shown
from staithe.tables.digest import file_sha256
from staithe.tables.source import BadRow, ReadReport, TableSource, check_bad_rows
from staithe.tables.typing_rules import Candidate, to_typed


BATCH_ROWS = 20_000
LINE_LIMIT = 24 * 1024 * 1024
DEEPEST = 64
MOST_DIGITS = 1_000  # of a number: Python itself refuses 4,301


class BadLine(ValueError):
    """Why one line is not an object that can be kept."""


class Number(str):
    """A JSON number by its digits: never through a float."""

    __slots__ = ()


@dataclass
class Key:
    """What the first pass saw under one key."""

    words: set[str] = field(default_factory=set)
    candidate: Candidate = field(default_factory=Candidate)


def read_jsonl(path: Path, *, name: str, bad_rows: str = "refuse") -> TableSource:
    """Parse every line, then return the table whose columns are the union of the keys."""
    bad: list[BadRow] = []
    keys: dict[str, Key] = {}
    rows = 0
    for batch in _object_batches(path, name=name, bad=bad):
        rows += len(batch)
        _see(batch, keys, name=name)
    check_bad_rows(tuple(bad), allowed=bad_rows == "report")
    check_header(list(keys), where=name)
    schema = pa.schema([(word, _decide(key)) for word, key in keys.items()])
    notes = tuple(
        f"Nested values of {shown(word)} are kept as JSON text."
        for word, key in keys.items()
        if "nested" in key.words
    )
    return TableSource(
        name=name,
        path=path,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        schema=schema,
        report=ReadReport("jsonl", rows, "utf-8", "", notes, tuple(bad)),
        open_batches=partial(_typed_batches, path, name, schema),
    )


def _see(batch: list[dict[str, Any]], keys: dict[str, Key], *, name: str) -> None:
    for row in batch:
        for word, value in row.items():
            key = keys.get(word)
            if key is None:
                key = keys[word] = Key()
            key.words.add(_word(value))
        check_width(len(keys), where=name)
    for word, key in keys.items():
        key.candidate.see(_column(batch, word))


def _word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number):
        return "number"
    return "text" if isinstance(value, str) else "nested"


def _decide(key: Key) -> pa.DataType:
    words = key.words - {"null"}
    if words == {"boolean"}:
        return pa.bool_()
    kind = key.candidate.decide()
    if words == {"number"}:
        return kind
    return kind if words == {"text"} and pa.types.is_date(kind) else pa.string()


def _column(batch: list[dict[str, Any]], word: str) -> pa.Array:
    return pa.array([_text(row.get(word)) for row in batch], pa.string())


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    return _nested_text(value)


def _nested_text(value: Any) -> str:
    return json.dumps(_with_numbers(value), ensure_ascii=False)


def _with_numbers(value: Any) -> Any:
    """Give nested numbers back to `json.dumps` as numbers."""
    if isinstance(value, Number):
        whole = not set(value) & set(".eE")
        number = int(value) if whole else float(value)
        # Beyond every float the digits are kept as text: JSON has no infinity.
        return number if whole or math.isfinite(number) else str(value)
    if isinstance(value, dict):
        return {key: _with_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_numbers(inner) for inner in value]
    return value


def _typed_batches(
    path: Path, name: str, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for batch in _object_batches(path, name=name, bad=[]):
        arrays = [_column(batch, word) for word in schema.names]
        yield to_typed(pa.RecordBatch.from_arrays(arrays, names=schema.names), schema)


def _object_batches(
    path: Path, *, name: str, bad: list[BadRow]
) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    with path.open("rb") as stream:
        line = 0
        while raw := stream.readline(LINE_LIMIT + 1):
            line += 1
            if len(raw) > LINE_LIMIT:
                raise BadInput(f"Line {line} of {name} is longer than 24 MB.")
            try:
                row = _parse(raw, first=line == 1)
            except BadLine as error:
                bad.append(BadRow(line, str(error)))
                continue
            if row is not None:
                batch.append(row)
            if len(batch) >= BATCH_ROWS:
                yield batch
                batch = []
    if batch:
        yield batch


def _parse(raw: bytes, *, first: bool) -> dict[str, Any] | None:
    """Return the object on a line, None for a blank line; raise BadLine."""
    if first:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadLine("is not UTF-8") from error
    if not text:
        return None
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadLine):
            raise
        raise BadLine("is not valid JSON") from error
    if not isinstance(value, dict):
        raise BadLine("is not a JSON object")
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(value)
    if "\\u" in text:  # only an escape can write what UTF-8 cannot hold
        _check_characters(value)
    return value


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise BadLine("is nested too deep")
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for each in inner:
            _check_depth(each, depth + 1)


def _check_characters(value: Any) -> None:
    """Raise BadLine for half characters and for U+0000, in keys and in values."""
    if isinstance(value, str):
        if "\0" in value:
            raise BadLine("holds the character U+0000")
        if any("\ud800" <= mark <= "\udfff" for mark in value):
            raise BadLine("holds half a character (a lone surrogate)")
    elif isinstance(value, dict):
        for word, inner in value.items():
            _check_characters(word)
            _check_characters(inner)
    elif isinstance(value, list):
        for each in value:
            _check_characters(each)


def _number(text: str) -> Number:
    if len(text) > MOST_DIGITS:
        raise BadLine(f"holds a number of more than {MOST_DIGITS:,} digits")
    return Number(text)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise BadLine("gives the same key twice")
    return row


def _refuse_constant(text: str) -> Any:
    raise BadLine(f"holds {text}, which is not JSON")


_DECODER = json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=_refuse_constant,
    object_pairs_hook=_pairs,
)
