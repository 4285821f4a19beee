"""Values of every convention become one comparable form; nonsense becomes null."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.linkage.inputs import OpenInput
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import standardise
from staithe.linkage.standardise_sql import install_macros


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        install_macros(connection)
        yield connection


def one(con, sql, *values):
    return con.execute(f"SELECT {sql}", list(values)).fetchall()[0][0]


def record(con, meaning, *values, dates="day-first", canonical=None):
    """Standardise values of one meaning; return the canonical ones in order."""
    con.execute("CREATE OR REPLACE TABLE t (id VARCHAR, x VARCHAR)")
    con.executemany(
        "INSERT INTO t VALUES (?, ?)", [(f"{n:06}", v) for n, v in enumerate(values)]
    )
    field = LinkField(meaning, "x", None, "", dates, dates)
    spec = LinkSpecification("dedupe", (field,))
    opened = OpenInput("left", "t", ("id", "x"), len(values), "")
    standardise(con, [opened], spec, id_columns=["id"])
    columns = canonical or meaning
    return con.execute(f"SELECT {columns} FROM records ORDER BY id").fetchall()


FULL_NAMES = [
    ("Mr John A SMITH", "john", "a", "smith"),
    ("SMITH, John", "john", None, "smith"),
    ("smith, john andrew", "john", "andrew", "smith"),
    ("SMITH John", "john", None, "smith"),
    ("Dr. José O’Brien", "jose", None, "obrien"),
    ("Rev Anne-Marie Le Fèvre", "anne", "marie", "le fevre"),
    ("van der Berg, Anna Maria", "anna", "maria", "van der berg"),
    ("DE LA CRUZ, MARÍA", "maria", None, "de la cruz"),
    ("Ludwig van Beethoven", "ludwig", None, "van beethoven"),
    ("John Smith Jr", "john", None, "smith"),
    ("John Smith, OBE", "john", None, "smith"),
    ("Madonna", None, None, "madonna"),
    ("Mrs Jones", None, None, "jones"),
    ("   ", None, None, None),
    ("N/A", None, None, None),
    (None, None, None, None),
]


@pytest.mark.parametrize(("written", "forename", "middle", "surname"), FULL_NAMES)
def test_a_full_name_is_split_in_any_order(con, written, forename, middle, surname):
    found = record(
        con, "full_name", written, canonical="forename, middle_name, surname"
    )
    assert found == [(forename, middle, surname)]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("  O'NEILL ", "oneill"),
        ("Żółć", "zolc"),
        ("Straße", "strasse"),
        ("Иванов", "иванов"),
        ("--", None),
    ],
)
def test_surnames_lose_accents_and_marks_and_keep_other_scripts(con, written, plain):
    assert record(con, "surname", written) == [(plain,)]


DATES = [
    ("1999-12-31", "1999-12-31"),
    ("1999-1-5", "1999-01-05"),
    ("1999-12-31T00:00:00", "1999-12-31"),
    ("1999-12-31 00:00:00", "1999-12-31"),
    ("19991231", "1999-12-31"),
    ("31121999", "1999-12-31"),
    ("31/12/1999", "1999-12-31"),
    ("3.2.1999", "1999-02-03"),
    ("31/12/99", "1999-12-31"),
    ("1/2/05", "2005-02-01"),
    ("3-Mar-2001", "2001-03-03"),
    ("3rd March 2001", "2001-03-03"),
    ("March 3, 2001", "2001-03-03"),
    ("not a date", None),
    ("-0050-01-0", None),
    ("32", None),
]


@pytest.mark.parametrize(("written", "iso"), DATES)
def test_dates_of_every_convention_become_iso(con, written, iso):
    assert record(con, "date_of_birth", written) == [(iso,)]


def test_month_first_dates_are_read_as_such(con):
    assert record(con, "date_of_birth", "12/31/1999", dates="month-first") == [
        ("1999-12-31",)
    ]


@pytest.mark.parametrize("written", ["2001-02-30", "31/02/2001", "20010230"])
def test_an_impossible_date_is_kept_as_written_and_marked(con, written):
    columns = "date_of_birth__valid, date_of_birth__day, substr(date_of_birth, 1, 7)"
    found = record(con, "date_of_birth", written, canonical=columns)
    assert found == [(False, None, "2001-02")]


FORMATS = [
    lambda d: d.isoformat(),
    lambda d: f"{d:%Y%m%d}" if d.year > 1600 else d.isoformat(),
    lambda d: f"{d:%d/%m/}{d.year:04}",
    lambda d: f"{d.day}-{calendar.month_abbr[d.month]}-{d.year:04}",
    lambda d: f"{calendar.month_name[d.month]} {d.day}, {d.year:04}",
]


@settings(max_examples=40, deadline=None)
@given(
    day=st.dates(min_value=date(1700, 1, 1), max_value=date(2099, 12, 31)),
    form=st.sampled_from(FORMATS),
)
def test_any_date_comes_back_from_any_format(day, form):
    with duckdb.connect() as fresh:
        install_macros(fresh)
        found = one(fresh, "st_written_date(?, false)", form(day))
    assert found == day.isoformat()


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=40))
def test_standard_text_is_a_fixed_point(text):
    """Standardising twice is the same as once, whatever the text."""
    with duckdb.connect() as fresh:
        install_macros(fresh)
        clean = text.replace("\0", "")
        once = one(fresh, "st_text(?)", clean)
        assert once is None or one(fresh, "st_text(?)", once) == once


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("ls1 4ap", ("LS1 4AP", "LS1 4", "LS1", "LS")),
        ("EC1A1BB", ("EC1A 1BB", "EC1A 1", "EC1A", "EC")),
        (" m1  1ae ", ("M1 1AE", "M1 1", "M1", "M")),
        ("4223", ("4223", "422", "422", "42")),
        ("", (None, None, None, None)),
    ],
)
def test_postcodes_are_spaced_and_taken_apart(con, written, parts):
    columns = "postcode, postcode__sector, postcode__district, postcode__area"
    found = record(con, "postcode", written, canonical=columns)
    assert found == [parts]


def test_an_invalid_postcode_is_kept_and_marked(con):
    columns = "postcode, postcode__valid"
    assert record(con, "postcode", "LS1 4A", canonical=columns) == [("LS14A", False)]


@pytest.mark.parametrize(
    ("written", "code"),
    [("M", "m"), ("1", "m"), ("Female", "f"), ("2", "f"), ("9", None), ("t2227", None)],
)
def test_sex_codes(con, written, code):
    assert record(con, "sex", written) == [(code,)]


@pytest.mark.parametrize(
    ("meaning", "written", "standard"),
    [
        ("phone", "+44 (0)113 496 0000", "01134960000"),
        ("phone", "0113 4960000", "01134960000"),
        ("phone", "12", None),
        ("email", " Ann.Lee@Example.org ", "ann.lee@example.org"),
        ("email", "nobody", None),
        ("identifier", "ab 12 34 56 c", "AB123456C"),
        ("number", "£1,234.50", 1234.5),
        ("number", "(20)", -20.0),
        ("number", "12,50", 12.5),
        ("number", "1.234,5", 1234.5),
        ("number", "1,234", 1234.0),
        ("number", "1,234,567", 1234567.0),
        ("identifier", "北京-123", "北京123"),
        ("number", "twelve", None),
    ],
)
def test_codes_and_numbers(con, meaning, written, standard):
    name = "birth_year" if meaning == "number" else meaning
    assert record(con, name, written) == [(standard,)]


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("00123456", "123456"),
        ("123456", "123456"),
        ("SC012345", "SC12345"),
        ("0", "0"),
        ("00", "0"),
        ("AB", "AB"),
        ("A00", "A0"),
    ],
)
def test_a_code_is_the_same_with_and_without_noughts_in_front(con, written, standard):
    assert record(con, "identifier", written) == [(standard,)]


def test_a_number_of_a_known_scheme_gets_its_noughts_back(con):
    con.execute("CREATE OR REPLACE TABLE t AS SELECT '1' AS id, '1234567' AS x")
    field = LinkField("identifier", "x", None, "", scheme="crn")
    spec = LinkSpecification("dedupe", (field,))
    standardise(
        con, [OpenInput("left", "t", ("id", "x"), 1, "")], spec, id_columns=["id"]
    )
    found = con.execute("SELECT identifier, identifier__sure FROM records").fetchall()
    assert found == [("01234567", "01234567")]


@pytest.mark.parametrize(
    ("written", "standard"),
    [
        ("Acme Roofing Limited", "acme roofing"),
        ("ACME ROOFING LTD.", "acme roofing"),
        ("The Acme Roofing Co. Ltd", "acme roofing co"),
        ("Smith & Sons P.L.C.", "smith and sons"),
        ("Smith and Sons", "smith and sons"),
        ("Cwmni Da Cyf", "cwmni da"),
        ("Lighthouse Community Interest Company", "lighthouse"),
        ("Limited", "limited"),
        ("The", "the"),
        ("Unlimited Ideas Limited", "unlimited ideas"),
    ],
)
def test_a_firms_name_loses_its_legal_form(con, written, standard):
    assert record(con, "organisation", written) == [(standard,)]


ADDRESSES = [
    ("Flat 2, 14 Station Road, Leeds, LS1 4AP", "station rd leeds", "14 2"),
    ("2/14 STATION RD LEEDS", "station rd leeds", "14 2"),
    ("14 Station Rd., Leeds LS14AP", "station rd leeds", "14"),
    ("12 A St John's Avenue", "st johns ave", "12a"),
    ("12a Saint Johns Ave", "st johns ave", "12a"),
    ("Rose Cottage, Church Lane", "rose cott church ln", None),
    ("1st Floor, 3-5 High Street", "1st fl high st", "3 5"),
    ("LS1 4AP", None, None),
    ("7", None, "7"),
]


@pytest.mark.parametrize(("written", "street", "numbers"), ADDRESSES)
def test_an_address_is_a_street_and_the_numbers_in_it(con, written, street, numbers):
    columns = "address__street, address__numbers"
    assert record(con, "address", written, canonical=columns) == [(street, numbers)]


@given(text=st.text(alphabet="abz019 ,/-éß漢", max_size=40))
def test_an_address_in_standard_form_is_a_fixed_point(con, text):
    once = one(con, "st_address(st_text($1))", text)
    assert one(con, "st_address($1)", once) == once


@pytest.mark.parametrize(
    ("written", "postcode"),
    [
        ("14 Station Road, Leeds, LS1 4AP", "LS1 4AP"),
        ("14 Station Road, Leeds ls14ap.", "LS1 4AP"),
        ("14 Station Road, Leeds", None),
        ("ls1 4ap", "LS1 4AP"),
        ("75001", "75001"),
    ],
)
def test_a_postcode_is_read_out_of_an_address(con, written, postcode):
    assert record(con, "postcode", written) == [(postcode,)]


def test_a_megabyte_in_one_cell_is_cut_short(con):
    found = record(con, "surname", "x" * 1_000_000, canonical="length(surname)")
    assert found[0][0] < 1000


def test_raw_columns_with_canonical_names_do_not_leak(con):
    """A file whose own columns are called forename and surname is standardised."""
    con.execute(
        "CREATE OR REPLACE TABLE own AS SELECT '1' AS id, 'Mr  JOHN' AS forename,"
        " 'O''Neill' AS surname"
    )
    spec = LinkSpecification(
        "dedupe", (LinkField("forename", "forename"), LinkField("surname", "surname"))
    )
    opened = OpenInput("left", "own", ("id", "forename", "surname"), 1, "")
    standardise(con, [opened], spec, id_columns=["id"])
    found = con.execute("SELECT forename, surname, names_sorted FROM records")
    assert found.fetchall() == [("john", "oneill", "john oneill")]


def test_a_name_in_one_column_meets_a_name_in_two(con):
    con.execute(
        "CREATE OR REPLACE TABLE whole AS SELECT 'a' AS id, 'KHAN, Amina B' AS name"
    )
    con.execute(
        "CREATE OR REPLACE TABLE parts AS SELECT 'b' AS id, 'amina' AS f, 'Khan' AS s"
    )
    spec = LinkSpecification(
        "link",
        (
            LinkField("full_name", "name", None),
            LinkField("forename", None, "f"),
            LinkField("surname", None, "s"),
        ),
    )
    inputs = [
        OpenInput("left", "whole", ("id", "name"), 1, ""),
        OpenInput("right", "parts", ("id", "f", "s"), 1, ""),
    ]
    found = standardise(con, inputs, spec, id_columns=["id", "id"])
    rows = con.execute("SELECT forename, surname FROM records ORDER BY rid").fetchall()
    assert rows == [("amina", "khan"), ("amina", "khan")]
    assert found.has("forename", "surname")
    assert not found.has("middle_name")
