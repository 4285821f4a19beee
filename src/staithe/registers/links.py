"""Links between registers held here: which lead somewhere, and which point back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from staithe.base.errors import BadInput
from staithe.registers import reading
from staithe.registers.curie import Curie
from staithe.registers.item import Value
from staithe.registers.models import Register
from staithe.registers.schema import Schema


class Broken(NamedTuple):
    """A value that should lead to a record and does not."""

    field: str
    value: str
    reason: str


def broken_links(
    schema: Schema, targets: Mapping[str, Iterable[str]], *, new: Iterable[str] = ()
) -> list[Broken]:
    """Return the values, by field, that lead nowhere; a few queries a register.

    `new` are keys about to be added to the register itself.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    curies: list[tuple[str, str, Curie]] = []
    found: list[Broken] = []
    for name, values in targets.items():
        for value in values:
            curie = schema.target(name, value)
            if curie is None:
                found.append(Broken(name, value, "is not a link"))
                continue
            curies.append((name, value, curie))
            wanted[curie.register].add(curie.key)
    held = {
        register: _existing(register, keys, of=schema.register, new=set(new))
        for register, keys in wanted.items()
    }
    for name, value, curie in curies:
        keys = held[curie.register]
        if keys is None:
            found.append(Broken(name, value, f"no register {curie.register} is here"))
        elif curie.key and curie.key not in keys:
            found.append(
                Broken(name, value, f"{curie.register} has no record {curie.key}")
            )
    return found


def _existing(name: str, keys: set[str], *, of: str, new: set[str]) -> set[str] | None:
    register = Register.objects.filter(name=name).first()
    if register is None or not _may_point(of, register):
        return None
    extra = keys & new if name == of else set()
    return reading.existing_keys(register.pk, keys - extra) | extra


def _may_point(source: str, target: Register) -> bool:
    """Say whether links of a register may tell that a record of another is there.

    Only its keepers may know of a private register: a public one, to which anyone may
    propose a change, does not point there, nor does another body's.
    """
    if target.is_public or target.name == source:
        return True
    mine = Register.objects.filter(name=source).first()
    return mine is not None and not mine.is_public and mine.owner_id == target.owner_id


def links_of(schema: Schema, values: Mapping[str, Value]) -> dict[str, list[str]]:
    """Return the values of a record that should lead somewhere, by field."""
    found = {}
    for name in schema.link_fields:
        value = values.get(name)
        if value:
            found[name] = [value] if isinstance(value, str) else value
    return found


def check_links(schema: Schema, records: Mapping[str, Mapping[str, Value]]) -> None:
    """Refuse new records (by key) that link to what is not here; BadInput names one."""
    targets: dict[str, set[str]] = defaultdict(set)
    for values in records.values():
        for name, found in links_of(schema, values).items():
            targets[name].update(found)
    for broken in broken_links(schema, targets, new=records):
        raise BadInput(
            f"{broken.field} is “{broken.value[:80]}”: {broken.reason}.",
            code="broken-link",
            field=broken.field,
        )
