"""Hostile YAML is one sentence with a line, in the reader and behind every door."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hostile import VALUES, YAML
from staithe.base.errors import BadInput, TooLarge, UserError
from staithe.base.plain_yaml import BadYaml, read_yaml, read_yaml_file
from staithe.disclosure.sources import Specification
from staithe.law.advise import advise
from staithe.law.loader import BadLibrary, read_library
from staithe.law.reading import shipped_texts
from staithe.linkage.specification import from_body
from staithe.registers import declaration


@pytest.mark.parametrize("fault", YAML)
def test_hostile_yaml_is_refused_with_its_line(fault):
    data, says = YAML[fault]
    with pytest.raises(BadYaml) as refused:
        read_yaml(data, name="f.yaml")
    message = refused.value.message
    assert message.startswith("f.yaml cannot be read as YAML: ")
    assert says in message
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (b"\xef\xbb\xbfa: 1", {"a": 1}),
        ("a: &d 2026-01-02\nb: *d", dict.fromkeys("ab", dt.date(2026, 1, 2))),
        ("b: {<<: {x: 1}, y: 2}", {"b": {"x": 1, "y": 2}}),
        ("é: [yes, 1.5, ~, '2026-02-30']", {"é": [True, 1.5, None, "2026-02-30"]}),
    ],
)
def test_plain_yaml_is_read(text, value):
    assert read_yaml(text, name="f") == value


def test_a_file_is_named_where_it_is_missing_or_too_large(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.yaml cannot be read: No such file"):
        read_yaml_file(tmp_path / "gone.yaml")
    (tmp_path / "big.yaml").write_text("a" * 11)
    with pytest.raises(TooLarge, match=r"big\.yaml is larger than 10 bytes"):
        read_yaml_file(tmp_path / "big.yaml", most_bytes=10)
    with pytest.raises(TooLarge, match="The form is larger than 1 MB"):
        read_yaml("x" * (1 << 20) + "x", name="The form")


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_and_any_text_are_read_or_refused(data):
    try:
        read_yaml(data, name="f")
    except BadYaml as refused:
        assert "\n" not in refused.message  # noqa: PT017  reading may succeed too


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | WORDS,
        lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
        max_leaves=10,
    )
)
def test_what_is_written_reads_back(value):
    assert read_yaml(yaml.safe_dump(value), name="f") == value


# ---------------------------------------------------------------- doors

GATEWAY = "gateways/dea-48-debt.yaml"
FACTS = {
    "holder": {"type": "non-ministerial-department", "name": "HMRC"},
    "recipient": {"type": "local-authority"},
    "purpose": {"code": "debt-recovery"},
    "personal_data": "identifiable",
    "data_kinds": ["name", "address"],
    "consent": {"given_by": "none"},
    "route_asked": "dea-48-debt",
    "nation": ["England"],
    "on": "2026-07-01",
    "answers": {"code-of-practice": True},
    "origin_gateway": "dea-48-debt",
    "onward_to": "court",
}
LINK = {
    "version": 1,
    "title": "People",
    "kind": "link",
    "fields": [
        {"meaning": "surname", "left": "a", "right": "b", "left_dates": "day-first"}
    ],
    "settings": {"threshold": 0.9, "one_to_one": "auto", "training_pairs": 10},
}
PROTECT = {
    "kind": "microdata",
    "unit": "id",
    "rows": "region",
    "columns": "sex",
    "measure": "count",
    "policy": {"threshold": 10, "method": "round", "rounding_base": 5},
}
REGISTER = {
    "register": "bench",
    "title": "Benches",
    "description": "Where to sit",
    "owner": "mapping-body",
    "writers": ["other-body"],
    "public": True,
    "review-every-days": 30,
    "fields": [{"id": "name", "datatype": "string", "cardinality": "1"}],
}


DOORS = {
    "advise": (FACTS, advise),
    "link": (LINK, from_body),
    "protect": (PROTECT, Specification.from_dict),
    "register": (REGISTER, declaration.read),
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value of a document."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    return [path, *(p for key, each in inner for p in places(each, (*path, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return the document with another value at one place."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


@pytest.mark.parametrize("door", DOORS)
def test_any_value_in_any_place_is_read_or_refused_in_a_sentence(door):
    document, read = DOORS[door]
    read(document)
    for path in places(document):
        for value in VALUES:
            try:
                read(replaced(document, path, value))
            except UserError as refused:
                assert refused.message, (path, value)  # noqa: PT017  it may fit
            except Exception as error:
                raise AssertionError(f"{door}: {path} = {value!r}") from error


def test_dates_that_are_none_are_faults_of_a_gateway_with_amendments():
    document = read_yaml(shipped_texts()[GATEWAY], name=GATEWAY)
    document |= {
        "valid_from": "soon",
        "amendments": [{"valid_from": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)}],
    }
    texts = {**shipped_texts(), GATEWAY: yaml.safe_dump(document)}
    with pytest.raises(BadLibrary) as refused:
        read_library(texts)
    assert f"{GATEWAY}: amendments.1: needs valid_from, and no id" in (
        refused.value.faults
    )


def test_a_mistyped_date_in_a_gateway_hides_no_other_fault():
    texts = dict(shipped_texts())
    texts[GATEWAY] = "valid_from: 2026-02-30\n"
    texts["gateways/other.yaml"] = "id: other\n"
    with pytest.raises(BadLibrary) as refused:
        read_library(texts)
    first = f"{GATEWAY}: not YAML: line 1: '2026-02-30' is not a date that exists"
    assert first in refused.value.faults
    assert any(
        fault.startswith("gateways/other.yaml: ") for fault in refused.value.faults
    )
