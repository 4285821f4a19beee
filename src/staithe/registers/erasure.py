"""Values that may need erasing: committed to in the log, kept beside it.

The log holds a salted commitment in the place of the value. Deleting value and salt
erases it for good, and every root and proof stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.actions import action, record
from staithe.registers import blob, indexing, reading, tidying
from staithe.registers.item import Item, Value
from staithe.registers.models import Opening, Register
from staithe.registers.permissions import check_keep
from staithe.registers.schema import Schema


ERASED = "erased"


def conceal(
    register: Register, schema: Schema, values: Mapping[str, Value], *, held: Item
) -> Item:
    """Return values with those of erasable fields replaced by commitments.

    A value that the record holds already keeps the commitment that it has.
    """
    result = dict(values)
    for name, field in schema.fields.items():
        value = values.get(name)
        if not field.erasable or not value:
            continue
        known = _openings(register, _texts(held.get(name)))
        by_value = {text: commitment for commitment, text in known.items()}
        tokens = [
            text
            if blob.is_commitment(text)
            else by_value.get(text) or _commit(register, text)
            for text in _texts(value)
        ]
        result[name] = tokens if isinstance(value, list) else tokens[0]
    return result


def _texts(value: Value | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _commit(register: Register, text: str) -> str:
    salt = blob.new_salt()
    commitment = blob.commit(text, salt=salt)
    Opening.objects.create(
        register=register, commitment=commitment, salt=salt, value=text
    )
    return commitment


def _openings(register: Register, texts: list[str]) -> dict[str, str]:
    wanted = [text for text in texts if blob.is_commitment(text)]
    found = Opening.objects.filter(register=register, commitment__in=wanted)
    return dict(found.values_list("commitment", "value"))


def reveal(
    register: Register, values: Mapping[str, Value], *, erased: str | None = ERASED
) -> Item:
    """Return values with commitments replaced by what they stand for, or “erased”.

    With None for `erased`, a commitment to what was erased stays as it is, so that
    the values can be written again.
    """
    texts = [text for value in values.values() for text in _texts(value)]
    known = _openings(register, texts)

    def shown(text: str) -> str:
        if not blob.is_commitment(text):
            return text
        return known.get(text, text if erased is None else erased)

    return {
        name: [shown(text) for text in value]
        if isinstance(value, list)
        else shown(value)
        for name, value in values.items()
    }


def check_commitments(
    register: Register, values: Mapping[str, Value], *, key: str
) -> None:
    """Refuse what only looks like a value held already; BadInput names the field.

    A commitment passes every test of a datatype, so none is taken on trust: it stands
    in the record's history, or in another record now (from which it may be moved).
    """
    given = {
        name: [t for t in _texts(v) if blob.is_commitment(t)]
        for name, v in values.items()
    }
    if not any(given.values()):
        return
    held = {
        (name, text)
        for each in reading.trail(register.pk, key)
        for item in reading.data_of(register.pk, each)
        for name, value in item.items()
        for text in _texts(value)
    }
    for name, texts in given.items():
        for text in texts:
            if (name, text) not in held and not indexing.places_with(
                register, field=name, value=text, limit=1
            ):
                raise BadInput(
                    f"{name} of {key} begins with {blob.REDACTED}, which stands for "
                    "an erased value: write the value itself.",
                    field=name,
                )


@action("registers:value:erased")
def erase_values(
    *, register: Register, key: str, field: str, reason_code: str, by: Any, at: datetime
) -> int:
    """Erase every value that a record ever held in a field; return how many."""
    check_keep(by, register)
    trail = reading.trail(register.pk, key)
    if not trail:
        raise BadInput(f"{register.title} has no record {key[:80]}.")
    texts = [
        text
        for each in trail
        for values in reading.data_of(register.pk, each)
        for text in _texts(values.get(field))
    ]
    if any(not blob.is_commitment(text) for text in texts):
        raise Conflict(
            f"{field} was written in clear, so the log holds it for good: only fields "
            "declared erasable can be erased."
        )
    found = Opening.objects.filter(register=register, commitment__in=texts)
    count, _ = found.delete()
    tidying.forget(register, key=key, field=field)
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        field=field,
        values=count,
        reason_code=reason_code,
    )
    return count
