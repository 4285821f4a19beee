"""What changed between two states of a record, field by field."""

from __future__ import annotations

from dataclasses import dataclass

from staithe.registers.item import Item, Value


@dataclass(frozen=True)
class Change:
    """What changed in one field; None for what was or is not there."""

    field: str
    before: str | None
    after: str | None


def differences(before: Item, after: Item) -> tuple[Change, ...]:
    """Return what changed from one item to another, field by field."""
    return tuple(
        Change(name, _text(before.get(name)), _text(after.get(name)))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def _text(value: Value | None) -> str | None:
    return "; ".join(value) if isinstance(value, list) else value
