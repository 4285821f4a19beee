"""The words that Staithe uses for column types, and the rules for column names.

Manifests, pages and agreements say `integer` or `date`; Arrow's own names stay
inside this room.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from staithe.base.errors import BadInput, TooLarge


# A table this wide is a matrix or a fault; profiling one takes seconds, and the cost
# grows faster than the width.
MOST_COLUMNS = 1_000
# What no page can show and no engine agrees on: control characters, line and
# paragraph separators, half characters.
UNSHOWN = frozenset({"Cc", "Zl", "Zp", "Cs"})
WRAPPED = frozenset("\n\r\t")  # a spreadsheet wraps a long heading so (RFC 4180, 2.6)


@dataclass(frozen=True)
class Column:
    """One column: its name and its type in Staithe's words."""

    name: str
    type: str


def type_name(kind: pa.DataType) -> str:
    """Return the plain word for an Arrow type, for example `decimal(10,2)`."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    tests = (
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "timestamp"),
        (pa.types.is_time, "time"),
        (pa.types.is_duration, "duration"),
    )
    return next((word for test, word in tests if test(kind)), "text")


def to_columns(schema: pa.Schema) -> tuple[Column, ...]:
    """Describe an Arrow schema in Staithe's words."""
    return tuple(Column(field.name, type_name(field.type)) for field in schema)


def check_header(names: Sequence[str], *, where: str) -> None:
    """Check the column names of a file: TooLarge for too many, BadInput for bad ones."""
    check_width(len(names), where=where)
    check_names(names, where=where)


def check_names(names: Sequence[str], *, where: str = "The header") -> None:
    """Raise BadInput for names that cannot be kept.

    Those are empty names, names with a control character, and names equal but for
    case: engines compare without regard to it, so `ID` and `id` cannot both be kept.
    """
    if not names:
        raise BadInput(f"{where} has no columns: the first row must name them.")
    empty = [str(at) for at, name in enumerate(names, 1) if not name.strip()]
    if empty:
        raise BadInput(
            f"{where} has no name for column {_listed(empty)}: "
            "give every column a name in the first row."
        )
    for name in names:
        marks = set(name) - WRAPPED
        if any(unicodedata.category(mark) in UNSHOWN for mark in marks):
            raise BadInput(
                f"{where} names a column {shown(name)}: take the "
                "control character out of the name."
            )
    check_distinct(names, where=where)


def check_width(columns: int, *, where: str) -> None:
    """Raise TooLarge for more columns than a table may have."""
    if columns > MOST_COLUMNS:
        raise TooLarge(
            f"{where} has {columns:,} columns and at most {MOST_COLUMNS:,} are kept: "
            "turn columns into rows, or split the table."
        )


def check_distinct(names: Iterable[str], *, where: str) -> None:
    """Raise BadInput where two names look the same apart from capitals.

    One accented letter can be written as one character or as two; both look alike.
    """
    seen: dict[str, str] = {}
    for name in names:
        alike = _alike(name)
        first = seen.get(alike)
        seen[alike] = name
        if first is not None:
            apart = "capitals"
            if first.casefold() != name.casefold():
                apart = "the way accents are stored"
            raise BadInput(
                f"{where} names two columns {shown(first)} and {shown(name)}: "
                f"names must differ by more than {apart}."
            )


def _alike(name: str) -> str:
    folded = unicodedata.normalize("NFC", name).casefold()
    return unicodedata.normalize("NFC", folded)  # folding may take letters apart


def shown(text: str, limit: int = 60) -> str:
    """Quote text of unknown origin for a sentence: escaped and cut to `limit`."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return repr(cut)


def _listed(items: Sequence[str], limit: int = 5) -> str:
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
