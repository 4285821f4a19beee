"""How records go wrong: the slips of typing, scanning, hearing and filing.

Each slip is a pure function of a text and two random numbers, so that a million rows
stay fast: only the few chosen rows are touched. How often each happens in which
organisation is stated once, in `Rates`, and the tests measure it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from staithe.demo.columns import flags, whole
from staithe.demo.draws import Floats, Mask, chance


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Slip: TypeAlias = "Callable[[str, float, float], str]"


@dataclass(frozen=True)
class Rates:
    """The share of an organisation's rows that have each mistake."""

    # each of forename and surname
    typing: float  # a letter left out, doubled, or struck beside the right key
    transposed: float  # two neighbouring letters change places
    scan: float  # one letter or digit read as another that looks like it
    sound: float  # written as it is heard
    # names
    spelling: float  # another accepted spelling of the forename
    nickname: float
    swapped_names: float
    hyphen_lost: float  # of double-barrelled surnames: a space or the first half only
    name_length: int  # letters a name field holds; longer names are cut
    # date of birth
    day_month_swapped: float  # where that gives a date
    digit_wrong: float
    year_wrong: float
    default_birth_date: float  # 1 January 1900 stands for unknown
    impossible_dates: bool  # whether the system accepts 31 February
    # other fields
    sex_wrong: float
    postcode_typing: float
    identifier_miskeyed: float
    # missing
    no_forename: float
    no_middle: float  # of those who have a middle name
    no_birth_date: float
    no_sex: float
    no_postcode: float
    no_identifier: float
    # filing
    late_news: float  # rows whose address and surname are up to three years old
    twice: float  # people who have a second row


DWS = Rates(
    typing=0.011, transposed=0.005, scan=0.001, sound=0.006,
    spelling=0.014, nickname=0.024, swapped_names=0.004, hyphen_lost=0.12, name_length=35,
    day_month_swapped=0.006, digit_wrong=0.011, year_wrong=0.006,
    default_birth_date=0.0, impossible_dates=False,
    sex_wrong=0.003, postcode_typing=0.011, identifier_miskeyed=0.004,
    no_forename=0.003, no_middle=0.3, no_birth_date=0.006, no_sex=0.006,
    no_postcode=0.03, no_identifier=0.006, late_news=0.4, twice=0.0,
)  # fmt: skip
NHB = Rates(
    typing=0.016, transposed=0.008, scan=0.012, sound=0.015,
    spelling=0.022, nickname=0.036, swapped_names=0.009, hyphen_lost=0.3, name_length=16,
    day_month_swapped=0.012, digit_wrong=0.015, year_wrong=0.01,
    default_birth_date=0.004, impossible_dates=True,
    sex_wrong=0.005, postcode_typing=0.018, identifier_miskeyed=0.003,
    no_forename=0.005, no_middle=1.0, no_birth_date=0.008, no_sex=0.012,
    no_postcode=0.035, no_identifier=0.012, late_news=0.6, twice=0.005,
)  # fmt: skip
RS = Rates(
    typing=0.007, transposed=0.003, scan=0.004, sound=0.003,
    spelling=0.007, nickname=0.009, swapped_names=0.002, hyphen_lost=0.2, name_length=30,
    day_month_swapped=0.004, digit_wrong=0.007, year_wrong=0.004,
    default_birth_date=0.0, impossible_dates=True,
    sex_wrong=0.0, postcode_typing=0.01, identifier_miskeyed=0.005,
    no_forename=0.0, no_middle=0.3, no_birth_date=0.01, no_sex=0.0,
    no_postcode=0.03, no_identifier=0.004, late_news=0.6, twice=0.0,
)  # fmt: skip
RATES = {"dws": DWS, "nhb": NHB, "rs": RS}

# Some rows are taken down badly throughout: their mistakes come together. The rest
# are better by as much as those are worse, so that the rates above hold over all.
CARELESS_ROWS, CARELESS_TIMES = 0.06, 6.0
CAREFUL_TIMES = (1 - CARELESS_ROWS * CARELESS_TIMES) / (1 - CARELESS_ROWS)

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_BESIDE = {
    key: row[max(0, n - 1) : n] + row[n + 1 : n + 2]
    for row in _KEYS
    for n, key in enumerate(row)
}
_LOOKS = (
    ("rn", "m"), ("m", "rn"), ("cl", "d"), ("li", "h"), ("ri", "n"), ("l", "i"), ("i", "l"),
    ("e", "c"), ("c", "e"), ("a", "o"), ("o", "a"), ("u", "v"), ("v", "u"), ("h", "b"),
    ("n", "r"), ("t", "f"), ("w", "vv"), ("g", "q"), ("0", "O"), ("1", "I"), ("5", "S"),
    ("8", "B"), ("2", "Z"), ("6", "G"),
)  # fmt: skip
_SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("ie", "y"), ("ey", "y"), ("y", "ie"), ("ee", "ea"),
    ("ea", "ee"), ("ai", "ay"), ("ay", "ai"), ("ll", "l"), ("l", "ll"), ("tt", "t"),
    ("nn", "n"), ("n", "nn"), ("ss", "s"), ("rr", "r"), ("sch", "sh"), ("wh", "w"),
    ("th", "t"), ("gh", "g"), ("ough", "ow"), ("mac", "mc"), ("mc", "mac"), ("sen", "son"),
    ("kn", "n"), ("wr", "r"), ("oo", "u"), ("ou", "oo"), ("z", "s"), ("s", "z"), ("c", "k"),
    ("k", "c"), ("er", "or"), ("or", "er"), ("an", "en"), ("en", "an"), ("e", ""),
)  # fmt: skip


def mistype(text: str, where: float, which: float) -> str:
    """Leave out, double or mis-strike one letter after the first."""
    at = _place(text, where)
    kind, rest = divmod(which * 3, 1)
    letter = text[at : at + 1]
    if kind == 0:
        return text[:at] + text[at + 1 :] if len(text) > 2 else text + letter  # noqa: PLR2004  a name keeps two letters
    if kind == 1:
        return text[:at] + letter + text[at:]
    beside = _BESIDE.get(letter.lower(), "")
    wrong = beside[int(rest * len(beside))] if beside else letter + letter
    return text[:at] + (wrong.upper() if letter.isupper() else wrong) + text[at + 1 :]


def transpose(text: str, where: float, _which: float) -> str:
    """Let two neighbouring letters change places, if that changes the text."""
    pairs = [n for n in range(len(text) - 1) if text[n].lower() != text[n + 1].lower()]
    if not pairs:
        return text
    at = pairs[int(where * len(pairs))]
    first, second = text[at], text[at + 1]
    if first.isupper() and second.islower():
        first, second = first.lower(), second.upper()
    return text[:at] + second + first + text[at + 2 :]


def misread(text: str, where: float, which: float) -> str:
    """Read one shape as another, as a scanner of forms does."""
    return _replaced(text, _LOOKS, where, which)


def mishear(text: str, where: float, which: float) -> str:
    """Write one sound in another way."""
    return _replaced(text, _SOUNDS, where, which)


def lose_hyphen(text: str, where: float, _which: float) -> str:
    """Write a double-barrelled name with a space, or keep only its first half."""
    space = where < 0.6  # noqa: PLR2004  more often than not
    return text.replace("-", " ") if space else text.partition("-")[0]


def miskey_digit(text: str, where: float, which: float) -> str:
    """Replace one digit of a number by another, so that its check digit fails."""
    at = int(where * len(text))
    return text[:at] + _other_digit(text[at], which) + text[at + 1 :]


def misread_nino(text: str, where: float, _which: float) -> str:
    """Read one digit of a National Insurance number as a letter: its shape fails."""
    at = 2 + int(where * 6)
    return text[:at] + "OIZEASGTBQ"[int(text[at])] + text[at + 1 :]


def misplace(text: str, where: float, which: float) -> str:
    """Mistake a postcode after its area: a digit, or two neighbouring characters."""
    area, rest = text[:2], text[2:]
    if which < 0.4:  # noqa: PLR2004  the share of transpositions
        return area + transpose(rest, where, which)
    digits = [n for n, letter in enumerate(rest) if letter.isdigit()]
    at = digits[int(where * len(digits))]
    return area + rest[:at] + _other_digit(rest[at], which) + rest[at + 1 :]


def one_of(words: Mapping[str, tuple[str, ...]]) -> Slip:
    """Return a slip that replaces a name by one of its variants, if it has any."""

    def replace(text: str, where: float, _which: float) -> str:
        variants = words.get(text)
        return variants[int(where * len(variants))] if variants else text

    return replace


def draw_care(rng: np.random.Generator, rows: int) -> Floats:
    """Return how many times the usual rate of mistakes each row has; 1 on average."""
    careless = chance(rng, CARELESS_ROWS, rows)
    return np.where(careless, CARELESS_TIMES, CAREFUL_TIMES)


def slip(
    rng: np.random.Generator, texts: pa.Array, rate: float | Floats, how: Slip
) -> pa.Array:
    """Return the texts with the slip `how` made in a share `rate` of them."""
    return slip_where(rng, texts, chance(rng, rate, len(texts)), how)


def slip_where(
    rng: np.random.Generator, texts: pa.Array, where: Mask, how: Slip
) -> pa.Array:
    """Return the texts with the slip made in the chosen ones that are not missing."""
    chosen = np.flatnonzero(where)
    luck = rng.random((len(chosen), 2)).tolist()
    before = texts.take(whole(chosen)).to_pylist()
    after = [
        None if text is None else how(text, a, b)
        for text, (a, b) in zip(before, luck, strict=True)
    ]
    return pc.replace_with_mask(texts, flags(where), pa.array(after, texts.type))


def lose(rng: np.random.Generator, texts: pa.Array, rate: float) -> pa.Array:
    """Return the texts with a share `rate` of them missing."""
    missing = flags(chance(rng, rate, len(texts)))
    return pc.if_else(missing, pa.scalar(None, texts.type), texts)


def _other_digit(digit: str, which: float) -> str:
    return str((int(digit) + 1 + int(which * 9)) % 10)


def _place(text: str, where: float) -> int:
    """Return a place after the first letter: people mind how a name begins."""
    return min(1 + int(where * (len(text) - 1)), len(text) - 1)


def _replaced(
    text: str, pairs: tuple[tuple[str, str], ...], where: float, which: float
) -> str:
    low = text.lower()
    # A single letter at the start is minded; a sound there is not.
    found = [(old, new) for old, new in pairs if old in low[len(old) == 1 :]]
    if not found:
        return text
    old, new = found[int(which * len(found))]
    first = 1 if len(old) == 1 else 0
    starts = [n for n in range(first, len(low)) if low.startswith(old, n)]
    at = starts[int(where * len(starts))]
    new = new.capitalize() if text[at].isupper() else new
    return text[:at] + new + text[at + len(old) :]
