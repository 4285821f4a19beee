"""What an organisation knows of each person it holds: whom, since when, and how wrongly.

The three extracts are written from this. Row numbers are given after the rows have
been mixed, so neither a row's number nor its place says who it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from staithe.demo.columns import digits, flags, spelled, whole
from staithe.demo.dates import Dates, mistake_dates, to_dates
from staithe.demo.draws import Floats, Ints, Mask, between, chance, stream
from staithe.demo.kinship import NO_NAME
from staithe.demo.mistakes import (
    RATES,
    Rates,
    draw_care,
    lose,
    lose_hyphen,
    mishear,
    misplace,
    misread,
    mistype,
    one_of,
    slip,
    slip_where,
    transpose,
)
from staithe.demo.names import FEMALE, without_accents
from staithe.demo.places import NUMBERS


if TYPE_CHECKING:
    from staithe.demo.population import World

ROW_LETTER = {"dws": "C", "nhb": "H", "rs": "E"}
NEWS_DAYS = 1096
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Roster:
    """The rows of one extract: which person each is about, and its row id."""

    person: Ints
    row_id: pa.Array


@dataclass(frozen=True)
class Records:
    """Identifying fields of an extract's rows, as that organisation holds them."""

    forename: pa.Array
    middle: pa.Array
    surname: pa.Array
    born: Dates
    sex: Ints  # MALE or FEMALE
    sex_missing: Mask
    postcode: pa.Array
    address: pa.Array
    council: Ints


def draw_roster(world: World, source: str) -> Roster:
    """Choose and mix the rows of a source; some people may have two."""
    rng = stream(world.seed, source, 0)
    once = np.flatnonzero(world.listed[source]).astype(np.int32)
    again = once[chance(rng, RATES[source].twice, len(once))]
    person = rng.permutation(np.concatenate((once, again)))
    number = digits(np.arange(1, len(person) + 1), width=7)
    letter = pa.scalar(ROW_LETTER[source])
    return Roster(person, pc.binary_join_element_wise(letter, number, ""))


def draw_records(world: World, source: str, person: Ints, *, at: date) -> Records:
    """Return what `source` holds on each person at a date, mistakes included."""
    rates = RATES[source]
    rng = stream(world.seed, source, 1)
    known = _news_days(rng, len(person), rates, at=at)
    care = draw_care(rng, len(person))
    forename = _forenames(rng, world, person, rates, care)
    surname = _surnames(rng, world, person, rates, care, known=known)
    forename, surname = _swap_names(rng, forename, surname, rates.swapped_names)
    home = np.where(
        world.moved[person] > known, world.home_before[person], world.home[person]
    )
    wrong_sex = chance(rng, rates.sex_wrong, len(person))
    return Records(
        forename=lose(rng, forename, rates.no_forename),
        middle=lose(rng, _middles(world, person), rates.no_middle),
        surname=surname,
        born=mistake_dates(rng, to_dates(world.birth_day[person]), rates, care),
        sex=np.where(wrong_sex, FEMALE - world.sex[person], world.sex[person]),
        sex_missing=chance(rng, rates.no_sex, len(person)),
        postcode=_postcodes(rng, world, home, rates, care),
        address=_addresses(world, home),
        council=world.addresses.council[home],
    )


def _news_days(rng: np.random.Generator, rows: int, rates: Rates, *, at: date) -> Ints:
    """Return the day of the latest news of each row: the extract's, or long before."""
    extract_day = (at - EPOCH).days
    late = chance(rng, rates.late_news, rows)
    return extract_day - np.where(late, between(rng, 1, NEWS_DAYS, rows), 0)


def _forenames(
    rng: np.random.Generator, world: World, person: Ints, rates: Rates, care: Floats
) -> pa.Array:
    names = spelled(world.names.forenames, world.called.forename[person])
    names = slip(rng, names, rates.nickname, one_of(world.names.nicknames))
    names = slip(rng, names, rates.spelling, one_of(world.names.spellings))
    return _misspell(rng, names, rates, care)


def _surnames(
    rng: np.random.Generator,
    world: World,
    person: Ints,
    rates: Rates,
    care: Floats,
    *,
    known: Ints,
) -> pa.Array:
    called = world.called
    stale = called.renamed[person] > known
    now = np.where(stale, called.surname_before[person], called.surname[person])
    second = np.where(stale, NO_NAME, called.second[person])
    words = spelled(world.names.surnames, now)
    both = np.flatnonzero(second != NO_NAME)
    joined = pc.binary_join_element_wise(
        words.take(whole(both)), spelled(world.names.surnames, second[both]), "-"
    )
    words = pc.replace_with_mask(words, flags(second != NO_NAME), joined)
    lost = (second != NO_NAME) & chance(rng, rates.hyphen_lost, len(person))
    return _misspell(rng, slip_where(rng, words, lost, lose_hyphen), rates, care)


def _misspell(
    rng: np.random.Generator, names: pa.Array, rates: Rates, care: Floats
) -> pa.Array:
    for rate, how in (
        (rates.sound, mishear),
        (rates.typing, mistype),
        (rates.transposed, transpose),
        (rates.scan, misread),
    ):
        names = slip(rng, names, rate * care, how)
    return pc.utf8_slice_codeunits(names, 0, rates.name_length)


def _middles(world: World, person: Ints) -> pa.Array:
    codes = world.called.middle[person]
    return spelled((*world.names.forenames, None), codes)


def _swap_names(
    rng: np.random.Generator, forename: pa.Array, surname: pa.Array, rate: float
) -> tuple[pa.Array, pa.Array]:
    swapped = flags(chance(rng, rate, len(forename)))
    return pc.if_else(swapped, surname, forename), pc.if_else(
        swapped, forename, surname
    )


def _postcodes(
    rng: np.random.Generator, world: World, home: Ints, rates: Rates, care: Floats
) -> pa.Array:
    texts = spelled(world.addresses.postcodes, world.addresses.postcode[home])
    return lose(
        rng, slip(rng, texts, rates.postcode_typing * care, misplace), rates.no_postcode
    )


def _addresses(world: World, home: Ints) -> pa.Array:
    number = spelled(NUMBERS, world.addresses.number[home])
    street = spelled(world.addresses.streets, world.addresses.street[home])
    return pc.binary_join_element_wise(number, street, " ")


def plain_letters(texts: pa.Array) -> pa.Array:
    """Return the texts without accents, as a system that knows only A to Z holds them."""
    accented = pc.invert(pc.fill_null(pc.string_is_ascii(texts), fill_value=True))
    plain = [without_accents(text) for text in texts.filter(accented).to_pylist()]
    return pc.replace_with_mask(texts, accented, pa.array(plain, texts.type))
