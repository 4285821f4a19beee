"""A register declared in one YAML file: what it is, who keeps it, which fields.

```yaml
register: direction
title: Directions
description: Directions given under a power to direct the sharing of data
owner: cabinet-office          # an organisation; may be left out
writers: [home-office]         # others whose people may change records
owner-role: Head of Data Sharing
public: true                   # false: only those who write it read it
second-person: false           # true: another person agrees to every change
review-every-days: 91
answer-within-days: 10
fields:
  - id: name
  - id: start-date
    datatype: datetime
  - id: given-to
    datatype: curie
    cardinality: n
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from staithe.base.errors import BadInput
from staithe.base.plain_yaml import read_yaml, read_yaml_file
from staithe.registers import keys, schema
from staithe.registers.schema import Field


MAX_BYTES = 1 << 20
_DETAILS = {
    "owner-role": ("owner_role", str),
    "licence": ("licence", str),
    "copyright": ("copyright", str),
    "review-every-days": ("review_every_days", int),
    "answer-within-days": ("answer_within_days", int),
    "public": ("is_public", bool),
    "second-person": ("needs_second_person", bool),
}
_KNOWN = {"register", "title", "description", "owner", "writers", "fields", *_DETAILS}
_FIELD = {"id", "datatype", "cardinality", "text", "register", "erasable"}


@dataclass(frozen=True)
class Declaration:
    """A register as its file declares it."""

    name: str
    title: str
    description: str
    owner: str
    writers: tuple[str, ...]
    fields: tuple[Field, ...]
    details: Mapping[str, Any]
    # What the file says of each field: the rest stays as it is in a register.
    stated: Mapping[str, frozenset[str]]


def read_declaration(path: Path) -> Declaration:
    """Read a declaration from a file; BadInput says what is wrong."""
    return read(read_yaml_file(path, most_bytes=MAX_BYTES))


def parse(data: bytes) -> Declaration:
    """Read a declaration from YAML; BadInput says what is wrong."""
    return read(read_yaml(data, name="The declaration"))


def read(found: Any) -> Declaration:
    """Read a declaration from its members; BadInput."""
    if not isinstance(found, dict):
        raise BadInput("A declaration names a register, its title and its fields.")
    unknown = sorted(str(name) for name in set(found) - _KNOWN)
    if unknown:
        raise BadInput(f"A declaration has no {unknown[0]}.")
    name, title = _text(found, "register"), _text(found, "title")
    keys.check_name(name)
    if not title:
        raise BadInput("A declaration has a title.")
    fields = _fields(found.get("fields"))
    said = {str(each["id"]): frozenset(each) - {"id"} for each in found["fields"]}
    return Declaration(
        name=name,
        title=title,
        description=_text(found, "description"),
        owner=_text(found, "owner"),
        writers=_writers(found.get("writers", [])),
        fields=fields,
        details=_details(found),
        stated=said,
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise BadInput(f"The {name} of a declaration is text.")
    return value.strip()


def _details(found: Mapping[str, Any]) -> dict[str, Any]:
    details = {}
    for name, (to, kind) in _DETAILS.items():
        if name in found:
            if type(found[name]) is not kind:
                raise BadInput(f"The {name} of a declaration is not right.")
            details[to] = found[name]
    return details


def _writers(found: Any) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BadInput("A declaration lists the organisations that write.")
    return tuple(found)


def _fields(found: Any) -> tuple[Field, ...]:
    if not isinstance(found, list) or not found:
        raise BadInput("A declaration lists its fields.")
    fields = tuple(_field(each) for each in found)
    names = [field.id for field in fields]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise BadInput(f"A declaration lists the field {twice} once.")
    return fields


def _field(found: Any) -> Field:
    if not isinstance(found, dict) or set(found) - _FIELD:
        raise BadInput(f"A field of a declaration has {', '.join(sorted(_FIELD))}.")
    item = {"field": str(found.get("id", ""))}
    for name in _FIELD - {"id"}:
        value = found.get(name)
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            item[name] = text
    return schema.read_field({**item})


def shipped() -> list[Declaration]:
    """Return the registers of governance that every service has, by name."""
    folder = files("staithe.registers") / "data"
    paths = sorted(
        (path for path in folder.iterdir() if path.name.endswith(".yaml")),
        key=lambda path: path.name,
    )
    return [parse(path.read_bytes()) for path in paths]
