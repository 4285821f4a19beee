"""An owner's own file against the register: what it adds, changes, ends, gets wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from staithe.base.errors import BadInput, Conflict, UserError
from staithe.registers import item, keys, reading
from staithe.registers.actions import schema_of
from staithe.registers.item import Item
from staithe.registers.models import Line, Register
from staithe.registers.models import Mapping as Kept
from staithe.registers.schema import Schema
from staithe.registers.wanted import END, Wanted, held_of, judged, line_for, values_of
from staithe.tables.readers import read_table


MAX_ROWS = 200_000
AT_ONCE = 2000  # records read together

Row = dict[str, str]


@dataclass(frozen=True)
class Compared:
    """The lines that a file makes, wrong ones included, and the rows already so."""

    lines: list[Wanted]
    same: int

    def counts(self) -> dict[str, int]:
        """Return how many of each kind."""
        kinds = (Line.Kind.ADDED, Line.Kind.CHANGED, Line.Kind.ENDED, Line.Kind.WRONG)
        found = {str(k): sum(line.kind == k for line in self.lines) for k in kinds}
        return found | {"same": self.same}


def read_rows(path: Path, *, name: str) -> tuple[list[str], list[Row]]:
    """Return the columns and rows of a CSV or Excel file as text; BadInput."""
    table = read_table(path, name=name, typed=False)
    if table.rows > MAX_ROWS:
        raise BadInput(
            f"The file has more than {MAX_ROWS:,} rows. Send it in parts, or load it "
            "as RSF."
        )
    rows = [
        {column: _text(value) for column, value in row.items()}
        for batch in table.batches()
        for row in batch.to_pylist()
    ]
    return [column.name for column in table.columns], rows


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        at_midnight = (value.hour, value.minute, value.second) == (0, 0, 0)
        # A spreadsheet keeps every date as a time: midnight is what it adds.
        return (
            value.date().isoformat() if at_midnight else f"{value:%Y-%m-%dT%H:%M:%SZ}"
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def columns_digest(columns: list[str]) -> str:
    """Return what a mapping is remembered under: the names of the columns."""
    return sha256("\0".join(columns).encode()).hexdigest()


def proposed_mapping(register: Register, columns: list[str]) -> dict[str, str]:
    """Return which field each column stands for: as last time, or by its name."""
    digest = columns_digest(columns)
    kept = Kept.objects.filter(register=register, columns_digest=digest).first()
    if kept:
        return dict(kept.fields)
    schema = schema_of(register)
    fields = set(schema.fields) if schema else set()
    return {c: _guess(c, fields) for c in columns}


def _guess(column: str, fields: set[str]) -> str:
    return next((f for f in (like_field(column), like_name(column)) if f in fields), "")


def is_remembered(register: Register, columns: list[str]) -> bool:
    """Tell whether a file with these columns came before."""
    digest = columns_digest(columns)
    return Kept.objects.filter(register=register, columns_digest=digest).exists()


def like_field(column: str) -> str:
    """Return the name that a field for a column of a spreadsheet would have."""
    return "-".join(column.strip().lower().replace("_", " ").split())


def like_name(column: str) -> str:
    """Return a field's name for any column: small letters, digits and hyphens."""
    plain = "".join(c if c.isascii() and c.isalnum() else " " for c in column.lower())
    return like_field(plain).lstrip("0123456789-")


def remember_mapping(
    register: Register, columns: list[str], fields: Mapping[str, str], *, at: datetime
) -> None:
    """Keep a mapping for the next file with the same columns."""
    Kept.objects.update_or_create(
        register=register,
        columns_digest=columns_digest(columns),
        defaults={"fields": dict(fields), "used_at": at},
    )


def check_mapping(schema: Schema, fields: Mapping[str, str]) -> None:
    """Refuse a mapping without a key, or with two columns for one field; BadInput."""
    used = [field for field in fields.values() if field]
    unknown = [field for field in used if field not in schema.fields]
    if unknown:
        raise BadInput(f"{schema.register} has no field {unknown[0]}.")
    if schema.register not in used:
        raise BadInput(
            f"Say which column holds {schema.register}, the key of the record."
        )
    twice = next((field for field in used if used.count(field) > 1), None)
    if twice:
        columns = " and ".join(c for c, field in fields.items() if field == twice)
        raise BadInput(f"{columns} cannot both be {twice}: leave one out.")


def compare(
    register: Register,
    rows: list[Row],
    *,
    fields: Mapping[str, str],
    whole: bool,
    today: date,
) -> Compared:
    """Work out what rows would change; `whole` ends the records not among them.

    A field that no column stands for keeps its value.
    """
    schema = schema_of(register)
    if schema is None:
        raise Conflict(f"{register.title} has no schema yet: define its fields first.")
    check_mapping(schema, fields)
    if whole and END not in schema.fields:
        raise BadInput(
            f"{register.title} has no field {END}: a record cannot end. Add it first."
        )
    lines, same = _lines_of_rows(register, schema, rows, dict(fields))
    lines = judged(schema, lines)
    if whole:
        named = {line.key for line in lines} | {
            row.get(_column_of(fields, schema.register), "") for row in rows
        }
        lines += _endings(register, named, today)
    return Compared(lines, same)


def _column_of(fields: Mapping[str, str], field: str) -> str:
    return next(column for column, name in fields.items() if name == field)


def _lines_of_rows(
    register: Register, schema: Schema, rows: list[Row], fields: dict[str, str]
) -> tuple[list[Wanted], int]:
    lines: list[Wanted] = []
    same, taken = 0, set[str]()
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        given = [{f: row[c] for c, f in fields.items() if f} for row in part]
        wanted = [texts.get(schema.register, "") for texts in given]
        held = held_of(register, [key for key in wanted if keys.is_key(key)])
        for number, (key, texts) in enumerate(zip(wanted, given, strict=True), start):
            if not any(texts.values()):
                continue  # a spreadsheet's empty row
            row = number + 2  # the first row names the columns
            line = _line_of_row(schema, texts, held.get(key), row, again=key in taken)
            taken.add(key)
            if line is None:
                same += 1
            else:
                lines.append(line)
    return lines, same


def _line_of_row(
    schema: Schema,
    texts: Row,
    held: tuple[int, Item] | None,
    row: int,
    *,
    again: bool,
) -> Wanted | None:
    key = texts.get(schema.register, "")
    try:
        (keys.check_key if held else keys.check_new_key)(key)
        if again:
            raise BadInput(f"The record {key} stands in the file twice.")
        values = schema.with_texts(held[1] if held else {}, texts)
        item.check_size(values, key=key)
    except UserError as error:
        shown = {name: text[:200] for name, text in texts.items()}
        return Wanted(Line.Kind.WRONG, key[:80], shown, row=row, problem=error.message)
    return line_for(key, values, held=held, row=row)


def _endings(register: Register, named: set[str], today: date) -> Iterator[Wanted]:
    for start in range(1, register.records + 1, AT_ONCE):
        for each in reading.records(register.pk, start, start + AT_ONCE - 1):
            if each.key in named:
                continue
            values = values_of(register, each)
            if END not in values:
                ended = {**values, END: today.isoformat()}
                yield Wanted(Line.Kind.ENDED, each.key, ended, seen=each.number)
