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
import pyarrow as pa
import pyarrow.compute as pc

from staithe.base.errors import BadInput
from staithe.demo.columns import digits, spelled


if TYPE_CHECKING:
    from collections.abc import Sequence

    from staithe.demo.draws import Ints

NINO_PREFIXES = ("CR", "MW", "NC", "PP", "PY", "PZ")
NINO_SUFFIXES = "ABCD"
_UTR_CHECKS = "21987654321"
_UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_BLOCK = 1_000_000  # six free digits
_NO_CHECK = 10  # an NHS body whose check digit would be 10 is not used


def nhs_check(body: Ints) -> Ints:
    """Return the check digit of nine-digit NHS bodies; 10 means there is none."""
    return (11 - _weighted(body, range(10, 1, -1)) % 11) % 11


def utr_check(body: Ints) -> Ints:
    """Return the leading check digit of nine-digit taxpayer references."""
    total = _weighted(body, (6, 7, 8, 9, 10, 5, 4, 3, 2))
    digits: Ints = np.array([int(digit) for digit in _UTR_CHECKS])
    return digits[total % len(digits)]


def _weighted(body: Ints, weights: Sequence[int]) -> Ints:
    """Return the sum of a number's digits, from the left, times their weights."""
    total: Ints = np.zeros_like(body)
    for place, weight in enumerate(reversed(weights)):
        total += weight * (body // 10**place % 10)
    return total


def draw_nhs_numbers(rng: np.random.Generator, count: int) -> Ints:
    """Return `count` different NHS numbers of the test range, as whole numbers."""
    # One body in eleven has no check digit, so draw more than are needed.
    body = 999_000_000 + _serials(rng, count + count // 8 + 100)
    check = nhs_check(body)
    return _enough((body * 10 + check)[check != _NO_CHECK], count)


def draw_utrs(rng: np.random.Generator, count: int) -> Ints:
    """Return `count` different taxpayer references, as whole numbers of 10 digits."""
    body = _enough(_serials(rng, count), count)
    return utr_check(body) * 1_000_000_000 + body


def draw_ninos(rng: np.random.Generator, count: int) -> Ints:
    """Return `count` different codes for `nino_text`."""
    kinds = len(NINO_PREFIXES) * len(NINO_SUFFIXES)
    serial = _enough(_serials(rng, count), count)
    return serial * kinds + rng.integers(0, kinds, size=count)


def nino_texts(codes: Ints) -> pa.Array:
    """Write the codes as National Insurance numbers, for example PZ123456C."""
    rest, suffix = np.divmod(codes, len(NINO_SUFFIXES))
    serial, prefix = np.divmod(rest, len(NINO_PREFIXES))
    first, last = spelled(NINO_PREFIXES, prefix), spelled(NINO_SUFFIXES, suffix)
    return pc.binary_join_element_wise(first, digits(serial, width=6), last, "")


def upn_text(authority: int, year: int, serial: int) -> str:
    """Write a unique pupil number of school 0000 (DfE: letter, 3+4+2+3 digits).

    The check letter is the sum of digits, weighted 2 to 13, modulo 23.
    """
    digits = f"{authority:03}0000{year % 100:02}{serial:03}"
    total = sum(weight * int(digit) for weight, digit in enumerate(digits, start=2))
    return _UPN_LETTERS[total % 23] + digits


def _serials(rng: np.random.Generator, count: int) -> Ints:
    """Return up to `count` different numbers below a million, mixed."""
    return rng.permutation(_BLOCK).astype(np.int64)[:count]


def _enough(numbers: Ints, count: int) -> Ints:
    if count > len(numbers):
        raise BadInput(
            "The demo world has no safe identifiers left: ask for fewer people."
        )
    return numbers[:count]
