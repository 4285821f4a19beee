"""Arrow types as the Delta protocol writes them (Delta PROTOCOL.md, Schema Serialization)."""

from __future__ import annotations

import json

import pyarrow as pa

from staithe.base.errors import BadInput


_SIMPLE: dict[str, str] = {
    "bool": "boolean",
    "int8": "byte",
    "int16": "short",
    "int32": "integer",
    "int64": "long",
    "uint8": "short",
    "uint16": "integer",
    "uint32": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary": "binary",
    "date32[day]": "date",
}


def delta_type(kind: pa.DataType) -> str:
    """Return the Delta name of an Arrow type; BadInput for a type it cannot carry."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    name = _SIMPLE.get(str(kind))
    if name is None:
        raise BadInput(f"Delta Sharing cannot carry a column of type {kind}.")
    return name


def schema_string(schema: pa.Schema) -> str:
    """Return the schemaString of an Arrow schema."""
    fields = [
        {
            "name": field.name,
            "type": delta_type(field.type),
            "nullable": True,
            "metadata": {},
        }
        for field in schema
    ]
    return json.dumps({"type": "struct", "fields": fields})
