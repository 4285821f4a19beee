"""A row filter as SQL: compared as the column's own type, never by accident as text.

An agreement says `paid >= 9`; whether 10 passes must not depend on how an engine would
write it. Values are bound to the type here, so the engine never casts: what cannot be
compared is a clear refusal before any row is read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import NoReturn

from staithe.base.errors import Conflict
from staithe.sharing.terms import RowFilter, Value
from staithe.tables.sql import quote_identifier, quote_literal


# Wider than any column; a bound beyond it is met by all rows or by none.
MOST_DIGITS = 38
NO_ROW = "FALSE"

Condition = Callable[[str, str, Value], str]


def filter_sql(row_filter: RowFilter | None, types: dict[str, str]) -> str:
    """Return the WHERE clause of a row filter over columns of these types.

    `types` maps column names to Staithe's words (`integer`, `decimal(9,2)`, `date`).
    An empty cell never passes. Conflict where the two cannot be compared.
    """
    if row_filter is None:
        return ""
    kind = types.get(row_filter.column)
    if kind is None:
        raise Conflict(
            f"The data no longer has the column {row_filter.column}, which decides "
            "which rows are shared: the agreement must be made again."
        )
    column = quote_identifier(row_filter.column)
    operator = "=" if row_filter.operator == "in" else row_filter.operator
    given = row_filter.value
    values = given if isinstance(given, tuple) else (given,)
    write = condition(kind)
    try:
        found = [write(column, operator, value) for value in values]
    except (ValueError, InvalidOperation) as error:
        raise _not_comparable(row_filter, kind) from error
    return f"WHERE ({' OR '.join(dict.fromkeys(found))})"


def condition(kind: str) -> Condition:
    """Return what writes a comparison with a column of this type."""
    if kind.startswith("decimal("):
        digits, scale = (int(part) for part in kind[8:-1].split(","))
        return _exact(digits, scale)
    return CONDITIONS[kind]


def _exact(digits: int, scale: int) -> Condition:
    """Compare decimals and integers without rounding either side."""

    def write(column: str, operator: str, value: Value) -> str:
        units = _number(value).scaleb(scale, Context(prec=400, Emax=999999))
        rounding = ROUND_CEILING if operator == ">=" else ROUND_FLOOR
        whole = int(units.to_integral_value(rounding))
        if operator == "=" and whole != units:
            return NO_ROW
        if abs(whole) >= 10**digits:
            above = whole > 0
            passes = operator != "=" and above == (operator == "<=")
            return f"{column} IS NOT NULL" if passes else NO_ROW
        literal = format(Decimal(whole).scaleb(-scale), "f")
        kind = f"DECIMAL({MOST_DIGITS}, {scale})"
        return f"{column} {operator} CAST({quote_literal(literal)} AS {kind})"

    return write


def _number(value: Value) -> Decimal:
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004  one kind of refusal for all types
    found = Decimal(str(value).strip())
    if not found.is_finite():
        raise ValueError(value)
    return found


def _floating(column: str, operator: str, value: Value) -> str:
    # NaN is above every number to DuckDB, but it is no number that was agreed to.
    literal = quote_literal(repr(float(_number(value))))
    wide = f"CAST({column} AS DOUBLE)"
    return f"({wide} {operator} CAST({literal} AS DOUBLE) AND NOT isnan({wide}))"


def _text(column: str, operator: str, value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{column} {operator} {quote_literal(text)}"


def _boolean(column: str, operator: str, value: Value) -> str:
    words = {"true": "TRUE", "false": "FALSE"}
    literal = words.get(str(value).strip().lower())
    if literal is None:
        raise ValueError(value)
    return f"{column} {operator} {literal}"


def _words(value: Value) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004  one kind of refusal for all types
    return value.strip()


def _date(column: str, operator: str, value: Value) -> str:
    day = _words(value)
    if date.fromisoformat(day).isoformat() != day:
        raise ValueError(value)
    return f"{column} {operator} CAST({quote_literal(day)} AS DATE)"


def _timestamp(column: str, operator: str, value: Value) -> str:
    moment = datetime.fromisoformat(_words(value))
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    # Whole microseconds: exact, and no time zone data is needed in the engine.
    whole = (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
    return f"epoch_us({column}) {operator} {whole}"


def _time(column: str, operator: str, value: Value) -> str:
    clock = time.fromisoformat(_words(value))
    if clock.tzinfo is not None:
        raise ValueError(value)
    return f"{column} {operator} CAST({quote_literal(clock.isoformat())} AS TIME)"


def _never(column: str, operator: str, value: Value) -> NoReturn:  # noqa: ARG001  one signature
    raise ValueError(value)


CONDITIONS: dict[str, Condition] = {
    "integer": _exact(MOST_DIGITS, 0),
    "number": _floating,
    "text": _text,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
    "duration": _never,
}


def _not_comparable(row_filter: RowFilter, kind: str) -> Conflict:
    return Conflict(
        f"The rows cannot be chosen: “{row_filter.to_text()}” compares a column of "
        f"the type {kind} with something else. The agreement must be made again."
    )
