"""How two records of field tokens are compared, and the pairs that they propose.

The same fields and degrees of agreement as in the clear, as far as tokens tell: an
overlap of two lists stands for a small difference of two values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from staithe.linkage.blocking import Rule
from staithe.linkage.comparisons import Comparison, field_comparisons, in_households
from staithe.linkage.levels import (
    HOUSE,
    SWAPPED,
    Level,
    category,
    half_the_words,
    house,
    null,
    same,
)
from staithe.linkage.specification import LinkSpecification
from staithe.linkage.standardise import Standardised


def overlap(column: str, label: str) -> Level:
    """Return the level of two lists of tokens that have one in common."""
    return Level(label, f'list_has_any("{column}_l", "{column}_r")')


def part_of_name(column: str) -> Level:
    """Return the level of a name that stands among all words of the other's name."""
    return Level(
        "elsewhere in the name",
        f'list_contains("name_words_l", "{column}_r")'
        f' OR list_contains("name_words_r", "{column}_l")',
    )


def name_comparisons(standardised: Standardised) -> list[Comparison]:
    """Return the comparisons of a person's name, as far as both sides have it."""
    has = standardised.has
    swaps = [Level("swapped with surname", SWAPPED)] * has("forename", "surname")
    found = []
    if has("forename"):
        levels = [
            null("forename"),
            same("forename"),
            *swaps,
            overlap("forename__near", "one typing error"),
            Level(
                "initial only",
                '("forename__short_l" OR "forename__short_r")'
                ' AND "forename__initial_l" = "forename__initial_r"',
            ),
            Level(
                "alike",
                'list_has_any("forename__nearer_l", "forename__nearer_r")'
                ' OR "forename__start3_l" = "forename__start3_r"',
            ),
            part_of_name("forename"),
        ]
        found.append(Comparison("forename", tuple(levels)))
    if has("surname"):
        missing = null("surname")
        if swaps:
            # A swap is judged once, with the forename.
            missing = Level(
                "missing or swapped", f"{missing.sql} OR ({SWAPPED})", is_null=True
            )
        levels = [
            missing,
            same("surname"),
            overlap("surname__near", "one typing error"),
            Level(
                "alike",
                'list_has_any("surname__nearer_l", "surname__nearer_r")'
                ' OR "surname__start4_l" = "surname__start4_r"',
            ),
            part_of_name("surname"),
        ]
        found.append(Comparison("surname", tuple(levels)))
    if min(standardised.present.get("middle_name", (0.0,))) > 0.05:  # noqa: PLR2004  as in the clear
        levels = [
            null("middle_name"),
            same("middle_name"),
            overlap("middle_name__near", "one typing error"),
            same("middle_name__initial", tf=False, label="same initial"),
        ]
        found.append(Comparison("middle_name", tuple(levels)))
    return found


def _date(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        overlap(f"{name}__near", "one typing error, or day and month swapped"),
        overlap(f"{name}__parts", "two parts of three the same"),
        overlap(f"{name}__within31", "within a month"),
        overlap(f"{name}__within366", "within a year"),
        overlap(f"{name}__within3653", "within ten years"),
    ]


def _postcode(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        overlap(f"{name}__near", "one typing error"),
        same(f"{name}__sector", tf=False, label="same sector"),
        same(f"{name}__district", tf=False, label="same district"),
        same(f"{name}__area", tf=False, label="same area"),
    ]


def _email(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        same(f"{name}__user", tf=False, label="same user name"),
        overlap(f"{name}__near", "two typing errors"),
        overlap(f"{name}__user_near", "user name alike"),
    ]


def _number(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        overlap(f"{name}__within1", "within 1%"),
        overlap(f"{name}__within10", "within 10%"),
    ]


def _text(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        overlap(f"{name}__near", "one typing error"),
        same(f"{name}__sorted", tf=False, label="same words"),
        half_the_words(name),
    ]


def _street(name: str) -> list[Level]:
    street = f"{name}__street"
    return [null(street), same(street), *_text(name)[2:]]


def _code(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        overlap(f"{name}__near", "1 typing error"),
        overlap(f"{name}__nearer", "2 typing errors"),
    ]


def _place(name: str) -> list[Level]:
    return [null(name), same(name), overlap(f"{name}__nearer", "alike")]


LEVELS: dict[str, Callable[[str], list[Level]]] = {
    "date": _date,
    "postcode": _postcode,
    "email": _email,
    "number": _number,
    "identifier": _code,
    "phone": _code,
    "address": _street,
    "text": _text,
    "place": _place,
    "category": category,
    "sex": category,
    HOUSE: house,
}


def token_comparisons(
    specification: LinkSpecification, standardised: Standardised
) -> list[Comparison]:
    """Return the comparisons of a specification over field tokens."""
    names = name_comparisons(standardised)
    fields = field_comparisons(specification, standardised, LEVELS)
    return in_households([*names, *fields], specification)


# What blocking works out from a value, and the column of tokens that stands for it.
PARTS = {
    "left(forename, 1)": "forename__initial",
    "left(forename, 3)": "forename__start3",
    "left(surname, 4)": "surname__start4",
}


def token_rule(rule: Rule) -> Rule:
    """Return a blocking rule that reads columns of tokens."""
    return replace(
        rule,
        parts=tuple(PARTS.get(part, part) for part in rule.parts),
        finer=tuple(map(token_rule, rule.finer)),
    )
