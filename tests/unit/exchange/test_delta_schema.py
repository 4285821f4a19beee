"""Arrow types in the Delta protocol's words."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from staithe.base.errors import BadInput
from staithe.exchange.delta_schema import delta_type, schema_string


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (pa.bool_(), "boolean"),
        (pa.int8(), "byte"),
        (pa.int16(), "short"),
        (pa.int32(), "integer"),
        (pa.int64(), "long"),
        (pa.uint8(), "short"),
        (pa.uint16(), "integer"),
        (pa.uint32(), "long"),
        (pa.float32(), "float"),
        (pa.float64(), "double"),
        (pa.string(), "string"),
        (pa.date32(), "date"),
        (pa.timestamp("us"), "timestamp"),
        (pa.timestamp("us", "UTC"), "timestamp"),
        (pa.decimal128(12, 2), "decimal(12,2)"),
    ],
)
def test_each_type_has_its_word_and_an_unsigned_one_a_wider(kind, name):
    assert delta_type(kind) == name


@pytest.mark.parametrize(
    "kind", [pa.time64("us"), pa.uint64(), pa.list_(pa.int8()), pa.duration("us")]
)
def test_a_type_without_a_word_is_refused(kind):
    with pytest.raises(BadInput, match="cannot carry"):
        delta_type(kind)


def test_the_schema_keeps_odd_names_and_order():
    schema = pa.schema([('quo"te', pa.int64()), ("Ünïcode, name", pa.string())])
    fields = json.loads(schema_string(schema))["fields"]
    assert [field["name"] for field in fields] == ['quo"te', "Ünïcode, name"]
