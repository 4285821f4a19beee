"""Check digits of UK and international identifiers that python-stdnum does not have.

A check passes for about one random number in eleven to thirty-three: evidence that a
value is an identifier, never proof that it is someone's.
"""

from __future__ import annotations

import datetime as dt

from stdnum import lei as stdnum_lei
from stdnum.gb import nhs as stdnum_nhs
from stdnum.gb import upn as stdnum_upn
from stdnum.gb import utr as stdnum_utr
from stdnum.gb import vat as stdnum_vat


PNC_LETTERS = "ZABCDEFGHJKLMNPQRTUVWXY"
MRZ_WEIGHTS = (7, 3, 1)
WOMEN_MONTHS = 50


def is_nhs(number: str) -> bool:
    """Weights 10 to 2, check digit 11 minus the sum modulo 11 (NHS data dictionary)."""
    return bool(stdnum_nhs.is_valid(number))


def is_chi(number: str) -> bool:
    """A real date DDMMYY in the first six digits, and the NHS check."""
    day, month, year = number[:2], number[2:4], number[4:6]
    return is_nhs(number) and any(
        _is_date(f"{century}{year}", month, day) for century in ("19", "20")
    )


def is_health_and_care(number: str) -> bool:
    """The NHS check within the block of Northern Ireland."""
    return is_nhs(number) and 320_000_001 <= int(number[:9]) <= 399_999_999  # noqa: PLR2004  the block's ends


def is_utr(number: str) -> bool:
    """The check digit comes first (HMRC)."""
    return bool(stdnum_utr.is_valid(number))


def is_vat(number: str) -> bool:
    """Weights 8 to 2, modulo 97, with or without 55 (HMRC)."""
    return bool(stdnum_vat.is_valid(number.removeprefix("XI")))


def is_upn(number: str) -> bool:
    """Check letter first, modulo 23; a temporary number ends in a letter (DfE)."""
    return bool(stdnum_upn.is_valid(number))


def is_lei(number: str) -> bool:
    """ISO 7064 modulo 97-10 (ISO 17442)."""
    return bool(stdnum_lei.is_valid(number))


def is_uln(number: str) -> bool:
    """Weights 10 to 1 over all ten digits leave 10 modulo 11 (HESA)."""
    total = sum(
        weight * int(digit)
        for weight, digit in zip(range(10, 0, -1), number, strict=True)
    )
    return total % 11 == 10  # noqa: PLR2004  the scheme's own remainder


def is_pnc(number: str) -> bool:
    """Year and seven-digit serial as one number, modulo 23, give the letter."""
    year, serial = number[:-1].split("/")
    return PNC_LETTERS[int(year[-2:] + serial.zfill(7)) % 23] == number[-1]


def mrz_check_digit(text: str) -> int:
    """Return the check digit of a machine-readable field: weights 7 3 1 (ICAO 9303)."""
    values = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".find(mark) for mark in text)
    return (
        sum(
            max(0, value) * MRZ_WEIGHTS[at % 3]  # the filler < counts as nought
            for at, value in enumerate(values)
        )
        % 10
    )


def is_mrz_passport(field: str) -> bool:
    """Nine characters and their check digit."""
    return mrz_check_digit(field[:9]) == int(field[9])


def is_driving_licence(number: str) -> bool:
    """A possible birth date inside; the last two characters follow no published rule."""
    month = int(number[6:8])
    month -= WOMEN_MONTHS if month > WOMEN_MONTHS else 0
    year = number[5] + number[10]
    day = number[8:10]
    return any(_is_date(f"{c}{year}", f"{month:02}", day) for c in ("19", "20"))


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        dt.date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
