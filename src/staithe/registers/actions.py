"""Every write to a register: made, loaded, added to, described.

Whatever comes in (a form, a file, a program) becomes commands of RSF and passes the
same rules. The slow part is worked out before the transaction that writes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.actions import action, record
from staithe.people.models import Organisation
from staithe.registers import (
    erasure,
    keys,
    links,
    reading,
    reading_ahead,
    schema,
    statements,
    storage,
)
from staithe.registers import item as items
from staithe.registers.entry import Scope
from staithe.registers.item import Item, Value
from staithe.registers.links import Broken
from staithe.registers.loading import Warned
from staithe.registers.models import Register
from staithe.registers.permissions import check_keep, check_shape
from staithe.registers.policies import check_two_people
from staithe.registers.rsf import AddItem, AppendEntry, BadLine, Command
from staithe.registers.schema import Field, Schema
from staithe.registers.storage import Plan
from staithe.registers.timestamps import to_text


Change = tuple[str, Item]

AHEAD = timedelta(days=1)  # a clock elsewhere may be wrong, but not by more

# Addresses below /registers that are pages of ours.
RESERVED = frozenset({"new", "queue", "corrections"})

DETAILS = (
    *("title", "description", "owner_role", "licence", "copyright"),
    *("review_every_days", "answer_within_days", "is_public", "needs_second_person"),
)


@dataclass(frozen=True)
class Loaded:
    """What a load did, and what of the history is amiss."""

    register: Register
    entries: int
    metadata_entries: int
    root: bytes
    warnings: tuple[Warned, ...]
    broken: tuple[Broken, ...]


@action("registers:register:created")
def create_register(
    *,
    name: str,
    title: str,
    owner: Organisation | None,
    by: Any,
    at: datetime,
    fields: Sequence[Field] = (),
    writers: Sequence[Organisation] = (),
    text: str = "",
    **details: Any,
) -> Register:
    """Create a register; with fields, its schema is the first that its log says.

    The primary key, named after the register, is put first where it is not given.
    """
    _check_details(title=title, **details)
    check_new_name(name)
    register = Register(
        name=name, title=title, owner=owner, description=text, created_at=at, **details
    )
    check_shape(by, register)
    register.save(force_insert=True)
    register.writers.set(writers)
    if fields:
        commands = list(_definition(register, fields, text=text, at=at))
        _write(register, commands)
        state_details(register, at=at)
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=owner.slug if owner else "",
        register=name,
        title=title,
        fields=[field.id for field in fields],
        writers=[body.slug for body in writers],
    )
    return register


def check_new_name(name: str) -> None:
    """Refuse a name that no new register can have; BadInput, Conflict."""
    keys.check_name(name)
    if name in RESERVED:
        raise BadInput(f"A register cannot be called {name}.", field="name")
    if Register.objects.filter(name=name).exists():
        raise Conflict(f"There is a register {name} already.", field="name")


def _check_details(*, title: str, **details: Any) -> None:
    if not title.strip():
        raise BadInput("Enter the title.", field="title")
    unknown = set(details) - set(DETAILS)
    if unknown:
        raise TypeError(f"no such detail: {sorted(unknown)}")


def _definition(
    register: Register, fields: Sequence[Field], *, text: str, at: datetime
) -> Iterable[Command]:
    """Yield the metadata entries that define a register, as real registers do."""
    listed = {field.id: field for field in fields}
    own = listed.pop(register.name, Field(register.name, text="The key of the record."))
    ordered = {own.id: own, **listed}
    made = Schema(
        register=register.name,
        fields=ordered,
        text=text,
        phase="beta",
        registry=register.owner.slug if register.owner else "",
    )
    yield from _metadata("name", {"name": register.name}, at=at)
    yield from _metadata("register-name", {"register-name": register.title}, at=at)
    for field in ordered.values():
        schema.check_new_field(field)
        yield from _metadata(f"field:{field.id}", schema.field_item(field), at=at)
    definition = schema.register_item(made)
    yield from _metadata(f"register:{register.name}", definition, at=at)


def _metadata(key: str, values: Item, *, at: datetime) -> Iterable[Command]:
    return _append(Scope.SYSTEM, key, values, at=at)


def _append(
    scope: Scope, key: str, values: Mapping[str, Value], *, at: datetime
) -> Iterable[Command]:
    data = items.to_canonical(values).encode()
    yield AddItem(data)
    moment = to_text(int(at.timestamp()))
    yield AppendEntry(scope, key, moment, (items.hash_of(data),))


def load_rsf(
    *, register: Register, lines: Iterable[bytes], by: Any, at: datetime
) -> Loaded:
    """Load lines of RSF as one transaction and one event; BadLine names a bad line.

    History is kept as it is: links that lead nowhere are in the answer, not refused.
    """
    check_shape(by, register)
    check_two_people(register, by=by, made_by="")
    commands = reading_ahead.read(lines, sizes=storage.Stored(register).sizes)
    until = to_text(int((at + AHEAD).timestamp()))
    with storage.planned(register, commands, history=True, until=until) as plan:
        found = _write_load(register=register, plan=plan, by=by, at=at)
    return _loaded(found, plan)


def _loaded(register: Register, plan: Plan) -> Loaded:
    return Loaded(
        register=register,
        entries=plan.added,
        metadata_entries=plan.added_metadata,
        root=plan.root,
        warnings=plan.warnings,
        broken=tuple(_broken(register, plan)),
    )


def load_new(
    *,
    name: str,
    title: str,
    owner: Organisation | None,
    lines: Iterable[bytes],
    by: Any,
    at: datetime,
) -> Loaded:
    """Make a register of lines of RSF; nothing is left behind where a line is bad."""
    keys.check_name(name)
    if Register.objects.filter(name=name).exists():
        raise Conflict(f"There is a register {name} already.", field="name")
    draft = Register(name=name, title=title, owner=owner, created_at=at)
    check_shape(by, draft)
    commands = reading_ahead.read(lines, sizes=storage.Stored(draft).sizes)
    with storage.planned(draft, commands, history=True) as plan, transaction.atomic():
        made = create_register(name=name, title=title, owner=owner, by=by, at=at)
        found = _write_load(register=made, plan=plan, by=by, at=at)
    return _loaded(found, plan)


@action("registers:register:loaded")
def _write_load(*, register: Register, plan: Plan, by: Any, at: datetime) -> Register:
    """Write a planned load."""
    register = Register.objects.get(pk=register.pk)
    storage.write(register, plan)
    _name_after_metadata(register)
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        entries=plan.added,
        metadata_entries=plan.added_metadata,
        size=register.size,
        root=plan.root.hex(),
    )
    return register


def _name_after_metadata(register: Register) -> None:
    """Take what the log says of the register where nobody said it here."""
    metadata = storage.Stored(register).metadata()
    if taken := statements.take(register, metadata):
        register.save(update_fields=taken)


def _broken(register: Register, plan: Plan) -> list[Broken]:
    found = schema_of(register)
    return links.broken_links(found, plan.links) if found else []


def schema_of(register: Register) -> Schema | None:
    """Return the schema of a stored register."""
    metadata = storage.Stored(register).metadata()
    return schema.read_schema(metadata, name=register.name)


@action("registers:entry:appended")
def append_entries(
    *,
    register: Register,
    changes: Sequence[Change],
    by: Any,
    at: datetime,
    because: str = "",
    made_by: str = "",
) -> Register:
    """Append entries (key, values), all or none; BadInput says what is wrong.

    `because` is the reference of the update that they come from, `made_by` whoever
    prepared it where another person agreed.
    """
    register = Register.objects.get(pk=register.pk)
    check_keep(by, register)
    check_two_people(register, by=by, made_by=made_by)
    found = check_changes(register, changes)
    moment = _later(register, at)
    commands = [
        command
        for key, values in _concealed(register, found, changes)
        for command in _append(Scope.USER, key, values, at=moment)
    ]
    plan = _write(register, commands)
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        first=plan.before[Scope.USER] + 1,
        last=register.size,
        root=plan.root.hex(),
        because=because,
    )
    return register


def _write(register: Register, commands: Sequence[Command]) -> Plan:
    """Plan and write what nobody wrote as lines: an error names no line."""
    try:
        with storage.planned(register, enumerate(commands, 1), history=False) as plan:
            storage.write(register, plan)
            return plan
    except BadLine as error:
        sentence = error.message.partition(": ")[2]
        raise BadInput(sentence[:1].upper() + sentence[1:]) from error


def state_details(register: Register, *, at: datetime) -> None:
    """Log what a register says of itself, as part of the action under way.

    Nothing where the log says nothing yet: a register that is loaded brings its own.
    """
    if not register.metadata_size:
        return
    found = statements.news(register, reading.metadata(register.pk))
    commands = [
        command
        for key, values in found.items()
        for command in _metadata(key, values, at=_later(register, at))
    ]
    if commands:
        _write(register, commands)


@action("registers:schema:changed")
def change_schema(
    *,
    register: Register,
    fields: Sequence[Field],
    by: Any,
    at: datetime,
    text: str = "",
    made_by: str = "",
) -> Register:
    """Define fields and describe the register, by the rules of change; BadInput.

    A field that is there already may get another text, never another datatype.
    """
    register = Register.objects.get(pk=register.pk)
    check_shape(by, register)
    check_two_people(register, by=by, made_by=made_by)
    found = schema_of(register)
    known = dict(found.fields) if found else {}
    commands = list(_changed_fields(fields, known, at=_later(register, at)))
    known |= {field.id: field for field in fields}
    now = Schema(
        register=register.name,
        fields=known,
        text=text or (found.text if found else ""),
        phase=(found.phase if found else "") or "beta",
        registry=found.registry if found else "",
    )
    if found is None or schema.register_item(now) != schema.register_item(found):
        definition = schema.register_item(now)
        commands += _metadata(f"register:{register.name}", definition, at=at)
    if not commands:
        raise BadInput("There is nothing to change.")
    plan = _write(register, commands)
    record(
        by=by,
        at=at,
        subject=register.ledger_id,
        organisation=register.owner.slug if register.owner else "",
        register=register.name,
        fields=[field.id for field in fields],
        metadata_size=plan.sizes[Scope.SYSTEM],
    )
    return register


def _changed_fields(
    fields: Sequence[Field], known: Mapping[str, Field], *, at: datetime
) -> Iterable[Command]:
    for field in fields:
        item = schema.field_item(field)
        schema.read_field(item)  # refuses what is no definition
        if field.id not in known:
            schema.check_new_field(field)
        if field.id not in known or schema.field_item(known[field.id]) != item:
            yield from _metadata(f"field:{field.id}", item, at=at)


def _concealed(
    register: Register, found: Schema, changes: Sequence[Change]
) -> Iterable[Change]:
    erasable = any(field.erasable for field in found.fields.values())
    for key, values in changes:
        tidied = items.tidy(values)
        if not erasable:
            yield key, tidied
            continue
        newest = reading.find_record(register.pk, key)
        held = reading.data_of(register.pk, newest)[0] if newest else {}
        yield key, erasure.conceal(register, found, tidied, held=held)


def check_changes(register: Register, changes: Sequence[Change]) -> Schema:
    """Refuse changes that could not be appended as they are; return the schema."""
    if not changes:
        raise BadInput("There is nothing to change.")
    if register.ended_on:
        raise Conflict(f"{register.name} ended: it takes no more entries.")
    found = schema_of(register)
    if found is None:
        raise Conflict(f"{register.name} has no schema yet: define its fields first.")
    tidied = {}
    for key, values in changes:
        keys.check_key(key)
        if key.endswith(keys.TAKEN_ENDINGS) and not reading.find_record(
            register.pk, key
        ):
            keys.check_new_key(key)
        items.check_values(values)
        kept = items.tidy(values)
        found.check_item(kept, key=key)
        erasure.check_commitments(register, kept, key=key)
        items.check_size(kept, key=key)
        tidied[key] = kept
    links.check_links(found, tidied)
    return found


def _later(register: Register, at: datetime) -> datetime:
    """Return the moment to log: the clock never goes backwards in a register."""
    last = register.last_entry_at
    if last is not None and last > at.timestamp():
        return datetime.fromtimestamp(last, tz=at.tzinfo)
    return at
