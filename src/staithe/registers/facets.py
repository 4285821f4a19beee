"""Records found by the value of a field.

The index answers with one page at a time; only while it lags behind the log (a large
load is indexed by a job) are the records read through instead.
"""

from __future__ import annotations

from staithe.registers import indexing, item, reading
from staithe.registers.models import Register
from staithe.registers.reading import StoredEntry
from staithe.registers.schema import Schema


PAGE = 5000


def places(
    register: Register,
    schema: Schema | None,
    *,
    field: str,
    value: str,
    start: int = 1,
    limit: int = PAGE,
) -> list[int]:
    """Return places of the current records whose field has (or holds) a value.

    They are in order; `start` counts from 1, and at most `limit` are returned.
    """
    if schema is not None and field == schema.register:
        own = reading.find_record(register.pk, value)
        found = [own.place] if own and _holds(register, own, field, value) else []
    elif register.indexed_size < register.size:
        found = _read_through(register, field=field, value=value)
    elif indexing.is_whole(value):
        return indexing.places_with(
            register, field=field, value=value, start=start, limit=limit
        )
    else:
        alike = indexing.places_with(register, field=field, value=value)
        held = reading.records_at(register.pk, alike)
        found = [each.place for each in held if _holds(register, each, field, value)]
    return found[start - 1 : start - 1 + limit]


def _read_through(register: Register, *, field: str, value: str) -> list[int]:
    return [
        each.place
        for start in range(1, register.records + 1, PAGE)
        for each in reading.records(register.pk, start, start + PAGE - 1)
        if _holds(register, each, field, value)
    ]


def _holds(register: Register, each: StoredEntry, field: str, value: str) -> bool:
    if each.data is not None and item.to_canonical({"": value})[4:-2] not in each.data:
        return False  # most records: not worth taking apart
    for values in reading.data_of(register.pk, each):
        held = values.get(field)
        if value in held if isinstance(held, list) else held == value:
            return True
    return False
