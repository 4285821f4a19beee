"""Names as the United Kingdom has them: by sex, year of birth and where they come from.

The data files hold our own approximate frequencies. A forename's popularity is a
bell around its peak year; a surname's weight is per origin. Rare surnames of a place
(Thornwick, Ashcombe) are put together from parts, because half of real people have a
surname outside the commonest few hundred.
"""

from __future__ import annotations

import csv
import math
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from staithe.demo.draws import Choice, Ints, choice


# Where a household's names come from, and its share of households (per thousand).
ORIGINS = {
    "english": 690,
    "welsh": 50,
    "scottish": 85,
    "irish": 45,
    "muslim": 52,
    "hindu": 20,
    "sikh": 9,
    "polish": 20,
    "african": 21,
    "chinese": 8,
}
# Of each origin, how many have a forename from the list that everyone shares.
SHARED_FORENAMES = {
    "english": 1.0,
    "welsh": 0.6,
    "scottish": 0.62,
    "irish": 0.55,
    "muslim": 0.03,
    "hindu": 0.06,
    "sikh": 0.04,
    "polish": 0.08,
    "african": 0.3,
    "chinese": 0.45,
}
# Of each origin, how many have a rare surname put together from parts.
RARE_SURNAMES = {"english": 0.56, "welsh": 0.15, "scottish": 0.3, "irish": 0.2}
RARE_COUNT = 16_000
FIRST_DECADE, LAST_DECADE = 1900, 2020
MALE, FEMALE = 0, 1
_FOLDED = str.maketrans({"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ø": "O", "ø": "o"})


@dataclass(frozen=True)
class Names:
    """Every name that can be drawn, as codes into two word lists."""

    forenames: tuple[str, ...]
    surnames: tuple[str, ...]
    female_form: Ints  # surname code -> the form that a woman bears
    forename_choice: Choice  # group = forename_group(...)
    surname_choice: Choice  # group = origin
    spellings: dict[str, tuple[str, ...]]
    nicknames: dict[str, tuple[str, ...]]


def read_data(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the room's own CSV files."""
    text = resources.files("staithe.demo").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def load_names() -> Names:
    """Read the name files and prepare them for drawing; done once."""
    forenames, forename_choice = _forenames(read_data("forenames.csv"))
    surnames, female_form, surname_choice = _surnames(read_data("surnames.csv"))
    variants = read_data("forename_variants.csv")
    return Names(
        forenames=forenames,
        surnames=surnames,
        female_form=female_form,
        forename_choice=forename_choice,
        surname_choice=surname_choice,
        spellings=_variants(variants, kind="spelling"),
        nicknames=_variants(variants, kind="nickname"),
    )


def forename_group(origin: Ints, sex: Ints, birth_year: Ints) -> Ints:
    """Return the group of `Names.forename_choice` for each person."""
    decades = (LAST_DECADE - FIRST_DECADE) // 10 + 1
    decade = np.clip((birth_year - FIRST_DECADE) // 10, 0, decades - 1)
    return (origin * 2 + sex) * decades + decade


def without_accents(text: str) -> str:
    """Return the text as a system that knows only A to Z would hold it."""
    plain = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _forenames(rows: list[dict[str, str]]) -> tuple[tuple[str, ...], Choice]:
    words = tuple(sorted({row["name"] for row in rows}))
    code = {word: number for number, word in enumerate(words)}
    groups = []
    for origin in ORIGINS:
        for sex in "mf":
            shared = [r for r in rows if r["sex"] == sex and r["heritage"] == "general"]
            own = [r for r in rows if r["sex"] == sex and r["heritage"] == origin]
            for decade in range(FIRST_DECADE, LAST_DECADE + 10, 10):
                part = SHARED_FORENAMES[origin]
                weights = _in_year(shared, decade + 5, part) + _in_year(
                    own, decade + 5, 1 - part
                )
                groups.append(([code[r["name"]] for r in shared + own], weights))
    return words, choice(groups)


def _in_year(rows: list[dict[str, str]], year: int, share: float) -> list[float]:
    """Return the popularity of each name in a year; together they sum to `share`."""
    heights = []
    for row in rows:
        distance = (year - int(row["peak"])) / int(row["spread"])
        heights.append(int(row["weight"]) / (1 + distance * distance) ** 2)
    total = math.fsum(heights)
    return [share * height / total for height in heights]


def _surnames(rows: list[dict[str, str]]) -> tuple[tuple[str, ...], Ints, Choice]:
    rare = _rare_surnames()
    common = {
        name for row in rows for name in (row["name"], row["female_form"]) if name
    }
    words = (*sorted(common), *(name for name in rare if name not in common))
    code = {word: number for number, word in enumerate(words)}
    female = np.arange(len(words), dtype=np.int32)
    groups = []
    for origin in ORIGINS:
        own = [row for row in rows if row["heritage"] == origin]
        for row in own:
            if row["female_form"]:
                female[code[row["name"]]] = code[row["female_form"]]
        part = RARE_SURNAMES.get(origin, 0.0)
        total = sum(int(row["weight"]) for row in own)
        options = [code[row["name"]] for row in own]
        weights = [(1 - part) * int(row["weight"]) / total for row in own]
        if part:
            options += [code[name] for name in rare]
            weights += _by_rank(len(rare), part)
        groups.append((options, weights))
    return words, female, choice(groups)


def _rare_surnames() -> list[str]:
    """Return place surnames, first part and second part, in an order that is mixed."""
    parts = read_data("surname_parts.csv")
    first = [row["part"] for row in parts if row["place"] == "first"]
    second = [row["part"] for row in parts if row["place"] == "second"]
    # The two lengths share no factor, so stepping through both meets each pair once.
    pairs = range(min(RARE_COUNT, len(first) * len(second)))
    names = (first[n % len(first)] + second[n * 7 % len(second)] for n in pairs)
    return list(dict.fromkeys(names))


def _by_rank(count: int, share: float) -> list[float]:
    """Return falling weights, as word frequencies fall, that sum to `share`."""
    heights = [1 / (rank + 60) for rank in range(count)]
    total = math.fsum(heights)
    return [share * height / total for height in heights]


def _variants(rows: list[dict[str, str]], *, kind: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] == kind:
            found.setdefault(row["name"], []).append(row["variant"])
    return {name: tuple(others) for name, others in found.items()}
