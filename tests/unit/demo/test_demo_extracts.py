"""Three files, three conventions, no identifier in common, mistakes at stated rates."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from stdnum.gb import nhs, utr

from staithe.demo.dates import date_texts, to_dates
from staithe.demo.kinship import NO_NAME
from staithe.demo.mistakes import DWS, NHB, RATES
from staithe.demo.names import without_accents


PEOPLE_IN = {"dws": 14_000, "nhb": 15_000, "rs": 13_000}


def column(table: pa.Table, name: str) -> list:
    return table[name].to_pylist()


def people(truth: pa.Table, source: str) -> np.ndarray:
    return truth.filter(pc.equal(truth["source"], source))["person_id"].to_numpy()


def words(vocabulary, codes):
    return np.array([*vocabulary, None], dtype=object)[codes]


def near(count: int, of: int, rate: float, *, spread: float = 5) -> bool:
    """Tell whether a count is within so many standard deviations of its rate."""
    return abs(count - of * rate) <= spread * math.sqrt(of * rate * (1 - rate) + 1)


# --- shape ---------------------------------------------------------------------------


def test_the_files_are_written_under_their_names_and_described(written, tables):
    folder, extracts = written
    assert sorted(path.name for path in folder.iterdir()) == [
        "benefit_spells.csv",
        "earnings.csv",
        "hospital_care.parquet",
    ]
    for extract in extracts:
        table = tables[extract.source]
        assert extract.path.parent == folder
        assert extract.columns == tuple(table.column_names)
        assert extract.rows == table.num_rows
        assert extract.id_column == extract.columns[0]
        assert abs(extract.rows - PEOPLE_IN[extract.source]) < 1200


def test_the_benefits_file_reads_back_as_plain_csv(written, tables):
    folder, _ = written
    raw = (folder / "benefit_spells.csv").read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    rows = list(csv.reader(raw.decode("utf-8").splitlines(), strict=True))
    assert rows[0] == tables["dws"].column_names
    assert rows[1:] == as_rows(tables["dws"])


def test_the_earnings_file_has_a_byte_order_mark_semicolons_and_crlf(written, tables):
    folder, _ = written
    raw = (folder / "earnings.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfrecord_id;utr;")
    assert raw.count(b"\r\n") == raw.count(b"\n") == tables["rs"].num_rows + 1
    text = raw.decode("utf-8-sig")
    rows = list(csv.reader(text.splitlines(), delimiter=";", strict=True))
    assert rows[1:] == as_rows(tables["rs"])


def as_rows(table: pa.Table) -> list[list[str]]:
    filled = [[value or "" for value in column(table, n)] for n in table.column_names]
    return [list(row) for row in zip(*filled, strict=True)]


def test_the_hospital_file_is_typed_parquet_without_the_maker(written, tables):
    folder, _ = written
    table = pq.read_table(folder / "hospital_care.parquet")
    assert table.equals(tables["nhb"])
    assert table.schema.field("admissions").type == pa.int16()
    assert table.schema.field("last_admission").type == pa.date32()
    assert set(table.schema.metadata or {}) <= {b"ARROW:schema"}


def test_each_organisation_keeps_its_own_notation(tables):
    dws, nhb_, rs = tables["dws"], tables["nhb"], tables["rs"]
    assert_all(column(dws, "dob"), r"\d{4}-\d\d-\d\d")
    assert_all(column(dws, "weekly_amount"), r"\d+\.\d\d")
    assert_all(column(dws, "postcode"), r"[A-Z]{2}\S{1,2} \S{3}|[A-Z]{2}[0-9A-Z ]+")
    assert_all(column(nhb_, "BIRTH_DATE"), r"\d\d/\d\d/\d{4}")
    assert_all(column(nhb_, "GIVEN_NAME"), r"[A-Z0-9 -]+")
    assert_all(column(nhb_, "FAMILY_NAME"), r"[A-Z0-9 -]{1,16}")
    assert_all(column(nhb_, "POSTCODE"), r"[A-Z0-9]{5,7}")
    assert set(column(nhb_, "SEX")) == {"1", "2", "9"}
    assert_all(column(rs, "date_of_birth"), r"\d\d-[A-Z][a-z]{2}-\d{4}")
    titles = {name.split()[0] for name in column(rs, "full_name")}
    assert titles == {"Mr", "Mrs", "Ms", "Miss", "Dr", "Rev", "Prof", "Mx"}
    assert_all(column(rs, "annual_pay"), r"\d+")


def assert_all(values: list, pattern: str) -> None:
    shape = re.compile(pattern)
    wrong = [
        value for value in values if value is not None and not shape.fullmatch(value)
    ]
    assert not wrong, wrong[:5]


def test_accents_are_kept_by_one_organisation_only(tables):
    assert any(not name.isascii() for name in column(tables["dws"], "surname") if name)
    for source, name in (("nhb", "FAMILY_NAME"), ("rs", "full_name")):
        assert all(value.isascii() for value in column(tables[source], name))


# --- identifiers ---------------------------------------------------------------------


def test_no_identifier_is_in_two_extracts(tables):
    own = {
        "dws": ("claim_ref", "nino"),
        "nhb": ("record_no", "nhs_number"),
        "rs": ("record_id", "utr"),
    }
    held = {
        source: {v for name in names for v in column(tables[source], name) if v}
        for source, names in own.items()
    }
    assert not held["dws"] & held["nhb"]
    assert not held["dws"] & held["rs"]
    assert not held["nhb"] & held["rs"]


def test_no_two_extracts_have_a_column_name_in_common(tables):
    names = [name for table in tables.values() for name in table.column_names]
    assert max(Counter(names).values()) == 1


@pytest.mark.parametrize("source", ["dws", "nhb", "rs"])
def test_row_ids_are_different_and_say_nothing_of_the_person(tables, truth, source):
    ids = column(tables[source], tables[source].column_names[0])
    assert len(set(ids)) == len(ids)
    who = people(truth, source)
    assert abs(np.corrcoef(np.arange(len(who)), who)[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("source", "name", "valid"),
    [("nhb", "nhs_number", nhs.is_valid), ("rs", "utr", utr.is_valid)],
)
def test_check_digits_fail_only_where_they_were_miskeyed(tables, source, name, valid):
    held = [value for value in column(tables[source], name) if value]
    rows, rates = tables[source].num_rows, RATES[source]
    assert near(rows - len(held), rows, rates.no_identifier)
    failing = sum(not valid(value) for value in held)
    assert near(failing, len(held), rates.identifier_miskeyed)


def test_ninos_lose_their_shape_only_where_they_were_misread(tables):
    held = [value for value in column(tables["dws"], "nino") if value]
    wrong = sum(not re.fullmatch(r"[A-Z]{2}\d{6}[A-D]", value) for value in held)
    assert near(wrong, len(held), DWS.identifier_miskeyed)


# --- mistakes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "name", "rate"),
    [
        ("dws", "first_name", "no_forename"),
        ("dws", "dob", "no_birth_date"),
        ("dws", "sex", "no_sex"),
        ("dws", "postcode", "no_postcode"),
        ("nhb", "GIVEN_NAME", "no_forename"),
        ("nhb", "BIRTH_DATE", "no_birth_date"),
        ("nhb", "POSTCODE", "no_postcode"),
        ("rs", "date_of_birth", "no_birth_date"),
        ("rs", "post_code", "no_postcode"),
    ],
)
def test_values_are_missing_as_often_as_stated(tables, source, name, rate):
    table = tables[source]
    missing = table[name].null_count
    assert near(missing, table.num_rows, getattr(RATES[source], rate))


def test_three_in_ten_middle_names_are_not_recorded(world, tables, truth):
    has = world.called.middle[people(truth, "dws")] != NO_NAME
    recorded = np.array(column(tables["dws"], "middle_name"), dtype=object) != None  # noqa: E711
    assert not recorded[~has].any()
    assert near(int((has & ~recorded).sum()), int(has.sum()), DWS.no_middle)


def test_unknown_sex_is_nine_at_the_health_board(tables):
    unknown = column(tables["nhb"], "SEX").count("9")
    assert near(unknown, tables["nhb"].num_rows, NHB.no_sex)


def test_forenames_differ_from_the_truth_as_often_as_the_rates_add_up_to(
    world, tables, truth
):
    """Each slip counts where it can be made: nicknames only where there are any."""
    names = world.names
    right = words(names.forenames, world.called.forename[people(truth, "dws")])
    held = np.array(column(tables["dws"], "first_name"), dtype=object)
    there = held != None  # noqa: E711
    with_nickname = np.mean([name in names.nicknames for name in right])
    with_spelling = np.mean([name in names.spellings for name in right])
    expected = (
        DWS.typing
        + DWS.transposed
        + DWS.scan
        + DWS.sound
        + DWS.swapped_names
        + DWS.nickname * with_nickname
        + DWS.spelling * with_spelling
    )
    observed = (held[there] != right[there]).mean()
    assert 0.75 * expected < observed < 1.1 * expected


def test_birth_dates_differ_from_the_truth_as_often_as_stated(world, tables, truth):
    for source, name, notation in (
        ("dws", "dob", "iso"),
        ("nhb", "BIRTH_DATE", "british"),
        ("rs", "date_of_birth", "name"),
    ):
        rates = RATES[source]
        days = world.birth_day[people(truth, source)]
        right = np.array(date_texts(to_dates(days), notation=notation).to_pylist())
        held = np.array(column(tables[source], name), dtype=object)
        there = held != None  # noqa: E711
        # Half of all days are after the twelfth, and cannot be taken for a month.
        expected = (
            rates.day_month_swapped * 0.36
            + rates.digit_wrong
            + rates.year_wrong
            + rates.default_birth_date
        )
        observed = (held[there] != right[there]).mean()
        assert 0.7 * expected < observed < 1.25 * expected, source


def test_unknown_birth_dates_default_to_1900_at_the_health_board(tables):
    count = column(tables["nhb"], "BIRTH_DATE").count("01/01/1900")
    assert near(count, tables["nhb"].num_rows, NHB.default_birth_date)


def test_mistakes_come_together_in_careless_rows(world, tables, truth):
    who = people(truth, "nhb")
    days = to_dates(world.birth_day[who])
    right = np.array(date_texts(days, notation="british").to_pylist())
    held = np.array(column(tables["nhb"], "BIRTH_DATE"), dtype=object)
    wrong_date = (held != right) & (held != None)  # noqa: E711
    name = words(world.names.forenames, world.called.forename[who])
    capitals = np.array([without_accents(n).upper() for n in name], dtype=object)
    given = np.array(column(tables["nhb"], "GIVEN_NAME"), dtype=object)
    wrong_name = (given != capitals) & (given != None)  # noqa: E711
    assert wrong_date[wrong_name].mean() > 1.4 * wrong_date[~wrong_name].mean()


def test_late_news_leaves_old_postcodes_of_people_who_moved(world, tables, truth):
    who = people(truth, "rs")
    lines = np.array(column(tables["rs"], "address"), dtype=object)
    towns = words(world.addresses.streets, world.addresses.street[world.home[who]])
    here = np.array(
        [line.endswith(town) for line, town in zip(lines, towns, strict=True)]
    )
    moved = world.moved[who] > 0
    assert here[~moved].all()
    assert 0.3 < here[moved].mean() < 0.75


def test_postcodes_of_people_who_stayed_differ_as_often_as_stated(world, tables, truth):
    who = people(truth, "dws")
    stayed = world.moved[who] < 0
    home = world.addresses.postcode[world.home[who]]
    right = words(world.addresses.postcodes, home)
    held = np.array(column(tables["dws"], "postcode"), dtype=object)
    there = stayed & (held != None)  # noqa: E711
    wrong = int((held[there] != right[there]).sum())
    assert near(wrong, int(there.sum()), DWS.postcode_typing)


def test_some_wives_are_held_under_the_name_before_marriage(world, tables, truth):
    who = people(truth, "nhb")
    renamed = (world.called.renamed[who] > 0) & (world.called.second[who] == NO_NAME)
    held = np.array(column(tables["nhb"], "FAMILY_NAME"), dtype=object)
    before = words(world.names.surnames, world.called.surname_before[who])
    old = np.array(
        [
            h == without_accents(b).upper()[:16]
            for h, b in zip(held, before, strict=True)
        ]
    )
    assert 0.2 < old[renamed].mean() < 0.8


def test_double_barrelled_names_lose_their_hyphen_now_and_then(tables):
    held = [name for name in column(tables["nhb"], "FAMILY_NAME") if name]
    assert sum("-" in name for name in held) > 40
    assert sum(" " in name for name in held) > 5


# --- what the attributes say ---------------------------------------------------------


def joined(tables, truth) -> pa.Table:
    def with_person(source: str) -> pa.Table:
        table = tables[source]
        return table.append_column("person", pa.array(people(truth, source)))

    return with_person("dws").join(with_person("nhb"), "person", join_type="inner")


def test_benefits_go_with_conditions(tables, truth):
    counts = Counter()
    rows = joined(tables, truth)
    for benefit, ill in zip(
        column(rows, "benefit_type"), column(rows, "long_term_condition"), strict=True
    ):
        counts[benefit, ill] += 1

    def share(benefit: str) -> float:
        return counts[benefit, "Y"] / (counts[benefit, "Y"] + counts[benefit, "N"])

    assert share("Personal Independence Payment") > 0.8
    assert share("Child Benefit") < 0.25
    assert 0.4 < share("State Pension") < 0.7


def test_conditions_go_with_the_deprivation_of_the_region(tables, truth):
    rows = joined(tables, truth)
    ill = np.array(column(rows, "long_term_condition")) == "Y"
    region = np.array(column(rows, "region"))
    assert (
        ill[region == "Saltmarsh Coast"].mean()
        > 1.15 * ill[region == "Wold and Vale"].mean()
    )


def test_the_joined_table_has_small_cells(tables, truth):
    rows = joined(tables, truth)
    cells = Counter(
        zip(column(rows, "region"), column(rows, "benefit_type"), strict=True)
    )
    assert sum(0 < n < 10 for n in cells.values()) >= 8
    assert sum(n >= 10 for n in cells.values()) >= 30


def test_one_payment_dominates_its_cell_in_each_region(tables, truth):
    rows = joined(tables, truth)
    paid: dict[str, list[float]] = {}
    for region, benefit, amount in zip(
        *(column(rows, n) for n in ("region", "benefit_type", "weekly_amount")),
        strict=True,
    ):
        if benefit == "Industrial Injuries Benefit":
            paid.setdefault(region, []).append(float(amount))
    assert sum(max(p) / sum(p) > 0.85 for p in paid.values()) >= 4


def test_one_salary_dominates_its_region(tables):
    pay = sorted(int(value) for value in column(tables["rs"], "annual_pay"))
    assert pay[-1] > 100 * pay[-2]


def test_claims_and_care_begin_after_birth(world, tables, truth):
    born = world.birth_day[people(truth, "dws")].astype("datetime64[D]")
    start = np.array(column(tables["dws"], "start_date"), dtype="datetime64[D]")
    assert ((start - born).astype(int) >= 16 * 365).all()
    assert start.max() <= np.datetime64("2026-03-31")
    born = world.birth_day[people(truth, "nhb")].astype("datetime64[D]")
    last = np.array(column(tables["nhb"], "last_admission"), dtype="datetime64[D]")
    admitted = np.array(column(tables["nhb"], "admissions")) > 0
    assert (np.isnat(last) == ~admitted).all()
    assert (last[admitted] >= born[admitted]).all()
    assert last[admitted].max() <= np.datetime64("2025-09-30")
