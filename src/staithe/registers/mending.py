"""Mistakes put right without rewriting history: each gives the lines of an update.

What was logged stays logged. A wrong value is set back by a new entry; a record that
should not be is ended; a wrong key is ended in favour of the right one, so that links
to it still lead somewhere; a field of the wrong shape is replaced by another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from staithe.base.errors import BadInput, Conflict, NotFound, UserError
from staithe.registers import keys, reading
from staithe.registers.actions import schema_of
from staithe.registers.curie import Curie
from staithe.registers.item import Item, as_text
from staithe.registers.models import Line, Register, Update
from staithe.registers.schema import Field, Schema, field_item
from staithe.registers.wanted import END, Wanted, held_of, judged, line_for, values_of


PAGE = 2000
# What registers call the field that names a successor, best first.
SUCCESSORS = ("replaced-by", "replacement", "successor")


def get_schema(register: Register) -> Schema:
    """Return the schema of a register; Conflict where it has none yet."""
    found = schema_of(register)
    if found is None:
        raise Conflict(f"{register.title} has no schema yet: define its fields first.")
    return found


def get_held(register: Register, key: str) -> tuple[int, Item]:
    """Return a record's newest entry number and values; NotFound."""
    found = held_of(register, [key]).get(key)
    if found is None:
        raise NotFound(f"{register.title} has no record {key[:80]}.")
    return found


def change(
    register: Register, key: str, texts: dict[str, str], *, seen: int | None = None
) -> list[Wanted]:
    """Return the line that gives a record other values; `seen` is what a form showed."""
    number, held = get_held(register, key)
    if seen is not None and seen != number:
        raise Conflict(
            f"{key} changed while you were writing. Look at it again.", code="moved"
        )
    schema = get_schema(register)
    line = line_for(key, schema.with_texts(held, texts), held=(number, held))
    if line is None:
        raise BadInput(f"{key} holds just this already.")
    return judged(schema, [line])


def add(register: Register, key: str, texts: dict[str, str]) -> list[Wanted]:
    """Return the line that adds a record; BadInput where there is one."""
    keys.check_new_key(key)
    if key in held_of(register, [key]):
        raise BadInput(f"There is a record {key} already.", field="key")
    schema = get_schema(register)
    values = schema.with_texts({schema.register: key}, texts)
    return judged(schema, [Wanted(Line.Kind.ADDED, key, values)])


def end(register: Register, key: str, *, on: date) -> list[Wanted]:
    """Return the line that ends a record."""
    schema = get_schema(register)
    _check_ends(register, schema)
    number, held = get_held(register, key)
    if END in held:
        raise BadInput(f"{key} ended already, on {as_text(held, END)}.")
    return [Wanted(Line.Kind.ENDED, key, {**held, END: on.isoformat()}, seen=number)]


def _check_ends(register: Register, schema: Schema) -> None:
    if END not in schema.fields:
        raise BadInput(
            f"{register.title} has no field {END}: a record cannot end. Add it first."
        )


def rekey(register: Register, wrong: str, right: str, *, on: date) -> list[Wanted]:
    """Return the lines that move a record to another key and end the wrong one."""
    schema = get_schema(register)
    keys.check_key(right)
    if right in held_of(register, [right]):
        raise BadInput(f"There is a record {right} already.", field="other")
    number, held = get_held(register, wrong)
    moved = {**held, schema.register: right}
    lines = [
        Wanted(Line.Kind.ADDED, right, moved),
        _replaced(register, schema, wrong, right, held=(number, held), on=on),
    ]
    return judged(schema, lines)


def merge(register: Register, wrong: str, right: str, *, on: date) -> list[Wanted]:
    """Return the line that ends a duplicate in favour of the record that stays."""
    schema = get_schema(register)
    if wrong == right:
        raise BadInput("A record is no duplicate of itself.", field="other")
    get_held(register, right)
    held = get_held(register, wrong)
    return [_replaced(register, schema, wrong, right, held=held, on=on)]


def _replaced(
    register: Register,
    schema: Schema,
    wrong: str,
    right: str,
    *,
    held: tuple[int, Item],
    on: date,
) -> Wanted:
    _check_ends(register, schema)
    number, values = held
    if END in values:
        raise BadInput(f"{wrong} ended already, on {as_text(values, END)}.")
    successor = _successor(schema, right)
    ended = {**values, END: on.isoformat(), **successor}
    return Wanted(Line.Kind.ENDED, wrong, ended, seen=number)


def _successor(schema: Schema, key: str) -> Item:
    """Return the value that names the successor, where the register has such a field."""
    name = next((each for each in SUCCESSORS if each in schema.fields), None)
    if name is None:
        return {}
    field = schema.fields[name]
    is_link = field.datatype == "curie"
    text = str(Curie(schema.register, key)) if is_link else key
    return {name: [text] if field.cardinality == "n" else text}


def undo_entry(register: Register, number: int, *, on: date) -> list[Wanted]:
    """Return the line that sets a record back to before its newest entry.

    The first entry of a record cannot be taken away, so that record is ended.
    """
    each = reading.find_entry(register.pk, number)
    if each is None:
        raise NotFound(f"{register.title} has no entry {number}.")
    schema = get_schema(register)
    newest = reading.newest_numbers(register.pk, [each.key])[each.key]
    if newest != number:
        raise Conflict(
            f"{each.key} changed again after entry {number:,}: undo entry {newest:,} "
            "first, or change the values by form."
        )
    return judged(schema, [_before(register, each, on=on)])


def _before(register: Register, each: reading.StoredEntry, *, on: date) -> Wanted:
    if each.previous == 0:
        return end(register, each.key, on=on)[0]
    earlier = reading.find_entry(register.pk, each.previous)
    assert earlier is not None
    values = values_of(register, earlier)
    line = line_for(each.key, values, held=(each.number, values_of(register, each)))
    assert line is not None
    return line


def undo_update(update: Update, *, on: date) -> list[Wanted]:
    """Return the lines that undo an update; a record that moved on since is wrong."""
    if update.first_entry is None or update.last_entry is None:
        raise Conflict("These changes added no entries to undo.")
    register = update.register
    schema = get_schema(register)
    lines = []
    for start in range(update.first_entry, update.last_entry + 1, PAGE):
        stop = min(update.last_entry, start + PAGE - 1)
        found = reading.entries(register.pk, start, stop)
        newest = reading.newest_numbers(register.pk, [each.key for each in found])
        lines += [_undone(register, each, newest[each.key], on=on) for each in found]
    return judged(schema, lines)


def _undone(
    register: Register, each: reading.StoredEntry, newest: int, *, on: date
) -> Wanted:
    if newest != each.number:
        problem = f"It changed again, in entry {newest:,}, and stays as it is."
        return Wanted(Line.Kind.WRONG, each.key, problem=problem)
    try:
        return _before(register, each, on=on)
    except UserError as error:
        return Wanted(Line.Kind.WRONG, each.key, problem=error.message)


# ---------------------------------------------------------------- many at once


def bulk(
    register: Register,
    *,
    field: str,
    to: str,
    where: str = "",
    has: str = "",
    named: Sequence[str] = (),
) -> list[Wanted]:
    """Return the lines that set a field in many current records.

    They are those named, or those whose field `where` has the value `has` (both empty:
    every one).
    """
    schema = get_schema(register)
    for name in filter(None, (field, where)):
        if name not in schema.fields:
            raise BadInput(f"{schema.register} has no field {name}.", field="field")
    if field == schema.register:
        raise BadInput("A key is changed record by record.", field="field")
    lines = []
    for key, number, values in _chosen(register, named):
        if not named and (END in values or not _matches(values, where, has)):
            continue
        wanted = schema.with_texts(values, {field: to})
        line = line_for(key, wanted, held=(number, values))
        if line is not None:
            lines.append(line)
    if not lines:
        raise BadInput("No record would change.")
    return judged(schema, lines)


def _chosen(
    register: Register, named: Sequence[str]
) -> Iterator[tuple[str, int, Item]]:
    if named:
        held = held_of(register, named)
        missing = [key for key in named if key not in held]
        if missing:
            raise BadInput(f"There is no record {missing[0][:80]}.", field="named")
        yield from ((key, *held[key]) for key in dict.fromkeys(named))
        return
    for start in range(1, register.records + 1, PAGE):
        for each in reading.records(register.pk, start, start + PAGE - 1):
            yield each.key, each.number, values_of(register, each)


def _matches(values: Item, where: str, has: str) -> bool:
    if not where:
        return True
    value = values.get(where, "")
    return has in value if isinstance(value, list) else value == has


def replace_field(register: Register, old: str, new: Field) -> list[Wanted]:
    """Return the lines that put a field in the place of one that is of the wrong shape.

    The old field stays, as it must, and says what came after it; current records
    carry their values over. What does not fit the new field is wrong.
    """
    schema = get_schema(register)
    known = schema.fields.get(old)
    if known is None or old == schema.register:
        raise BadInput(f"{old} cannot be replaced.", field="old")
    if new.id in schema.fields:
        raise BadInput(f"There is a field {new.id} already.", field="id")
    told = f"{known.text} No longer used: see {new.id}.".strip()
    after = Schema(schema.register, {**schema.fields, new.id: new})
    old_item = {**field_item(known), "text": told}
    lines = [
        Wanted(Line.Kind.FIELD, new.id, field_item(new)),
        Wanted(Line.Kind.FIELD, old, old_item),
    ]
    moved = []
    for key, number, values in _chosen(register, ()):
        if old in values:
            text = as_text(values, old)
            wanted = after.with_texts(values, {old: "", new.id: text})
            line = line_for(key, wanted, held=(number, values))
            assert line is not None
            moved.append(line)
    return lines + judged(after, moved)
