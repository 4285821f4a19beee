"""What a register is, changed by the rules: each gives the lines of an update.

A field is added, never removed; its datatype and cardinality never change, because
whoever reads the register relies on both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from staithe.base.errors import BadInput
from staithe.registers import datatypes, details, keys
from staithe.registers.comparison import Row, like_field, like_name
from staithe.registers.mending import get_schema
from staithe.registers.models import Line, Register
from staithe.registers.schema import Field, field_item, read_field
from staithe.registers.wanted import Wanted


MOST_FIELDS = 200
NAME = "name"
LONG = 200  # characters from which a value is a text rather than a name
# What most registers have, and what a register without a list starts with.
USUAL = (
    Field("name", text="What the record is called."),
    Field("start-date", datatype="datetime", text="From when it is so."),
    Field("end-date", datatype="datetime", text="Until when it was so."),
)


def new_field(register: Register, field: Field) -> list[Wanted]:
    """Return the line that adds a field; BadInput where there is one of its name."""
    schema = get_schema(register)
    if field.id in schema.fields:
        raise BadInput(f"There is a field {field.id} already.", field="id")
    if len(schema.fields) >= MOST_FIELDS:
        raise BadInput(f"A register has at most {MOST_FIELDS} fields.", field="id")
    item = field_item(field)
    try:
        read_field(item)
        if field.register:
            keys.check_name(field.register)
    except BadInput as error:
        of = "register" if field.register and keys.is_name(field.id) else "id"
        raise BadInput(error.message, field=of) from error
    return [Wanted(Line.Kind.FIELD, field.id, item)]


def meaning(register: Register, name: str, text: str) -> list[Wanted]:
    """Return the line that says better what a field means."""
    known = get_schema(register).fields[name]
    if known.text == text.strip():
        raise BadInput("The text is the same.", field="text")
    item = {**field_item(known), "text": text.strip()}
    return [Wanted(Line.Kind.FIELD, name, item)]


def details_lines(told: Mapping[str, str], wanted: Mapping[str, str]) -> list[Wanted]:
    """Return a line for each detail that is to be another; BadInput where none is."""
    changed = {n: text.strip() for n, text in wanted.items() if text.strip() != told[n]}
    details.read_details(changed)
    return [
        Wanted(Line.Kind.DETAIL, name, {"value": text})
        for name, text in changed.items()
    ]


# ---------------------------------------------------------------- from a list


def columns_as_fields(name: str, columns: Sequence[str], *, own: str) -> dict[str, str]:
    """Return the field that each column of a new register's list becomes, "" for none.

    The column `own` is the key. A column that is called as the register is holds what
    its records are called, unless another one does.
    """
    found = dict.fromkeys(columns, "") | {own: name}
    taken = {name}
    for column in columns:
        field = like_name(column)
        if field == name and NAME not in map(like_name, columns):
            field = NAME
        if column != own and keys.is_name(field) and field not in taken:
            found[column] = field
            taken.add(field)
    return found


def fields_for(named: Mapping[str, str], name: str, rows: Sequence[Row]) -> list[Field]:
    """Return the fields that a list needs, by what stands in its columns.

    `named` is the field of each column. A narrower datatype is taken only where every
    value fits it; an end date is added, because without it no record could ever end.
    """
    fields: dict[str, Field] = {}
    for column, field in named.items():
        if field and field != name:
            texts = [row[column] for row in rows if row[column]]
            kind = datatype_for(texts)
            fields[field] = Field(field, datatype=kind, text=column.strip())
    for usual in USUAL[1:]:
        if usual.id == "end-date" and usual.id not in fields:
            fields[usual.id] = usual
    return list(fields.values())


def key_column(name: str, columns: Sequence[str], rows: Sequence[Row]) -> str:
    """Return the column that may hold the key, "" where none does.

    Every value is there and is another. Of such columns, one that is named so is the
    likeliest, then one whose values are keys as they are, then the first.
    """
    full = [[row[column] for row in rows] for column in columns]
    could = {
        column: texts
        for column, texts in zip(columns, full, strict=True)
        if texts and all(texts) and len(set(texts)) == len(texts)
    }
    fit = [c for c, texts in could.items() if all(map(keys.is_key, texts))]
    named = [c for c in fit if name in (like_field(c), like_name(c))]
    return next(iter([*named, *fit, *could]), "")


def datatype_for(texts: Sequence[str]) -> str:
    """Return the narrowest datatype that every value fits; string where none does.

    A number with a leading zero is a code; a year alone is a number, not a date.
    """
    tests: list[tuple[str, Callable[[str], bool]]] = [
        ("boolean", datatypes.TESTS["boolean"]),
        ("integer", datatypes.TESTS["integer"]),
        ("datetime", datatypes.TESTS["datetime"]),
        ("url", datatypes.TESTS["url"]),
    ]
    if not texts:
        return "string"
    for name, fits in tests:
        if all(map(fits, texts)):
            return name
    return (
        "text" if any(len(text) > LONG or "\n" in text for text in texts) else "string"
    )
