"""What the items of a register may hold, and how that may change.

The schema is itself in the log: metadata entries with the keys `register:<name>`
(the order of fields) and `field:<name>` (datatype, cardinality, text).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from staithe.base.errors import BadInput
from staithe.registers import blob, datatypes, keys
from staithe.registers.curie import Curie, read_curie
from staithe.registers.item import Item, Value, tidy


ONE = "1"
MANY = "n"
MISNAMED = "misnamed-field"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `register` names the register whose keys its values are."""

    id: str
    datatype: str = "string"
    cardinality: str = ONE
    text: str = ""
    register: str = ""
    phase: str = "beta"
    # Values are written as salted commitments, so that they can be erased.
    erasable: bool = False

    @property
    def is_plain(self) -> bool:
        """Tell whether every single text is a value of this field."""
        return self.cardinality == ONE and self.datatype in datatypes.ANY_TEXT

    def check_value(self, value: Value) -> None:
        """Refuse a value of the wrong cardinality or datatype; BadInput."""
        if isinstance(value, list) != (self.cardinality == MANY):
            kind = "a list" if self.cardinality == MANY else "one value, not a list"
            raise BadInput(
                f"{self.id} holds {kind}.", code="wrong-cardinality", field=self.id
            )
        for text in [value] if isinstance(value, str) else value:
            if not text or blob.is_commitment(text):
                continue
            datatypes.check_valid(text, datatype=self.datatype, field=self.id)


@dataclass(frozen=True)
class Schema:
    """The fields of a register in their order; the primary key is named after it."""

    register: str
    fields: Mapping[str, Field]
    text: str = ""
    phase: str = ""
    registry: str = ""

    @cached_property
    def link_fields(self) -> tuple[str, ...]:
        """Return the fields whose values point at records, of this or other registers.

        Older fields name the other register in their definition, newer ones in a CURIE.
        """
        return tuple(
            name
            for name, field in self.fields.items()
            if name != self.register and (field.datatype == "curie" or field.register)
        )

    def target(self, name: str, value: str) -> Curie | None:
        """Return what a value of a field points at; None where it is no link."""
        field = self.fields[name]
        if field.datatype != "curie" and field.register:
            return Curie(field.register, value) if keys.is_key(value) else None
        try:
            return read_curie(value)
        except BadInput:
            return None

    def check_item(self, item: Mapping[str, Value], *, key: str) -> None:
        """Refuse an item that is not one of this register; BadInput says why."""
        if item.get(self.register) != key:
            raise BadInput(
                f"The item of the record {key} does not hold {self.register} = {key}.",
                code="wrong-key",
                field=self.register,
            )
        fields = self.fields
        for name, value in item.items():
            field = fields.get(name)
            if field is None or type(value) is not str or not field.is_plain:
                self._field(name).check_value(value)

    def check_recorded(self, item: Mapping[str, Value], *, key: str) -> list[str]:
        """Check an item of history; return what is wrong with its links.

        A link that was never right is history and is told, not refused.
        """
        try:
            self.check_item(item, key=key)
        except BadInput as error:
            field = self.fields.get(error.field or "")
            if error.code != "wrong-datatype" or not field or field.datatype != "curie":
                raise
            rest = {name: v for name, v in item.items() if name != field.id}
            return [error.message, *self.check_recorded(rest, key=key)]
        return []

    def with_texts(self, held: Mapping[str, Value], texts: Mapping[str, str]) -> Item:
        """Return an item with values as a form or a cell gives them; BadInput.

        A field that `texts` does not name keeps its value.
        """
        result: dict[str, Value] = dict(held)
        for name, text in texts.items():
            many = self._field(name).cardinality == MANY
            parts = [part.strip() for part in text.split(";")]
            result[name] = parts if many else text.strip()
        return tidy(result)

    def _field(self, name: str) -> Field:
        field = self.fields.get(name)
        if field is None:
            raise BadInput(
                f"{self.register} has no field {name}.",
                code="unknown-field",
                field=name,
            )
        return field


def read_field(item: Mapping[str, Value]) -> Field:
    """Read the definition of a field; BadInput."""
    given = {name: _text(item, name) for name in ("field", "datatype", "cardinality")}
    field = Field(
        id=given["field"],
        datatype=given["datatype"] or "string",
        cardinality=given["cardinality"] or ONE,
        text=_text(item, "text"),
        register=_text(item, "register"),
        phase=_text(item, "phase"),
        erasable=_text(item, "erasable") == "true",
    )
    keys.check_name(field.id)
    if field.datatype not in datatypes.TESTS:
        known = ", ".join(datatypes.TESTS)
        raise BadInput(
            f"{field.id} has the datatype {field.datatype[:40]}: use one of {known}."
        )
    if field.cardinality not in {ONE, MANY}:
        raise BadInput(f"The cardinality of {field.id} is 1 or n.")
    return field


def check_new_field(field: Field) -> None:
    """Refuse a new field of a kind that nobody can check: it can never change; BadInput.

    History may hold such fields: the specification named them and never finished them.
    """
    if field.datatype in datatypes.UNFINISHED:
        raise BadInput(
            f"{field.id} cannot be a {field.datatype}: no register checks what such a "
            "value is. Use string or text.",
            field="datatype",
        )


def field_item(field: Field) -> Item:
    """Return the item that defines a field."""
    item: Item = {
        "field": field.id,
        "datatype": field.datatype,
        "cardinality": field.cardinality,
        "phase": field.phase,
        "text": field.text,
        "register": field.register,
        "erasable": "true" if field.erasable else "",
    }
    return {name: value for name, value in item.items() if value}


def register_item(schema: Schema) -> Item:
    """Return the item that defines a register."""
    item: Item = {
        "register": schema.register,
        "fields": list(schema.fields),
        "phase": schema.phase,
        "registry": schema.registry,
        "text": schema.text,
    }
    return {name: value for name, value in item.items() if value}


def read_schema(
    metadata: Mapping[str, Mapping[str, Value]], *, name: str
) -> Schema | None:
    """Return the schema that the metadata records define, or None before it is whole.

    `metadata` is the latest item of each metadata key; `name` is the register's name
    where the log does not state one.
    """
    stated = metadata.get("name", {}).get("name")
    name = stated if isinstance(stated, str) and stated else name
    definition = metadata.get(f"register:{name}")
    if definition is None:
        return None
    listed = definition.get("fields", [])
    names = listed if isinstance(listed, list) else [listed]
    fields = {}
    for each in names:
        if item := metadata.get(f"field:{each}"):
            fields[each] = replace(read_field(item), id=each)
    return Schema(
        register=name,
        fields=fields,
        text=_text(definition, "text"),
        phase=_text(definition, "phase"),
        registry=_text(definition, "registry"),
    )


def check_metadata(
    key: str, item: Mapping[str, Value], *, before: Mapping[str, Value] | None
) -> None:
    """Refuse a metadata entry that breaks the rules of change; BadInput.

    A datatype or cardinality never changes and a field is never removed (RFC0001),
    because those who read the register rely on both.
    """
    if key == "name" and before is not None and before.get("name") != item.get("name"):
        raise BadInput("The name of a register never changes.", field="name")
    kind, _, name = key.partition(":")
    if not name:
        return
    if kind == "field":
        field = read_field(item)
        if before is not None:
            _check_same(read_field(before), field, name=name)
        if field.id != name:
            raise BadInput(
                f"The entry {key} defines the field {field.id}.", code=MISNAMED
            )
    if kind == "register" and before is not None:
        gone = [n for n in _listed(before) if n not in _listed(item)]
        if gone:
            raise BadInput(f"A field is never removed from a register: {gone[0]}.")


def check_still(before: Schema | None, after: Schema | None) -> None:
    """Refuse metadata that would take a schema away or another in its place; BadInput.

    Without a schema every item passes, so one line could end all checks for good.
    """
    if before is not None and (after is None or after.register != before.register):
        raise BadInput(
            f"This is the register {before.register}: its name never changes.",
            field="name",
        )


def missing_definitions(
    names: Iterable[str], *, metadata: Mapping[str, object]
) -> list[str]:
    """Return the fields that a register lists and nothing defines."""
    return [name for name in names if f"field:{name}" not in metadata]


def _check_same(old: Field, new: Field, *, name: str) -> None:
    for what in ("datatype", "cardinality"):
        was, is_now = getattr(old, what), getattr(new, what)
        if was != is_now:
            raise BadInput(
                f"The {what} of {name} is {was} and never changes: add another field."
            )


def _listed(definition: Mapping[str, Value]) -> list[str]:
    value = definition.get("fields", [])
    return value if isinstance(value, list) else [value]


def _text(item: Mapping[str, Value], name: str) -> str:
    value = item.get(name, "")
    return value if isinstance(value, str) else ""
