"""Slips change what they should and nothing else, as often as is stated."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, Levenshtein
from stdnum.gb import nhs, utr

from staithe.demo.dates import date_texts, mistake_dates, to_dates
from staithe.demo.identifiers import nhs_check
from staithe.demo.mistakes import (
    NHB,
    RATES,
    draw_care,
    lose,
    lose_hyphen,
    mishear,
    miskey_digit,
    misplace,
    misread,
    misread_nino,
    mistype,
    one_of,
    slip,
    transpose,
)


NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz'", min_size=1, max_size=14).map(
    str.capitalize
)
LUCK = st.floats(0, 1, exclude_max=True)
ROWS = 20_000


@given(NAMES, LUCK, LUCK)
def test_a_typing_slip_is_one_edit_after_the_first_letter(name, where, which):
    slipped = mistype(name, where, which)
    assert Levenshtein.distance(name, slipped) <= 1
    assert slipped[:1].lower() == name[:1].lower() or len(name) == 1
    assert slipped


@given(NAMES, LUCK, LUCK)
def test_a_transposition_keeps_the_letters_and_is_one_edit(name, where, which):
    slipped = transpose(name, where, which)
    assert sorted(slipped.lower()) == sorted(name.lower())
    assert OSA.distance(name.lower(), slipped.lower()) <= 1
    differs = len(set(name.lower())) > 1
    assert (slipped.lower() != name.lower()) == differs


@given(NAMES, LUCK, LUCK, st.sampled_from([misread, mishear]))
def test_misreading_and_mishearing_change_one_place(name, where, which, how):
    slipped = how(name, where, which)
    assert Levenshtein.distance(name.lower(), slipped.lower()) <= 3
    assert slipped[:1].isupper() == name[0].isupper() or not slipped


@pytest.mark.parametrize(
    ("how", "before", "after"),
    [
        (misread, "Burns", {"Bums", "Bvrns", "Burrs"}),
        (mishear, "Philip", {"Phillip"}),
        (mishear, "MacNab", {"McNab"}),
    ],
)
def test_some_known_slips_are_made(how, before, after):
    made = {how(before, a / 10, b / 40) for a in range(10) for b in range(40)}
    assert made & after


@given(st.integers(999_000_000, 999_999_999), LUCK, LUCK)
def test_a_miskeyed_nhs_number_never_passes_its_check(body, where, which):
    check = int(nhs_check(np.array([body]))[0])
    if check < 10:
        assert not nhs.is_valid(miskey_digit(f"{body}{check}", where, which))


@given(LUCK, LUCK)
def test_a_miskeyed_taxpayer_reference_fails_where_stdnum_says(where, which):
    assert utr.is_valid("1000301922")
    assert miskey_digit("1000301922", where, which) != "1000301922"


@given(LUCK, LUCK)
def test_a_misread_nino_loses_its_shape(where, which):
    slipped = misread_nino("PZ123456C", where, which)
    assert len(slipped) == 9
    assert sum(letter.isalpha() for letter in slipped) == 4


@given(LUCK, LUCK)
def test_a_mistaken_postcode_keeps_its_area_so_that_it_is_still_nobodys(where, which):
    slipped = misplace("NM14 7QT", where, which)
    assert slipped != "NM14 7QT"
    assert slipped.startswith("NM")
    assert len(slipped) == 8


def test_a_hyphen_becomes_a_space_or_the_second_half_goes():
    assert {lose_hyphen("Lee-Hill", a, 0.5) for a in (0.0, 0.9)} == {"Lee Hill", "Lee"}


def test_a_name_without_variants_is_kept():
    nickname = one_of({"Robert": ("Bob", "Rob")})
    assert nickname("Zebedee", 0.5, 0.5) == "Zebedee"
    assert {nickname("Robert", a, 0) for a in (0.1, 0.9)} == {"Bob", "Rob"}


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.3, 1.0])
def test_a_slip_happens_as_often_as_stated_and_never_to_a_missing_value(rate):
    texts = pa.array(["Abcde", None] * ROWS)
    slipped = slip(np.random.default_rng(2), texts, rate, lambda t, _a, _b: t + "!")
    hit = sum(text == "Abcde!" for text in slipped.to_pylist())
    assert slipped.null_count == ROWS
    assert abs(hit / ROWS - rate) <= 4 * (rate * (1 - rate) / ROWS) ** 0.5


def test_values_go_missing_as_often_as_stated():
    lost = lose(np.random.default_rng(2), pa.array(["a"] * ROWS), 0.03)
    assert abs(lost.null_count / ROWS - 0.03) < 4 * (0.03 * 0.97 / ROWS) ** 0.5


def test_careless_rows_leave_the_average_rate_as_stated():
    care = draw_care(np.random.default_rng(3), 200_000)
    assert abs(care.mean() - 1) < 0.02
    assert care.max() > 4


def test_dates_are_split_and_written_as_the_calendar_has_them():
    days = np.arange(-25_000, 20_000, 37)
    expected = days.astype("datetime64[D]").astype(str).tolist()
    assert date_texts(to_dates(days), notation="iso").to_pylist() == expected
    leap = to_dates(np.array([11_016]))  # 29 February 2000
    assert date_texts(leap, notation="british").to_pylist() == ["29/02/2000"]
    assert date_texts(leap, notation="name").to_pylist() == ["29-Feb-2000"]


@pytest.mark.parametrize(
    ("only", "differs_in"),
    [
        ("day_month_swapped", {"month", "day"}),
        ("digit_wrong", {"month", "day"}),
        ("year_wrong", {"year"}),
    ],
)
def test_each_mistake_of_dates_touches_its_own_parts(only, differs_in):
    none = dict.fromkeys(
        ("day_month_swapped", "digit_wrong", "year_wrong", "no_birth_date"), 0.0
    )
    rates = dataclasses.replace(NHB, default_birth_date=0.0, **{**none, only: 0.25})
    right = to_dates(np.random.default_rng(4).integers(-10_000, 15_000, ROWS))
    wrong = mistake_dates(np.random.default_rng(5), right, rates, np.ones(ROWS))
    changed = {
        part
        for part in ("year", "month", "day")
        if (getattr(right, part) != getattr(wrong, part)).any()
    }
    assert changed == differs_in
    assert not wrong.missing.any()


def test_a_system_that_checks_dates_holds_no_impossible_one():
    for source, usual in RATES.items():
        rates = dataclasses.replace(usual, digit_wrong=0.5, year_wrong=0.3)
        right = to_dates(np.random.default_rng(4).integers(-10_000, 15_000, ROWS))
        wrong = mistake_dates(np.random.default_rng(5), right, rates, np.ones(ROWS))
        texts = date_texts(
            dataclasses.replace(wrong, missing=right.missing), notation="iso"
        )
        impossible = [t for t in texts.to_pylist() if not _exists(t)]
        assert bool(impossible) == rates.impossible_dates, source
        assert len(impossible) < ROWS / 20


def _exists(text: str) -> bool:
    try:
        np.datetime64(text, "D")
    except ValueError:
        return False
    return True
