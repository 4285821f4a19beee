"""Links that lead to a record: which records of which registers name it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from staithe.base.errors import BadInput
from staithe.people.permissions import Someone
from staithe.registers import indexing, item, reading
from staithe.registers.curie import Curie
from staithe.registers.models import Register
from staithe.registers.naming import name_of
from staithe.registers.permissions import visible_registers
from staithe.registers.schema import read_field


SHOWN = 20


@dataclass(frozen=True)
class Pointer:
    """A record that names another."""

    key: str
    name: str


@dataclass(frozen=True)
class Pointing:
    """The records of one register that name a record in one field."""

    register: Register
    field: str
    count: int
    value: str
    shown: tuple[Pointer, ...]


def links_to(register: Register, key: str, *, person: Someone) -> list[Pointing]:
    """Return what points at a record, among what a person may read."""
    others = {other.pk: other for other in visible_registers(person)}
    found = []
    for pk, field, is_curie in _linking_fields(register.name):
        if pk in others and others[pk].name != field:  # its own key is no link
            value = str(Curie(register.name, key)) if is_curie else key
            places = indexing.places_with(others[pk], field=field, value=value)
            if places:
                found.append(_pointing(others[pk], field, value, places))
    return sorted(found, key=lambda each: (each.register.title, each.field))


def _linking_fields(target: str) -> list[tuple[int, str, bool]]:
    """Return every field, by its register, whose values may name records of another."""
    found = []
    for register, definition in reading.field_definitions():
        with suppress(BadInput):  # history may define what nobody could
            field = read_field(definition)
            is_curie = field.datatype == "curie"
            if is_curie or field.register == target:
                found.append((register, field.id, is_curie))
    return found


def _pointing(other: Register, field: str, value: str, places: list[int]) -> Pointing:
    listed = reading.records_at(other.pk, places[:SHOWN])
    shown = [
        Pointer(each.key, name_of(reading.data_of(other.pk, each)[0]))
        for each in listed
    ]
    shown.sort(key=lambda each: each.name or each.key)
    return Pointing(other, field, len(places), value, tuple(shown))


def names_of(register: Register, keys: list[str]) -> dict[str, str]:
    """Return what to call records, by key; those without a name are left out."""
    found = {}
    for key, each in reading.records_of(register.pk, keys).items():
        values: item.Item = reading.data_of(register.pk, each)[0]
        if name := name_of(values):
            found[key] = name
    return found
