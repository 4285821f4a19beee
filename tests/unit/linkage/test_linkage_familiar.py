"""Columns whose names say nothing are recognised by the words in them."""

from __future__ import annotations

import random

import pytest

from names import FORENAMES, SURNAMES
from staithe.linkage.detect import detect_specification
from staithe.linkage.familiar import FEW_WORDS, known_share, words_of


TOWNS = ["Leeds", "York", "Hull", "Derby", "Preston", "Oldham", "Luton", "Slough",
         "Reading", "Norwich", "Ipswich", "Exeter", "Swindon", "Bath", "Wells", "Truro",
         "Ripon", "Ely", "Durham", "Salford", "Bradford", "Wakefield", "Dover"]  # fmt: skip


def people(seed, rows=300):
    rng = random.Random(seed)
    return [(rng.choice(FORENAMES), rng.choice(SURNAMES)) for _ in range(rows)]


def fields(left, right):
    found = detect_specification(list(left), list(right), [left, right])
    return {(f.meaning, f.left, f.right) for f in found.specification.fields}


@pytest.mark.parametrize("turned", [False, True])
def test_a_column_of_names_called_something_else_is_one(turned):
    parts = {
        "forename": [f for f, _ in people(1)],
        "surname": [s for _, s in people(1)],
    }
    whole = {"Patient": [f"{f} {s}".upper() for f, s in people(2)]}
    sides = (whole, parts) if turned else (parts, whole)
    column = ("Patient", None) if turned else (None, "Patient")
    assert ("full_name", *column) in fields(*sides)


def test_a_town_called_something_else_is_one_and_remarks_are_not():
    rng = random.Random(4)
    left = {"town": rng.choices(TOWNS, k=300), "surname": [s for _, s in people(3)]}
    remarks = [f"{rng.choice(TOWNS)} seen on visit {n} with the usual care" for n in range(300)]  # fmt: skip
    right = {
        "Where": rng.choices(TOWNS, k=300), "Said": remarks,
        "surname": [s for _, s in people(5)],
    }  # fmt: skip
    found = fields(left, right)
    assert ("place", "town", "Where") in found
    assert not any("Said" in each for each in found)


def test_two_unknown_columns_with_the_same_words_are_one_thing():
    rng = random.Random(6)
    makes = [f"{a}{b}" for a in ("vol", "ren", "for", "tes") for b in ("vo", "ault", "da", "la", "sa", "ro", "mi")]  # fmt: skip
    left = {"thing": [f"{rng.choice(makes)} {rng.choice(makes)}" for _ in range(300)]}
    right = {"item": [f"{rng.choice(makes)} {rng.choice(makes)}" for _ in range(300)],
             "flag": rng.choices(["yes", "no"], k=300)}  # fmt: skip
    assert {(a, b) for _, a, b in fields(left, right)} == {("thing", "item")}


def test_few_words_say_nothing_however_many_rows():
    known = {"yes", "no", *TOWNS[: FEW_WORDS - 5]}
    assert known_share(["yes", "no"] * 500, known) == 0
    words = words_of(TOWNS)
    assert known_share(words, set(words)) == 1
    assert known_share(words, set(words[: len(words) // 2])) < 0.6
