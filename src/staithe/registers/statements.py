"""What a register says of itself stands in its own log: signed, and copied with it.

The columns of the service only repeat it. Real registers logged `register-name` and
`custodian`; the other keys follow their manner: one entry for each thing said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from staithe.registers import datatypes
from staithe.registers.item import Item, Value
from staithe.registers.models import Register


# Detail of a register -> the metadata key, and field, that states it.
STATED = {
    "title": "register-name",
    "description": "description",
    "owner_role": "custodian",
    "licence": "licence",
    "copyright": "copyright",
    "review_every_days": "review-every-days",
    "answer_within_days": "answer-within-days",
}
NUMBERS = ("review_every_days", "answer_within_days")
STATUS = "status"
ENDING = {"ended_on": "end-date", "end_reason": "reason", "replacement": "replacement"}

Metadata = Mapping[str, Mapping[str, Value]]


def news(register: Register, metadata: Metadata) -> dict[str, Item]:
    """Return what the register says and its log does not yet, by metadata key."""
    found: dict[str, Item] = {}
    for detail, key in STATED.items():
        value = _text(getattr(register, detail))
        if value != _said(register, metadata, key):
            found[key] = {key: value}
    status: Item = {
        name: text
        for detail, name in ENDING.items()
        if (text := _text(getattr(register, detail)))
    }
    if status != dict(metadata.get(STATUS, {})):
        found[STATUS] = status
    return found


def take(register: Register, metadata: Metadata) -> list[str]:
    """Set the details that nobody gave here from the log; return which."""
    taken = []
    for detail, key in STATED.items():
        said = _said(register, metadata, key)
        blank = not getattr(register, detail) or (
            detail == "title" and register.title == register.name
        )
        if said and blank and (detail not in NUMBERS or said.isdecimal()):
            value = int(said) if detail in NUMBERS else _cut(detail, said)
            setattr(register, detail, value)
            taken.append(detail)
    status = {name: str(value) for name, value in metadata.get(STATUS, {}).items()}
    if register.ended_on is None and (end := _day(status.get("end-date", ""))):
        register.ended_on = end
        register.end_reason = _cut("end_reason", status.get("reason", ""))
        register.replacement = _cut("replacement", status.get("replacement", ""))
        taken += list(ENDING)
    return taken


def _said(register: Register, metadata: Metadata, key: str) -> str:
    """Return what the log says; a description may stand in the register's definition."""
    value = metadata.get(key, {}).get(key)
    if value is None and key == "description":
        value = metadata.get(f"register:{register.name}", {}).get("text")
    return value if isinstance(value, str) else ""


def _text(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)


def _day(text: str) -> date | None:
    return datatypes.as_date(text)


def _cut(detail: str, text: str) -> str:
    most = getattr(Register._meta.get_field(detail), "max_length", None)  # noqa: SLF001  Django's public way
    return text[:most] if most else text
