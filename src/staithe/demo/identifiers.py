"""Identifiers with valid check digits that belong to nobody.

NHS numbers come from 999 000 0000 to 999 999 9999, the range kept for tests and
never issued. National Insurance numbers carry prefixes that HMRC keeps for its own
administration and never gives to a person (NIM39110). The ranges in which unique
taxpayer references and pupil numbers are issued are not published: ours are drawn
from blocks that start with 000 (the office or school 000), which keeps them as far
from real ones as public facts allow; one could still be somebody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from staithe.base.errors import BadInput


if TYPE_CHECKING:
    from staithe.demo.draws import Ints

NINO_PREFIXES = ("CR", "MW", "NC", "PP", "PY", "PZ")
NINO_SUFFIXES = "ABCD"
_UTR_CHECKS = "21987654321"
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_BLOCK = 1_000_000  # six free digits
_NO_CHECK = 10  # an NHS body whose check digit would be 10 is not used


def nhs_check(body: Ints) -> Ints:
    """Return the check digit of nine-digit NHS bodies; 10 means there is none."""
    total = sum(
        weight * (body // 10 ** (weight - 2) % 10) for weight in range(2, 11)
    )
    return (11 - total % 11) % 11


def utr_check(body: Ints) -> Ints:
    """Return the leading check digit of nine-digit taxpayer references."""
    weights = (6, 7, 8, 9, 10, 5, 4, 3, 2)
    total = sum(
        weight * (body // 10 ** (8 - place) % 10) for place, weight in enumerate(weights)
    )
    return np.array([int(digit) for digit in _UTR_CHECKS], dtype=np.int64)[total % 11]


def draw_nhs_numbers(rng: np.random.Generator, count: int) -> Ints:
    """Return `count` different NHS numbers of the test range, as whole numbers."""
    body = 999_000_000 + np.arange(_BLOCK, dtype=np.int64)
    check = nhs_check(body)
    valid = (body * 10 + check)[check != _NO_CHECK]
    return _pick(rng, valid, count)


def draw_utrs(rng: np.random.Generator, count: int) -> Ints:
    """Return `count` different taxpayer references, as whole numbers of 10 digits."""
    body = np.arange(_BLOCK, dtype=np.int64)
    return _pick(rng, utr_check(body) * 1_000_000_000 + body, count)


def draw_ninos(rng: np.random.Generator, count: int) -> Ints:
    """Return `count` different codes for `nino_text`."""
    kinds = len(NINO_PREFIXES) * len(NINO_SUFFIXES)
    serial = _pick(rng, np.arange(_BLOCK, dtype=np.int64), count)
    return serial * kinds + rng.integers(0, kinds, size=count)


def nino_text(code: int) -> str:
    """Write the code as a National Insurance number, for example PZ123456C."""
    rest, suffix = divmod(code, len(NINO_SUFFIXES))
    serial, prefix = divmod(rest, len(NINO_PREFIXES))
    return f"{NINO_PREFIXES[prefix]}{serial:06}{NINO_SUFFIXES[suffix]}"


def upn_text(authority: int, year: int, serial: int) -> str:
    """Write a unique pupil number of school 0000 (DfE: letter, 3+4+2+3 digits).

    The check letter is the sum of digits, weighted 2 to 13, modulo 23.
    """
    digits = f"{authority:03}0000{year % 100:02}{serial:03}"
    total = sum(weight * int(digit) for weight, digit in enumerate(digits, start=2))
    return _UPN_LETTERS[total % 23] + digits


def _pick(rng: np.random.Generator, numbers: Ints, count: int) -> Ints:
    if count > len(numbers):
        raise BadInput(
            f"The demo world has only {len(numbers):,} safe identifiers of each kind: "
            "ask for fewer people."
        )
    return rng.permutation(numbers)[:count]
