"""Invented councils, streets and postcodes in the shape of real ones.

The postcode areas NM, SX, WL, TC and KS have never been allocated, so no address of
the demo world can be anybody's home. About fifteen households share a postcode and
about thirty a street, as in real towns; that density is what makes linkage by
postcode as hard as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from staithe.base.errors import BadInput
from staithe.demo.draws import Ints, choice
from staithe.demo.names import read_data


if TYPE_CHECKING:
    from collections.abc import Callable

HOMES_PER_POSTCODE = 15
HOMES_PER_STREET = 30
STREETS_PER_BLOCK_OF_FLATS = 9
_UNIT_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"  # postcodes leave out C I K M O V here
_UNITS = len(_UNIT_LETTERS) ** 2
_UNIT_STEP = 137  # shares no factor with 400, so that units come mixed, each once
_SECTORS = 9
NUMBERS = (
    *(str(n + 1) for n in range(HOMES_PER_STREET)),
    *(f"Flat {n + 1}," for n in range(HOMES_PER_STREET)),
)


@dataclass(frozen=True)
class Council:
    """One invented local authority."""

    code: str  # shaped as an ONS code, in a range that ONS has not issued
    name: str
    region: str
    town: str
    area: str
    first_district: int
    districts: int
    weight: int  # share of households
    deprivation: int  # 0 (least) to 100


@dataclass(frozen=True)
class Addresses:
    """Every home of a world: the same place in each array is the same home."""

    council: Ints  # index into load_councils()
    postcode: Ints  # index into postcodes
    street: Ints  # index into streets
    number: Ints  # index into NUMBERS
    postcodes: tuple[str, ...]
    streets: tuple[str, ...]


@cache
def load_councils() -> tuple[Council, ...]:
    """Read the councils of the demo world."""
    return tuple(
        Council(
            code=row["code"],
            name=row["council"],
            region=row["region"],
            town=row["town"],
            area=row["area"],
            first_district=int(row["first_district"]),
            districts=int(row["districts"]),
            weight=int(row["weight"]),
            deprivation=int(row["deprivation"]),
        )
        for row in read_data("councils.csv")
    )


def regions() -> tuple[str, ...]:
    """Return the regions of the demo world, in the order of the file."""
    return tuple(dict.fromkeys(council.region for council in load_councils()))


def draw_councils(rng: np.random.Generator, homes: int) -> Ints:
    """Return the council of each of `homes` homes, by the councils' weights."""
    weights = [council.weight for council in load_councils()]
    by_weight = choice([(range(len(weights)), weights)])
    return by_weight.draw(rng, np.zeros(homes, dtype=np.int32))


def settle(rng: np.random.Generator, council: Ints) -> Addresses:
    """Give each home a street, a number and a postcode in its council, at random."""
    position = _positions(rng, council)
    counts = np.bincount(council, minlength=len(load_councils()))
    postcode_first, postcodes = _numbered(counts, HOMES_PER_POSTCODE, _postcode)
    street_first, streets = _numbered(counts, HOMES_PER_STREET, _street)
    on_street = position // HOMES_PER_STREET
    flat = on_street % STREETS_PER_BLOCK_OF_FLATS == 0
    return Addresses(
        council=council,
        postcode=postcode_first[council] + position // HOMES_PER_POSTCODE,
        street=street_first[council] + on_street,
        number=position % HOMES_PER_STREET + np.int32(HOMES_PER_STREET) * flat,
        postcodes=postcodes,
        streets=streets,
    )


def _positions(rng: np.random.Generator, council: Ints) -> Ints:
    """Number the homes of each council from 0 in a random order."""
    mixed = rng.permutation(len(council))
    order = mixed[np.argsort(council[mixed], kind="stable")]
    counts = np.bincount(council, minlength=len(load_councils()))
    starts = np.cumsum(counts) - counts
    position = np.empty(len(council), dtype=np.int32)
    position[order] = np.arange(len(council)) - starts[council[order]]
    return position


def _numbered(
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    size: int,
    name: Callable[[Council, int], str],
) -> tuple[Ints, tuple[str, ...]]:
    """Return each council's first code, and the names of all codes in order."""
    needed = -(-counts // size)
    names = tuple(
        name(council, number)
        for council, many in zip(load_councils(), needed, strict=True)
        for number in range(many)
    )
    return (np.cumsum(needed) - needed).astype(np.int32), names


def _postcode(council: Council, number: int) -> str:
    """Name a council's nth postcode, for example NM4 7QT; districts fill evenly."""
    rest, district = divmod(number, council.districts)
    unit, sector = divmod(rest, _SECTORS)
    if unit >= _UNITS:
        raise BadInput("The demo world has no postcodes left: ask for fewer people.")
    mixed = (unit * _UNIT_STEP + district * 61 + sector * 29) % _UNITS
    first, second = divmod(mixed, len(_UNIT_LETTERS))
    letters = _UNIT_LETTERS[first] + _UNIT_LETTERS[second]
    return f"{council.area}{council.first_district + district} {sector + 1}{letters}"


def _street(council: Council, number: int) -> str:
    """Name a council's nth street with its town, for example Mill Lane, Saltmarsh."""
    first, second = _street_parts()
    pair = (number * 37 + council.first_district) % (len(first) * len(second))
    name, way = first[pair % len(first)], second[pair // len(first)]
    if number % STREETS_PER_BLOCK_OF_FLATS == 0:
        return f"{name} House, {name} {way}, {council.town}"
    return f"{name} {way}, {council.town}"


@cache
def _street_parts() -> tuple[list[str], list[str]]:
    parts = read_data("street_parts.csv")
    first = [row["part"] for row in parts if row["place"] == "first"]
    second = [row["part"] for row in parts if row["place"] == "second"]
    return first, second
