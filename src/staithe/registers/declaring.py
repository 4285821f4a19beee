"""A register made as its file declares it, and brought up to a newer file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from staithe.base.errors import Conflict
from staithe.people.queries import find_operator, get_organisation
from staithe.registers import details
from staithe.registers.actions import change_schema, create_register, schema_of
from staithe.registers.declaration import Declaration, shipped
from staithe.registers.models import Register
from staithe.registers.schema import Field


@transaction.atomic
def declare_register(*, declared: Declaration, by: Any, at: datetime) -> Register:
    """Make a register as declared, or bring the one that is there up to the file.

    What is declared again as it is changes nothing; the rules of change hold, and so
    does the agreement of a second person where the register asks for one.
    """
    register = Register.objects.filter(name=declared.name).first()
    if register is None:
        return _made(declared, by=by, at=at)
    _check_owner(register, declared)
    found = schema_of(register)
    known = found.fields if found else {}
    wanted_fields = [_as_stated(field, declared, known) for field in declared.fields]
    fields = [field for field in wanted_fields if known.get(field.id) != field]
    if fields:
        change_schema(register=register, fields=fields, by=by, at=at)
    told, wanted = details.details_of(register), _details(declared)
    changed = {name: text for name, text in wanted.items() if told[name] != text}
    if changed:
        details.change_details(register=register, details=changed, by=by, at=at)
    return register


def _check_owner(register: Register, declared: Declaration) -> None:
    """Refuse another owner: a register is not handed over by a line in a file."""
    owner = register.owner.slug if register.owner else ""
    if declared.owner and declared.owner != owner:
        raise Conflict(
            f"{register.name} is kept by {owner or 'nobody'}, not {declared.owner}: a "
            "declaration does not change who owns a register.",
            field="owner",
        )


def _as_stated(
    field: Field, declared: Declaration, known: Mapping[str, Field]
) -> Field:
    """Return a field as it is to be: what the file leaves out stays as it is."""
    old = known.get(field.id)
    if old is None:
        return field
    said = {name: getattr(field, name) for name in declared.stated[field.id]}
    return replace(old, **said)


def _made(declared: Declaration, *, by: Any, at: datetime) -> Register:
    owner = get_organisation(declared.owner) if declared.owner else find_operator()
    writers = [get_organisation(slug) for slug in declared.writers]
    return create_register(
        name=declared.name,
        title=declared.title,
        owner=owner,
        text=declared.description,
        fields=declared.fields,
        writers=writers,
        by=by,
        at=at,
        **declared.details,
    )


def _details(declared: Declaration) -> dict[str, str]:
    """Return the details that a declaration states, as text."""
    stated: dict[str, str] = {
        name: details.as_text(value) for name, value in declared.details.items()
    }
    stated["title"] = declared.title
    if declared.description:
        stated["description"] = declared.description
    return stated | {details.WRITERS: ";".join(sorted(declared.writers))}


def ensure_shipped(*, at: datetime, only: str = "") -> list[Register]:
    """Make the registers of governance that are not here yet; return them.

    What their owners made of those that are here stays: only new fields are added.
    """
    made = []
    for declared in shipped():
        if only and declared.name != only:
            continue
        register = Register.objects.filter(name=declared.name).first()
        if register is None:
            made.append(declare_register(declared=declared, by=None, at=at))
            continue
        found = schema_of(register)
        known = found.fields if found else {}
        fields = [field for field in declared.fields if field.id not in known]
        if fields:
            change_schema(register=register, fields=fields, by=None, at=at)
    return made
