"""Show the shape of a value without showing the value.

A scorecard travels further than the data it describes, so examples of personal
columns keep only their pattern, and rare values are not listed.
"""

from __future__ import annotations


RARE = 5  # a value held by fewer people than this could point at one of them
SHOWN = 24
PATTERN_WORDS = "A and a stand for a letter, 9 for a digit"


def mask(value: str) -> str:
    """Return the pattern of a value: letters as A or a, digits as 9, cut to 24."""
    return "".join(_mark(letter) for letter in value[:SHOWN]) + (
        "…" if len(value) > SHOWN else ""
    )


def _mark(letter: str) -> str:
    if letter.isalpha():
        return "A" if letter.isupper() else "a"
    return "9" if letter.isdecimal() else letter


def example(value: str, *, personal: bool) -> str:
    """Return a value as an example: masked where personal, cut short otherwise."""
    if personal:
        return mask(value)
    return value if len(value) <= 2 * SHOWN else value[: 2 * SHOWN - 1] + "…"
