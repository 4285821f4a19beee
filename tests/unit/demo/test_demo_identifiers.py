"""Identifiers have valid check digits and belong to nobody."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gb import nhs, upn, utr

from staithe.base.errors import BadInput
from staithe.demo.identifiers import (
    draw_nhs_numbers,
    draw_ninos,
    draw_utrs,
    nhs_check,
    nino_texts,
    upn_text,
    utr_check,
)


# HMRC manual NIM39110: shape, and the prefixes that are never used.
NINO = re.compile(
    r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]"
)
ADMINISTRATIVE = {"OO", "CR", "FY", "MW", "NC", "PP", "PY", "PZ"}


@given(st.integers(0, 999_999_999))
def test_nhs_check_digits_agree_with_stdnum(body):
    check = int(nhs_check(np.array([body]))[0])
    digits = [d for d in range(10) if nhs.is_valid(f"{body:09}{d}")]
    assert digits == ([check] if check < 10 else [])


@given(st.integers(0, 999_999_999))
def test_utr_check_digits_agree_with_stdnum(body):
    check = int(utr_check(np.array([body]))[0])
    assert [d for d in range(10) if utr.is_valid(f"{d}{body:09}")] == [check]


@given(st.sampled_from((201, 330, 800, 938)), st.integers(0, 99), st.integers(0, 999))
def test_pupil_numbers_agree_with_stdnum(authority, year, serial):
    assert upn.is_valid(upn_text(authority, year, serial))


def test_nhs_numbers_are_valid_different_and_in_the_test_range():
    numbers = draw_nhs_numbers(np.random.default_rng(1), 5000).tolist()
    assert len(set(numbers)) == 5000
    assert all(nhs.is_valid(str(number)) for number in numbers)
    assert all(str(number).startswith("999") for number in numbers)


def test_utrs_are_valid_different_and_in_the_block_000():
    numbers = [f"{n:010}" for n in draw_utrs(np.random.default_rng(1), 5000).tolist()]
    assert len(set(numbers)) == 5000
    assert all(utr.is_valid(number) for number in numbers)
    assert all(number[1:4] == "000" for number in numbers)


def test_ninos_have_the_shape_and_a_prefix_that_no_person_is_given():
    texts = nino_texts(draw_ninos(np.random.default_rng(1), 5000)).to_pylist()
    assert len(set(texts)) == 5000
    assert all(NINO.fullmatch(text) for text in texts)
    assert {text[:2] for text in texts} <= ADMINISTRATIVE


def test_more_nhs_numbers_than_the_test_range_holds_are_refused():
    with pytest.raises(BadInput, match="fewer people"):
        draw_nhs_numbers(np.random.default_rng(1), 950_000)


def test_a_world_of_the_largest_size_has_enough_nhs_numbers():
    numbers = draw_nhs_numbers(np.random.default_rng(1), 800_000)
    assert len(np.unique(numbers)) == 800_000
