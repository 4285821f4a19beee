"""Names come as often as in the United Kingdom, by age, sex and origin."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from staithe.demo.names import (
    FEMALE,
    MALE,
    ORIGINS,
    forename_group,
    load_names,
    read_data,
    without_accents,
)
from staithe.demo.population import generate_world


@pytest.fixture(scope="module")
def crowd():
    return generate_world(people=100_000, seed=5)


@pytest.fixture(scope="module")
def surnames(crowd):
    words = crowd.names.surnames
    return Counter(words[code] for code in crowd.called.surname.tolist())


def test_the_commonest_surnames_are_those_of_the_country(surnames):
    ranked = [name for name, _ in surnames.most_common()]
    assert ranked[:2] == ["Smith", "Jones"]
    assert {"Williams", "Taylor", "Brown", "Davies", "Wilson"} <= set(ranked[:10])
    assert {"Patel", "Khan", "Evans", "Thomas", "Murphy"} <= set(ranked[:120])


def test_surname_shares_are_near_the_real_ones(crowd, surnames):
    share = {name: 100 * n / crowd.people for name, n in surnames.items()}
    assert 0.9 < share["Smith"] < 1.5
    assert 0.8 < share["Jones"] < 1.3
    assert 0.15 < share["Patel"] < 0.5
    assert 0.15 < share["Khan"] < 0.5


def test_about_half_of_the_people_have_a_rare_surname(crowd, surnames):
    rare = sum(n for n in surnames.values() if n < 0.0004 * crowd.people)
    assert 0.35 < rare / crowd.people < 0.65
    assert len(surnames) > 8000


@pytest.mark.parametrize(
    ("name", "sex", "older"),
    [
        ("Margaret", FEMALE, True),
        ("Jean", FEMALE, True),
        ("Isla", FEMALE, False),
        ("Olivia", FEMALE, False),
        ("Derek", MALE, True),
        ("Keith", MALE, True),
        ("Noah", MALE, False),
        ("Joshua", MALE, False),
    ],
)
def test_a_forename_belongs_to_its_generation(crowd, name, sex, older):
    code = crowd.names.forenames.index(name)
    bearers = (crowd.called.forename == code) & (crowd.sex == sex)
    born = 1970 + crowd.birth_day / 365.25
    early, late = (bearers & (born < 1955)).sum(), (bearers & (born >= 1990)).sum()
    assert (early > 4 * late) if older else (late > 4 * early)


def test_forenames_follow_the_sex(crowd):
    male = {row["name"] for row in read_data("forenames.csv") if row["sex"] == "m"}
    female = {row["name"] for row in read_data("forenames.csv") if row["sex"] == "f"}
    words = np.array(crowd.names.forenames, dtype=object)
    sample = slice(0, 5000)
    for name, sex in zip(
        words[crowd.called.forename[sample]], crowd.sex[sample], strict=True
    ):
        assert name in (female if sex == FEMALE else male)


def test_every_origin_is_there_in_its_share(crowd):
    counts = np.bincount(crowd.called.origin, minlength=len(ORIGINS)) / crowd.people
    shares = np.array(list(ORIGINS.values())) / sum(ORIGINS.values())
    assert np.abs(counts - shares).max() < 0.02
    assert (counts > shares / 2).all()


def test_sikh_and_polish_women_bear_their_form_of_a_surname(crowd):
    words = np.array(crowd.names.surnames, dtype=object)
    women = set(words[crowd.called.surname[crowd.sex == FEMALE]])
    men = set(words[crowd.called.surname[crowd.sex == MALE]])
    assert {"Kaur", "Kowalska"} <= women
    assert not {"Singh", "Kowalski"} & women
    assert {"Singh", "Kowalski"} <= men


def test_name_files_are_well_formed():
    forenames = read_data("forenames.csv")
    assert {row["heritage"] for row in forenames} == {"general", *ORIGINS} - {"english"}
    assert all(1900 < int(row["peak"]) < 2026 for row in forenames)
    assert all(int(row["spread"]) > 0 and int(row["weight"]) > 0 for row in forenames)
    for sex in "mf":
        assert len({row["name"] for row in forenames if row["sex"] == sex}) > 600
    surnames = read_data("surnames.csv")
    assert {row["heritage"] for row in surnames} == set(ORIGINS)
    assert len({row["name"] for row in surnames}) > 1000


def test_no_name_holds_a_letter_that_would_break_a_file():
    names = load_names()
    clean = re.compile(r"[^\W\d_]+(?:[ '][^\W\d_]+)*")
    for name in (*names.forenames, *names.surnames):
        assert clean.fullmatch(name), name


def test_variants_change_a_name_that_exists():
    names = load_names()
    known = set(names.forenames)
    for variants in (names.nicknames, names.spellings):
        assert len(variants) > 100
        assert set(variants) <= known
        assert all(name not in others for name, others in variants.items())


def test_every_decade_and_sex_of_every_origin_has_names():
    years = np.arange(1890, 2030, 5)
    for origin in range(len(ORIGINS)):
        for sex in (MALE, FEMALE):
            group = forename_group(np.full(28, origin), np.full(28, sex), years)
            codes = load_names().forename_choice.draw(np.random.default_rng(0), group)
            assert (codes >= 0).all()


def test_accents_are_dropped_letter_by_letter():
    assert without_accents("Łukasz Wójcik") == "Lukasz Wojcik"
    assert without_accents("Siân O'Brien") == "Sian O'Brien"
    assert all(without_accents(name).isascii() for name in load_names().surnames)
    assert all(without_accents(name).isascii() for name in load_names().forenames)
