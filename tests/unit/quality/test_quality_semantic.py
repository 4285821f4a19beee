"""A column's meaning comes from its name and from the share of values that fit."""

from __future__ import annotations

import pyarrow as pa
import pytest

from staithe.quality.semantic import (
    SEMANTIC_TYPES,
    detect_columns,
    detect_semantic_type,
    looks_personal,
    plain_name,
)
from staithe.tables.readers import read_table


CASES = [
    ("Forename", ["Ann", "Bob"], "forename"),
    ("GIVEN_NAME", ["Ann"], "forename"),
    ("lastName", ["O'Neil"], "surname"),
    ("Middle Name(s)", ["May"], "middle_name"),
    ("Customer Name", ["Ann Lee"], "full_name"),
    ("DOB", ["01/02/1980"], "date_of_birth"),
    ("date of birth", ["19800201"], "date_of_birth"),
    ("Gender", ["F", "M"], "sex"),
    ("PostCode", ["sw1a 1aa"], "postcode"),
    ("nhs_no", ["9434765919"], "nhs_number"),
    ("NHSNumber", ["943 476 5919"], "nhs_number"),
    ("national insurance number", ["AB123456C"], "nino"),
    ("utr", ["3282497350"], "utr"),
    ("Company Number", ["SC123456"], "crn"),
    ("UPRN", ["100023336956"], "uprn"),
    ("LAD23CD", ["E06000001"], "gss_code"),
    ("Email address", ["a@b.uk"], "email"),
    ("Mobile", ["07700 900123"], "phone"),
    ("address_line_1", ["1 High Street"], "address"),
    ("Town", ["Leeds"], "city"),
    ("Nationality", ["British"], "country"),
    ("Employer", ["Acme Ltd"], "organisation"),
    ("total_amount", ["£1,200.50", "3"], "amount"),
    ("start_date", ["2024-01-01"], "date"),
    ("created_at", ["2024-01-01T10:00:00Z"], "date"),
    ("rec_id", ["r1", "r2"], "identifier"),
    ("case_id", ["77", "78"], "person_id"),
    ("status", ["open", "closed"], "category"),
    ("whatever", ["a@b.uk", "c@d.uk"], "email"),
    ("col1", ["SW1A 1AA", "M1 1AE"], "postcode"),
    ("col2", ["E06000001", "E06000002"], "gss_code"),
    ("col3", ["2024-01-01"], "date"),
    ("col4", ["1.5", "22"], "number"),
    ("nhs_number", ["1234567890", "2222222223"], "person_id"),
    ("email", ["yes", "no", "no"], "category"),
    ("nothing", [None, ""], "empty"),
]


@pytest.mark.parametrize(("name", "values", "expected"), CASES)
def test_names_and_values_together_decide(name, values, expected):
    assert detect_semantic_type(name, values) == expected
    assert expected in SEMANTIC_TYPES


def test_random_ten_digit_numbers_are_not_nhs_numbers():
    """About one in eleven passes the check; that is not nearly all."""
    values = [str(4_000_000_000 + n * 7919) for n in range(200)]
    assert detect_semantic_type("reading", values) == "number"


def test_names_are_split_into_words():
    assert plain_name("DateOfBirth") == plain_name("DATE-OF-BIRTH") == "date_of_birth"
    assert plain_name("NHSNumber") == "nhs_number"


def test_rows_about_people_are_told_from_rows_about_places():
    assert looks_personal(["surname", "postcode"])
    assert not looks_personal(["organisation", "postcode", "city"])


def test_tables_and_mappings_are_read_alike():
    data = {"surname": ["Lee", None], "n": [1, 2], "none": [None, None]}
    expected = {"surname": "surname", "n": "number", "none": "empty"}
    assert detect_columns(data) == expected
    assert detect_columns(pa.table(data)) == expected


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("febrl4a.csv", "identifier forename surname address address address city postcode category date_of_birth person_id"),
        ("fake_1000.csv", "identifier forename surname date_of_birth city email identifier"),
        ("historical_50k.parquet", "identifier identifier full_name full_name forename surname date_of_birth city postcode sex category"),
        ("uk20k_a.parquet", "identifier identifier forename middle_name surname sex date_of_birth postcode"),
    ],
)  # fmt: skip
def test_the_labelled_sets_are_recognised(shared_data, file, expected):
    table = read_table(shared_data / "linkage" / file)
    whole = pa.Table.from_batches(table.batches(), schema=table.schema)
    assert list(detect_columns(whole).values()) == expected.split()
