"""A specification says what an owner means, survives YAML, and refuses nonsense."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.linkage.detect import date_order, detect_specification
from staithe.linkage.meanings import MEANINGS, find_meaning, is_evidence, may_be_one
from staithe.linkage.specification import (
    RESERVED,
    LinkField,
    LinkSettings,
    LinkSpecification,
    from_yaml,
    to_yaml,
)


words = st.from_regex(
    r"[a-z][a-z0-9]{0,8}(_[a-z0-9]{1,5}){0,2}", fullmatch=True
).filter(lambda name: name not in RESERVED)
columns = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())
fields = st.builds(
    LinkField,
    meaning=st.sampled_from([meaning.word for meaning in MEANINGS]),
    left=columns,
    right=st.none() | columns,
    name=words,
    left_dates=st.sampled_from(["auto", "day-first", "month-first"]),
)
specifications = st.builds(
    LinkSpecification,
    kind=st.sampled_from(["link", "dedupe"]),
    fields=st.lists(fields, min_size=1, max_size=5, unique_by=lambda f: f.name).map(
        tuple
    ),
    settings=st.builds(
        LinkSettings,
        threshold=st.just("advised") | st.floats(0.01, 0.99),
        one_to_one=st.sampled_from(["auto", True, False]),
        training_pairs=st.integers(1, 10**7),
    ),
    title=st.text(max_size=20).filter(lambda text: text.isprintable()),
)


@given(specifications)
def test_yaml_gives_back_the_same_specification(specification):
    assert from_yaml(to_yaml(specification)) == specification


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_nothing_else(text):
    with contextlib.suppress(BadInput):
        from_yaml(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: link", "at least one field"),
        ("[1]", "must be a mapping"),
        ("kind: link\nfields: [{meaning: shoe_size, left: a}]", "shoe_size"),
        ("kind: link\nfields: [{meaning: sex}]", "no column"),
        ("kind: link\ncolour: red\nfields: [{meaning: sex, left: a}]", "colour"),
        ("fields: [{meaning: sex, left: a}]", "must say its kind"),
        ("kind: marry\nfields: [{meaning: sex, left: a}]", "link or dedupe"),
        ("version: 9\nkind: link\nfields: [{meaning: sex, left: a}]", "version 9"),
        (
            "kind: link\nfields: [{meaning: sex, left: a}]\nsettings: {threshold: 2}",
            "probability",
        ),
        ("kind: link\nfields: [{meaning: sex, left: 3}]", "must be text"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_with_a_specification_is_named(text, says):
    with pytest.raises(BadInput, match=says):
        from_yaml(text)


@pytest.mark.parametrize(
    ("column", "meaning"),
    [
        ("first_name", "forename"),
        ("GivenName", "forename"),
        (" surname", "surname"),
        ("LAST NAME", "surname"),
        ("fullName", "full_name"),
        ("first_and_surname", "full_name"),
        ("DOB", "date_of_birth"),
        ("date of birth", "date_of_birth"),
        ("claimant_dob", "date_of_birth"),
        ("gender", "sex"),
        ("postcode_fake", "postcode"),
        ("zip", "postcode"),
        ("e-mail", "email"),
        ("mobile_number", "phone"),
        ("soc_sec_id", "identifier"),
        ("nhs_number", "identifier"),
        ("street_number", "house_number"),
        ("address_1", "address"),
        ("suburb", "place"),
        ("birth_place", "birth_place"),
        ("supplier_name", "organisation"),
        ("payment_date", "date"),
        ("amt", "amount"),
    ],
)
def test_column_names_are_recognised(column, meaning):
    found = find_meaning(column)
    assert found is not None
    assert found.word == meaning


@pytest.mark.parametrize(
    "column", ["mother_surname", "maiden_name", "colour", "gp_name"]
)
def test_another_persons_name_is_not_taken_for_ones_own(column):
    assert find_meaning(column) is None


@pytest.mark.parametrize("column", ["cluster", "Label", "unique_id", "row_number"])
def test_answers_and_bookkeeping_are_never_evidence(column):
    assert not is_evidence(column)


def test_start_and_end_dates_are_not_one_thing():
    assert not may_be_one("start_date", "end_date")
    assert may_be_one("payment_date", "date")


def detected(left, right, ignore=()):
    samples = [left] if right is None else [left, right]
    names = None if right is None else list(right)
    return detect_specification(list(left), names, samples, ignore=ignore)


def test_columns_of_two_files_are_paired_by_meaning():
    found = detected(
        {"Given Name": ["ann"], "sn": ["x"], "surname": ["lee"], "dob": ["1990-01-01"]},
        {"forename": ["ann"], "last_name": ["lee"], "BirthDate": ["01/01/1990"]},
    )
    pairs = {(f.meaning, f.left, f.right) for f in found.specification.fields}
    assert pairs == {
        ("forename", "Given Name", "forename"),
        ("surname", "surname", "last_name"),
        ("date_of_birth", "dob", "BirthDate"),
    }
    assert ("sn", "the other file has no such field") in found.left_out


def test_an_ignored_column_is_left_out_with_its_reason():
    found = detected({"surname": ["lee"], "email": ["a@b.co"]}, None, ignore=["email"])
    assert [f.meaning for f in found.specification.fields] == ["surname"]
    assert ("email", "ignored as asked") in found.left_out


def test_two_schemes_of_identifier_are_never_paired():
    found = detected(
        {"surname": ["a"], "nhs_number": ["943 476 5919"]},
        {"surname": ["a"], "nino": ["QQ123456C"]},
    )
    assert [f.meaning for f in found.specification.fields] == ["surname"]


def test_values_speak_where_names_do_not():
    found = detected(
        {"x1": ["LS1 4AP", "M1 1AE"], "x2": ["a@b.org", "c@d.org"]},
        {"y1": ["LS2 9JT", "M1 2AB"], "y2": ["e@f.org", "g@h.org"]},
    )
    assert {f.meaning for f in found.specification.fields} == {"postcode", "email"}


def test_an_address_gives_the_postcode_where_the_other_file_has_one():
    full = {"Address": ["1 High St, Leeds, LS1 4AP", "2 High St, Leeds"]}
    parts = {"street": ["1 HIGH ST", "2 HIGH ST"], "postcode": ["LS1 4AP", "LS1 4AQ"]}
    found = detect_specification(
        ["Address"], ["street", "postcode"], [full, parts]
    ).specification
    assert [(f.meaning, f.name, f.left, f.right) for f in found.fields] == [
        ("address", "address", "Address", "street"),
        ("postcode", "postcode", "Address", "postcode"),
    ]
    bare = {"street": ["1 HIGH ST"]}
    alone = detect_specification(["Address"], ["street"], [full, bare]).specification
    assert [f.meaning for f in alone.fields] == ["address"]


def test_files_with_nothing_in_common_are_refused():
    with pytest.raises(BadInput, match="no field in common"):
        detected({"colour": ["red"]}, {"dob": ["1990-01-01"]})


def test_month_first_is_seen_in_the_values():
    assert date_order(["01/13/1999", "02/03/1999"]) == "month-first"
    assert date_order(["13/01/1999", "02/03/1999"]) == "day-first"
    assert date_order(["02/03/1999"]) == "day-first"
