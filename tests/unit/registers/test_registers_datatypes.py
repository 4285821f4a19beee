"""Each datatype, key, name and link admits what the specification says, no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.registers import curie, datatypes, keys, timestamps
from staithe.registers.schema import MANY, Field, Schema, check_metadata, field_item


GOOD = {
    "boolean": ["true", "false"],
    "curie": ["country:GB", "country:", "a-b:X.1", "a:b%2Fc"],
    "datetime": ["2001", "2001-01", "2001-01-31", "2018-10-11T12Z", "2018-10-11T12:14Z", "2001-01-31T23:20:55Z", "2020-02-29"],
    "hash": ["sha-256:" + "0" * 64, "1220" + "f" * 64],
    "integer": ["0", "-1", "10", "9" * 40],
    "name": ["a", "local-authority-eng", "agreement-0001"],
    "period": ["P1Y", "P3Y9M27D", "PT1H", "P2W", "2001-01/2002", "2001-01-01/P1Y", "P1D/2001"],
    "string": ["", "anything\n"],
    "text": ["# Markdown"],
    "timestamp": ["2018-10-11T12:14:05Z"],
    "url": ["https://example.gov.uk", "http://a/b?c#d"],
}  # fmt: skip
BAD = {
    "boolean": ["True", "1", ""],
    "curie": ["country", ":GB", "Country:GB", " country:GB", "country:GB ", "country:a b", "country:a--b", "country:a%2fb", "country:%41"],
    "datetime": ["01", "2001-1", "2001-13", "2001-02-30", "2001-01-31T", "2001-01-31T12", "2001-01-31T25Z", "0000", "2001-01-31T23:20:55.0Z", "2001-01-31T23:20:55", "2001\n"],
    "hash": ["sha-256:" + "0" * 63, "SHA-256:" + "0" * 64, "1220" + "F" * 64],
    "integer": ["-0", "01", "1.0", "+1", "", "१"],
    "name": ["A", "1a", "a--b", "a-", "a_b", ""],
    "period": ["P", "PT", "1Y", "P1Y/P1Y", "2001/", "P1S", "P1YT"],
    "timestamp": ["2018-10-11", "2018-10-11T12:14:60Z", "2018-10-11T12:14:05+00:00", "2018-10-11T12:14:05.1Z"],
    "url": ["example.gov.uk", "javascript:alert(1)", "https://", "ftp://a", "https://a b", 'https://a/"', "https://[x"],
}  # fmt: skip


@pytest.mark.parametrize("datatype", GOOD)
def test_values_of_a_datatype_are_admitted(datatype):
    wrong = [t for t in GOOD[datatype] if not datatypes.is_valid(t, datatype=datatype)]
    assert wrong == []


@pytest.mark.parametrize("datatype", BAD)
def test_other_values_are_refused_with_the_field_named(datatype):
    wrong = [t for t in BAD[datatype] if datatypes.is_valid(t, datatype=datatype)]
    assert wrong == []
    with pytest.raises(BadInput, match="since is") as caught:
        datatypes.check_valid(BAD[datatype][0], datatype=datatype, field="since")
    assert caught.value.field == "since"


def test_every_datatype_of_the_specification_is_known():
    named = set(datatypes.TESTS)
    assert named == set(GOOD) | {"point", "polygon"}
    assert set(BAD) == set(datatypes.EXAMPLES)


def test_keys():
    good = ["GB", "1", "a-b_c.d/e", "A" * 255]
    bad = ["", "-a", "a-", "a--b", "a-_b", "a b", "é", "a\n", "a:b", "A" * 256, "a/"]
    assert [key for key in good if not keys.is_key(key)] == []
    assert [key for key in bad if keys.is_key(key)] == []
    assert keys.is_system_key("field:start-date")


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_timestamps_read_back(seconds):
    text = timestamps.to_text(seconds)
    assert timestamps.read_timestamp(text) == seconds


@given(st.from_regex(r"[a-z]+(-[a-z0-9]+)*", fullmatch=True), st.from_regex(r"([A-Za-z0-9]([-_./][A-Za-z0-9])*)?", fullmatch=True))  # fmt: skip
def test_links_read_back(register, key):
    link = curie.Curie(register[:60].rstrip("-"), key)
    assert curie.read_curie(str(link)) == link


def test_the_first_day_that_a_date_means():
    assert str(datatypes.as_date("2001")) == "2001-01-01"
    assert str(datatypes.as_date("2001-03")) == "2001-03-01"
    assert str(datatypes.as_date("2018-10-11T12:14Z")) == "2018-10-11"
    assert datatypes.as_date("soon") is None


SCHEMA = Schema(
    "town",
    {
        "town": Field("town"),
        "name": Field("name"),
        "since": Field("since", datatype="datetime"),
        "tags": Field("tags", cardinality=MANY),
    },
)


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"name": "A"}, "wrong-key"),
        ({"town": "2"}, "wrong-key"),
        ({"town": "1", "colour": "red"}, "unknown-field"),
        ({"town": "1", "since": "yesterday"}, "wrong-datatype"),
        ({"town": "1", "tags": "a"}, "wrong-cardinality"),
        ({"town": "1", "name": ["a"]}, "wrong-cardinality"),
    ],
)
def test_an_item_that_does_not_fit_is_refused(item, code):
    with pytest.raises(BadInput) as caught:
        SCHEMA.check_item(item, key="1")
    assert caught.value.code == code


def test_an_item_that_fits_is_let_in_empty_or_full():
    SCHEMA.check_item({"town": "1"}, key="1")
    SCHEMA.check_item({"town": "1", "since": "2001", "tags": ["a", "b"]}, key="1")
    SCHEMA.check_item({"town": "1", "since": "", "tags": []}, key="1")


def test_a_datatype_never_changes_and_a_field_is_never_removed():
    before = field_item(Field("since", datatype="datetime"))
    check_metadata(
        "field:since",
        field_item(Field("since", datatype="datetime", text="New")),
        before=before,
    )
    for changed in (
        Field("since"),
        Field("since", datatype="datetime", cardinality=MANY),
    ):
        with pytest.raises(BadInput, match="never changes"):
            check_metadata("field:since", field_item(changed), before=before)
    old = {"register": "town", "fields": ["town", "name"]}
    check_metadata(
        "register:town",
        {"register": "town", "fields": ["town", "name", "x"]},
        before=old,
    )
    with pytest.raises(BadInput, match="never removed"):
        check_metadata(
            "register:town", {"register": "town", "fields": ["town"]}, before=old
        )
