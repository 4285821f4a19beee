"""Records found by the value of a field.

Links to other records are looked up in the index; any other field is read through,
which takes a second or two at a million records.
"""

from __future__ import annotations

from staithe.registers import indexing, item, reading
from staithe.registers.models import Register


PAGE = 5000


def places(register: Register, *, field: str, value: str) -> list[int]:
    """Return the places of the current records whose field has (or holds) a value."""
    candidates = indexing.places_with(register, field=field, value=value)
    if candidates is not None:
        held = reading.records_at(register.pk, candidates)
        return [each.place for each in held if _holds(each, field, value)]
    found = []
    for start in range(1, register.records + 1, PAGE):
        for each in reading.records(register.pk, start, start + PAGE - 1):
            if _holds(each, field, value):
                found.append(each.place)  # noqa: PERF401  clearer than a nested generator
    return found


def _holds(each: reading.StoredEntry, field: str, value: str) -> bool:
    if each.data is None or item.to_canonical({"": value})[4:-2] not in each.data:
        return False
    held = item.read_known(each.data.encode()).get(field)
    return value in held if isinstance(held, list) else held == value
