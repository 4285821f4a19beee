"""Dates of birth as records hold them: in parts, with slips, in three notations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from staithe.demo.columns import flags, spelled
from staithe.demo.draws import Floats, Ints, Mask, between, chance


if TYPE_CHECKING:
    from staithe.demo.mistakes import Rates

FIRST_YEAR, LAST_YEAR = 1900, 2026
FEBRUARY = 2
MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTH_LENGTHS = np.array(
    (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), dtype=np.int32
)


@dataclass(frozen=True)
class Dates:
    """Years, months (1 to 12) and days; `missing` marks those not recorded."""

    year: Ints
    month: Ints
    day: Ints
    missing: Mask


def to_dates(days: Ints) -> Dates:
    """Split days since 1970-01-01 into their parts."""
    moments = days.astype("datetime64[D]")
    months = moments.astype("datetime64[M]")
    month_number = months.astype(np.int32)
    return Dates(
        year=month_number // 12 + 1970,
        month=month_number % 12 + 1,
        day=(moments - months).astype(np.int32) + 1,
        missing=np.zeros(len(days), dtype=np.bool_),
    )


def mistake_dates(
    rng: np.random.Generator, dates: Dates, rates: Rates, care: Floats
) -> Dates:
    """Return the dates as an organisation with these error rates records them.

    `care` multiplies the rates of each row.
    """
    people = len(dates.day)
    dates = _swap(dates, chance(rng, rates.day_month_swapped * care, people))
    dates = _wrong_digit(rng, dates, chance(rng, rates.digit_wrong * care, people))
    dates = _wrong_year(rng, dates, chance(rng, rates.year_wrong * care, people))
    if not rates.impossible_dates:
        dates = replace(dates, day=np.minimum(dates.day, _month_length(dates)))
    unknown = chance(rng, rates.default_birth_date, people)
    return Dates(
        year=np.where(unknown, FIRST_YEAR, dates.year),
        month=np.where(unknown, 1, dates.month),
        day=np.where(unknown, 1, dates.day),
        missing=chance(rng, rates.no_birth_date, people),
    )


def date_texts(dates: Dates, *, notation: str) -> pa.Array:
    """Write the dates as `iso` 1980-02-29, `british` 29/02/1980 or `name` 29-Feb-1980."""
    year = spelled(
        [str(y) for y in range(FIRST_YEAR, LAST_YEAR + 1)], dates.year - FIRST_YEAR
    )
    month = spelled([f"{m:02}" for m in range(1, 13)], dates.month - 1)
    day = spelled([f"{d:02}" for d in range(1, 32)], dates.day - 1)
    if notation == "iso":
        texts = pc.binary_join_element_wise(year, month, day, "-")
    elif notation == "british":
        texts = pc.binary_join_element_wise(day, month, year, "/")
    else:
        name = spelled(list(MONTHS), dates.month - 1)
        texts = pc.binary_join_element_wise(day, name, year, "-")
    return pc.if_else(flags(dates.missing), pa.scalar(None, pa.string()), texts)


def _swap(dates: Dates, chosen: Mask) -> Dates:
    """Take the day for the month where both readings give a date."""
    chosen = chosen & (dates.day <= len(MONTHS))
    return replace(
        dates,
        month=np.where(chosen, dates.day, dates.month),
        day=np.where(chosen, dates.month, dates.day),
    )


def _wrong_digit(rng: np.random.Generator, dates: Dates, wrong: Mask) -> Dates:
    """Strike a wrong key in the day, or less often in the month."""
    people = len(dates.day)
    in_month = chance(rng, 0.3, people)
    day = (dates.day + between(rng, 1, 9, people) - 1) % 31 + 1
    month = (dates.month + between(rng, 1, 9, people) - 1) % 12 + 1
    return replace(
        dates,
        month=np.where(wrong & in_month, month, dates.month),
        day=np.where(wrong & ~in_month, day, dates.day),
    )


def _wrong_year(rng: np.random.Generator, dates: Dates, wrong: Mask) -> Dates:
    """Miss the year by one, by ten, or by changing its last two digits round."""
    people = len(dates.year)
    by = np.array((-10, -1, 1, 10), dtype=np.int32)[between(rng, 0, 3, people)]
    short = dates.year % 100
    turned = dates.year - short + short % 10 * 10 + short // 10
    moved = np.where(chance(rng, 0.35, people), turned, dates.year + by)
    moved = np.clip(moved, FIRST_YEAR, LAST_YEAR)
    return replace(dates, year=np.where(wrong, moved, dates.year))


def _month_length(dates: Dates) -> Ints:
    leap = (dates.year % 4 == 0) & ((dates.year % 100 != 0) | (dates.year % 400 == 0))
    length: Ints = _MONTH_LENGTHS[dates.month - 1] + (leap & (dates.month == FEBRUARY))
    return length
