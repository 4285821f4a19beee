"""The words that Staithe uses for column types, and the rules for column names.

Manifests, pages and agreements say `integer` or `date`; Arrow's own names stay
inside this room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from staithe.base.errors import BadInput


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


def check_names(names: Sequence[str], *, where: str = "The header") -> None:
    """Raise BadInput for empty names and for names equal but for case.

    Engines compare column names without regard to case, so `ID` and `id` cannot
    both be kept.
    """
    if not names:
        raise BadInput(f"{where} has no columns: the first row must name them.")
    empty = [str(at) for at, name in enumerate(names, 1) if not name.strip()]
    if empty:
        raise BadInput(
            f"{where} has no name for column {_listed(empty)}: "
            "give every column a name in the first row."
        )
    check_distinct(names, where=where)


def check_distinct(names: Iterable[str], *, where: str) -> None:
    """Raise BadInput where two names are equal apart from capitals."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.casefold())
        seen[name.casefold()] = name
        if first is not None:
            raise BadInput(
                f"{where} names two columns {shown(first)} and {shown(name)}: "
                "names must differ by more than capitals."
            )


def shown(text: str, limit: int = 60) -> str:
    """Quote text of unknown origin for a sentence: escaped and cut to `limit`."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return repr(cut)


def _listed(items: Sequence[str], limit: int = 5) -> str:
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
