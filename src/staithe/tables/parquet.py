"""Read Parquet files that others wrote: check the footer, flatten what is nested."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from staithe.base.errors import BadInput
from staithe.tables.columns import check_header, shown
from staithe.tables.digest import file_sha256
from staithe.tables.source import ReadReport, TableSource


BATCH_ROWS = 65_536


def read_parquet(path: Path, *, name: str) -> TableSource:
    """Read every page once, then return the table; nested values become JSON text."""
    try:
        with pq.ParquetFile(path) as file:
            check_header(file.schema_arrow.names, where=name)
        rows, stored = _check_pages(path, name)
    except (pa.ArrowException, OSError, EOFError) as error:
        raise BadInput(
            f"{name} is a damaged or truncated Parquet file: send it again."
        ) from error
    schema = pa.schema([(field.name, plain_type(field.type)) for field in stored])
    return TableSource(
        name=name,
        path=path,
        sha256=file_sha256(path),
        bytes=path.stat().st_size,
        schema=schema,
        report=ReadReport(reader="parquet", rows=rows, notes=_notes(stored)),
        open_batches=partial(_batches, path, schema),
    )


def _check_pages(path: Path, name: str) -> tuple[int, pa.Schema]:
    rows = 0
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            rows += batch.num_rows
            for field, values in zip(batch.schema, batch.columns, strict=True):
                _check_text(values, column=field.name, name=name)
        return rows, file.schema_arrow


def _check_text(values: pa.Array, *, column: str, name: str) -> None:
    """Raise BadInput for text that is not UTF-8 or that holds U+0000."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return
    try:
        values.validate(full=True)
    except pa.ArrowInvalid as error:
        raise BadInput(
            f"Column {shown(column)} of {name} holds text that is not UTF-8."
        ) from error
    if pc.any(pc.match_substring(values, "\0")).as_py():
        raise BadInput(
            f"Column {shown(column)} of {name} holds text with the character U+0000."
        )


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a stored column is kept as: nested and odd ones are text."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_date64(kind):
        return pa.date32()
    kept = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal128(kind)
        or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_time(kind)
    )
    return kind if kept else pa.string()


def _batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            arrays = [
                _plain(batch.column(at), field.type) for at, field in enumerate(schema)
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plain(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if values.type == kind:
        return values
    if pa.types.is_dictionary(values.type):
        return _plain(values.dictionary_decode(), kind)
    if pa.types.is_nested(values.type):
        return pa.array([_as_json(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_binary(values.type) or pa.types.is_fixed_size_binary(values.type):
        return pa.array([v and v.hex() for v in values.to_pylist()], pa.string())
    if pa.types.is_duration(values.type) or pa.types.is_interval(values.type):
        return pa.array([v and str(v) for v in values.to_pylist()], pa.string())
    return pc.cast(values, kind)


def _as_json(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)


def _notes(schema: pa.Schema) -> tuple[str, ...]:
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    return tuple(
        f"Nested values of {shown(name)} are kept as JSON text." for name in nested
    )
