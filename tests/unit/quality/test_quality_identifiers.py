"""Identifier schemes agree with python-stdnum and with the published examples."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import lei as stdnum_lei
from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn
from stdnum.gb import utr as stdnum_utr
from stdnum.gb import vat as stdnum_vat

from staithe.quality.check_digits import PNC_LETTERS, mrz_check_digit
from staithe.quality.identifiers import (
    SCHEMES,
    canonicalise,
    is_valid,
    share_valid,
    valid_sql,
    validity,
)


ten_digits = st.text("0123456789", min_size=10, max_size=10)

GOOD = {
    "nhs_number": ["943 476 5919", "9434765919"],
    "chi_number": ["0101012128", "101012128"],
    "nino": ["AB123456C", "ab 12 34 56 c", "AB123456"],
    "utr": ["3282497350"],
    "vat_number": ["GB 980 7806 84", "GBGD001", "XI980780684"],
    "eori": ["GB205672212000"],
    "paye_reference": ["123/AB456"],
    "accounts_office_reference": ["123PA00012345"],
    "crn": ["01234567", "1234567", "SC123456", "OC301234"],
    "charity_number": ["1234567", "SC012345", "NIC101234", "210169-2"],
    "upn": ["H801200001001"],
    "uln": ["9276308686"],
    "ukprn": ["10001234"],
    "uprn": ["100023336956", "10033544614"],
    "usrn": ["12345678"],
    "driving_licence": ["MORGA657054SM9IJ", "MORGA607054SM9IJ"],
    "passport_mrz": ["L898902C36"],
    "prison_number": ["A1234AA"],
    "lei": ["213800KUD8LAJWSQ9D15"],
    "gss_code": ["E06000001", "S12000033", "K02000001"],
    "postcode": ["SW1A 1AA", "sw1a1aa", "GIR 0AA", "M1 1AE", "BFPO 57"],
}
BAD = {
    "nhs_number": ["9434765918", "943476591", "94347659190", ""],
    "chi_number": ["3113010006", "0101012129"],
    "nino": [
        "QQ123456C",
        "BG123456A",
        "AO123456A",
        "AB123456E",
        "11a11111",
        "TN01011M",
    ],
    "utr": ["3282497351", "2282497350"],
    "vat_number": ["802311781", "12345"],
    "crn": ["SC12345", "XX123456", "123456789"],
    "uln": ["9276308687", "0276308686"],
    "ukprn": ["20001234"],
    "uprn": ["1234567890123", "12A"],
    "driving_licence": ["MORGA663054SM9IJ", "MORGA657324SM9IJ"],
    "passport_mrz": ["L898902C37"],
    "lei": ["213800KUD8LAJWSQ9D16"],
    "gss_code": ["A06000001", "E0600001"],
    "postcode": ["SW1A 1CA", "4223", "ABC", "SW1A-"],
}


@pytest.mark.parametrize(
    ("scheme", "value"), [(s, v) for s, values in GOOD.items() for v in values]
)
def test_good_examples_are_valid(scheme, value):
    assert is_valid(value, scheme=scheme)


@pytest.mark.parametrize(
    ("scheme", "value"), [(s, v) for s, values in BAD.items() for v in values]
)
def test_bad_examples_are_not_valid(scheme, value):
    assert not is_valid(value, scheme=scheme)


@given(number=ten_digits)
def test_ten_digits_agree_with_stdnum(number):
    assert is_valid(number, scheme="nhs_number") == stdnum_nhs.is_valid(number)
    assert is_valid(number, scheme="utr") == stdnum_utr.is_valid(number)


@given(number=st.text("0123456789", min_size=9, max_size=9))
def test_vat_agrees_with_stdnum(number):
    assert is_valid(number, scheme="vat_number") == stdnum_vat.is_valid(number)


@given(
    upn=st.from_regex(r"\A[A-Z][89][0-9]{11}\Z", fullmatch=True).map(
        lambda text: text[:13]
    ),
    lei=st.from_regex(re.compile(r"[A-Z0-9]{18}[0-9]{2}", re.ASCII), fullmatch=True),
)
def test_pupil_numbers_and_leis_agree_with_stdnum(upn, lei):
    """Letters that no pupil number uses fail the format first."""
    if not set(upn) & set("IOS"):
        assert is_valid(upn, scheme="upn") == stdnum_upn.is_valid(upn)
    assert is_valid(lei, scheme="lei") == stdnum_lei.is_valid(lei)


@given(body=st.text("0123456789", min_size=9, max_size=9))
def test_every_single_wrong_digit_fails_the_nhs_check(body):
    """A weighted sum modulo 11 notices any one changed digit."""
    good = [body + d for d in "0123456789" if is_valid(body + d, scheme="nhs_number")]
    assert len(good) <= 1
    for number in good:
        for at, digit in enumerate(number):
            wrong = number[:at] + str((int(digit) + 1) % 10) + number[at + 1 :]
            assert not is_valid(wrong, scheme="nhs_number")


def test_the_machine_readable_examples_of_the_standard():
    """ICAO 9303: document number and birth date of its specimen."""
    assert mrz_check_digit("L898902C3") == 6
    assert mrz_check_digit("740812") == 2


@given(year=st.integers(0, 99), serial=st.integers(1, 9_999_999))
def test_exactly_one_letter_closes_a_pnc_identifier(year, serial):
    start = f"{year:02}/{serial}"
    fitting = [x for x in PNC_LETTERS if is_valid(start + x, scheme="pnc_id")]
    assert fitting == [PNC_LETTERS[int(f"{year:02}{serial:07}") % 23]]
    assert is_valid(f"20{year:02}/{serial:07}{fitting[0]}", scheme="pnc_id")


def test_a_learner_number_is_never_an_nhs_number():
    """Both are ten digits with weights 10 to 1; the remainders differ."""
    value = "9276308686"
    assert is_valid(value, scheme="uln")
    assert not is_valid(value, scheme="nhs_number")


def test_format_check_and_range_are_separate_answers():
    test_number = validity("9990000042", scheme="nhs_number")
    assert (test_number.format, test_number.check, test_number.range) == (
        True, True, False,
    )  # fmt: skip
    assert test_number.ok
    assert validity("PP123456A", scheme="nino").range is False
    assert validity("x", scheme="nhs_number").check is None


def test_canonical_forms_are_padded_and_bare():
    assert canonicalise(" 943-476 5919 ", scheme="nhs_number") == "9434765919"
    assert canonicalise("1234567", scheme="crn") == "01234567"
    assert canonicalise("10033544614", scheme="uprn") == "010033544614"


@given(text=st.text(max_size=20))
def test_any_text_has_an_answer_under_every_scheme(text):
    for scheme in SCHEMES:
        assert validity(text, scheme=scheme).ok in {True, False}


def test_shares_of_nothing_are_nought():
    assert share_valid([], scheme="nino") == 0


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if valid_sql(s, "x")])
@given(data=st.data())
def test_sql_says_what_python_says(scheme, data):
    """The same answer for good values, for those a slip away, and for anything."""
    known = GOOD.get(scheme, []) + BAD.get(scheme, [])
    slip = st.text("0123456789ABX- <", max_size=3)
    near = st.tuples(st.sampled_from(known or [""]), st.integers(0, 12), slip).map(
        lambda made: made[0][: made[1]] + made[2] + made[0][made[1] + 1 :]
    )
    values = data.draw(
        st.lists(st.one_of(st.sampled_from(known or [""]), near), max_size=20)
    )
    test = valid_sql(scheme, "x")
    found = [
        row[0]
        for row in duckdb.execute(
            f"SELECT {test} FROM (SELECT unnest($1::VARCHAR[]) AS x)", [values]
        ).fetchall()
    ]
    assert found == [is_valid(value, scheme=scheme) for value in values]
