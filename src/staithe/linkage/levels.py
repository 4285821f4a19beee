"""The levels of comparisons: from the same to different, for each kind of value.

Every level is one SQL condition over two records (`_l` and `_r`), so the model is
an ordinary Splink model that others can read and run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """One degree of agreement; `tf` names the column whose frequency counts."""

    label: str
    sql: str
    tf: str = ""
    is_null: bool = False


def null(*columns: str) -> Level:
    """Return the level of a value that is missing on either side."""
    sides = [f'"{c}_l" IS NULL OR "{c}_r" IS NULL' for c in columns]
    return Level("missing", " OR ".join(sides), is_null=True)


def same(column: str, *, tf: bool = True, label: str = "same") -> Level:
    """Return the level of equal values, weighed by how common the value is."""
    return Level(label, f'"{column}_l" = "{column}_r"', column if tf else "")


def alike(column: str, least: float) -> Level:
    """Return the level of a Jaro-Winkler similarity of at least `least`."""
    sql = f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {least}'
    return Level(f"alike at {least}", sql)


def edits(column: str, most: int) -> Level:
    """Return the level of at most so many typing errors (Damerau-Levenshtein).

    The cheaper Levenshtein distance is at most twice as large, so it rules out most
    pairs first.
    """
    left, right = f'"{column}_l"', f'"{column}_r"'
    sql = (
        f"abs(length({left}) - length({right})) <= {most}"
        f" AND levenshtein({left}, {right}) <= {2 * most}"
        f" AND damerau_levenshtein({left}, {right}) <= {most}"
    )
    return Level(f"{most} typing error{'s' * (most > 1)}", sql)


def all_the_words(column: str) -> Level:
    """Return the level of a text that holds every word of the other, two at least."""
    return _words(
        column, "all words of the shorter", "{shared} >= greatest(2, {words})"
    )


def half_the_words(column: str) -> Level:
    """Return the level of half the words in common, of the shorter list."""
    return _words(column, "half of the words shared", "2 * {shared} >= {words}")


def _words(column: str, label: str, enough: str) -> Level:
    left, right = f'"{column}__words_l"', f'"{column}__words_r"'
    counts = {
        "shared": f"len(list_intersect({left}, {right}))",
        "words": f"least(len({left}), len({right}))",
    }
    met = enough.format(**counts)
    return Level(label, f"list_has_any({left}, {right}) AND {met}")


SWAPPED = '"forename_l" = "surname_r" AND "surname_l" = "forename_r"'


def forename_levels(*, swaps: bool) -> list[Level]:
    """Return the levels of a forename; `swaps` where the surname is known as well."""
    levels = [null("forename"), same("forename")]
    if swaps:
        levels.append(Level("swapped with surname", SWAPPED))
    return [
        *levels,
        alike("forename", 0.92),
        Level(
            "initial only",
            '(length("forename_l") = 1 OR length("forename_r") = 1)'
            ' AND left("forename_l", 1) = left("forename_r", 1)',
        ),
        alike("forename", 0.8),
        Level(
            "elsewhere in the name",
            'list_contains("name_words_l", "forename_r")'
            ' OR list_contains("name_words_r", "forename_l")',
        ),
    ]


def surname_levels(*, swaps: bool) -> list[Level]:
    """Return the levels of a surname; `swaps` where the forename is known as well."""
    missing = null("surname")
    if swaps:
        # A swap is judged once, with the forename.
        missing = Level("missing or swapped", f"{missing.sql} OR ({SWAPPED})", "", True)  # noqa: FBT003  is_null
    return [
        missing,
        same("surname"),
        alike("surname", 0.92),
        alike("surname", 0.8),
        Level(
            "elsewhere in the name",
            'list_contains("name_words_l", "surname_r")'
            ' OR list_contains("name_words_r", "surname_l")',
        ),
    ]


def middle_name_levels() -> list[Level]:
    """Return the levels of middle names."""
    return [
        null("middle_name"),
        same("middle_name"),
        alike("middle_name", 0.9),
        Level(
            "same initial",
            'left("middle_name_l", 1) = left("middle_name_r", 1)',
        ),
    ]


def _date(name: str) -> list[Level]:
    left, right = f'"{name}_l"', f'"{name}_r"'
    days = f'abs("{name}__day_l" - "{name}__day_r")'
    return [
        null(name),
        same(name),
        Level(
            "one typing error, or day and month swapped",
            # Dates have one length, so the cheap Hamming distance rules most out.
            f"(hamming({left}, {right}) <= 2 AND damerau_levenshtein({left}, {right})"
            f" <= 1) OR (left({left}, 4) = left({right}, 4)"
            f" AND substr({left}, 6, 2) = substr({right}, 9, 2)"
            f" AND substr({left}, 9, 2) = substr({right}, 6, 2))",
        ),
        Level(
            "two parts of three the same",
            f"(left({left}, 7) = left({right}, 7)) OR (substr({left}, 6) ="
            f" substr({right}, 6)) OR (left({left}, 4) = left({right}, 4)"
            f" AND right({left}, 2) = right({right}, 2))",
        ),
        Level("within a month", f"{days} <= 31"),
        Level("within a year", f"{days} <= 366"),
        Level("within ten years", f"{days} <= 3653"),
    ]


def _event(name: str) -> list[Level]:
    """Return the levels of the date of an event: two accounts differ by some days."""
    missing, equal, mistyped, parts, month, year, decade = _date(name)
    days = f'abs("{name}__day_l" - "{name}__day_r")'
    return [
        missing,
        equal,
        Level("within three days", f"{days} <= 3"),
        mistyped,
        Level("within ten days", f"{days} <= 10"),
        month,
        parts,
        year,
        decade,
    ]


def _postcode(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        edits(name, 1),
        same(f"{name}__sector", tf=False, label="same sector"),
        same(f"{name}__district", tf=False, label="same district"),
        same(f"{name}__area", tf=False, label="same area"),
    ]


def _email(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        same(f"{name}__user", tf=False, label="same user name"),
        alike(name, 0.88),
        alike(f"{name}__user", 0.88),
    ]


def _named_email(name: str) -> list[Level]:
    """Return the levels of an address where names are known as well.

    One made of a name says little beside the name: namesakes have such ones too.
    """
    missing, equal, user, *alikes = _email(name)
    rest_l, rest_r = f'"{name}__rest_l"', f'"{name}__rest_r"'
    of_name = Level("same user name, of a name alone", f"{user.sql} AND {rest_l} = ''")
    other = Level("of a name, with something else", f"{rest_l} <> {rest_r}")
    return [missing, equal, of_name, user, other, *alikes]


def _number(name: str) -> list[Level]:
    gap = f'abs("{name}_l" - "{name}_r")'
    size = f'greatest(abs("{name}_l"), abs("{name}_r"))'
    return [
        null(name),
        same(name),
        Level("within 1%", f"{gap} <= 0.01 * {size}"),
        Level("within 10%", f"{gap} <= 0.1 * {size}"),
    ]


def _text(name: str) -> list[Level]:
    return [
        null(name),
        same(name),
        alike(name, 0.92),
        same(f"{name}__sorted", tf=False, label="same words"),
        all_the_words(name),
        half_the_words(name),
    ]


def _worded(name: str) -> list[Level]:
    """Return the levels of a text whose rare words are known."""
    *closer, half = _text(name)
    return [*closer, same(f"{name}__rarest", label="the same rarest word"), half]


def _street(name: str) -> list[Level]:
    """Return the levels of an address, its numbers aside: they are judged by themselves."""
    words, every, half = _text(name)[3:]
    street = f"{name}__street"
    return [null(street), same(street), alike(street, 0.92), words, every, half]


def _worded_street(name: str) -> list[Level]:
    """Return the levels of an address whose rare words are known."""
    *closer, half = _street(name)
    return [*closer, same(f"{name}__rarest", label="the same rarest word"), half]


def house(name: str) -> list[Level]:
    """Return the levels of the numbers in an address: next door is another house."""
    numbers, each = f"{name}__numbers", f"{name}__number_list"
    shared = f'list_has_any("{each}_l", "{each}_r")'
    return [null(numbers), same(numbers), Level("a number shared", shared)]


def _code(name: str) -> list[Level]:
    return [null(name), same(name), edits(name, 1), edits(name, 2)]


def _checked_code(name: str) -> list[Level]:
    """Return the levels of an identifier with a check: valid and equal is the most.

    Two different valid numbers contradict each other; a mistyped one is seldom valid.
    """
    sure = f"{name}__sure"
    return [
        null(name),
        same(sure, label="the same valid number"),
        same(name, tf=False, label="the same, not valid"),
        Level("two different valid numbers", f'"{sure}_l" <> "{sure}_r"'),
        edits(name, 1),
        edits(name, 2),
    ]


def _place(name: str) -> list[Level]:
    return [null(name), same(name), alike(name, 0.88)]


def category(name: str) -> list[Level]:
    """Return the levels of a value that is equal or not."""
    return [null(name), same(name)]


CHECKED = "checked identifier"
WORDED = "text of counted words"
WORDED_ADDRESS = "address of counted words"
HOUSE = "numbers of an address"
EVENT = "date of an event"
NAMED = "email beside a name"
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
# The kinds above, and what takes their place where more is known of the values.
MORE = {
    CHECKED: _checked_code,
    WORDED: _worded,
    WORDED_ADDRESS: _worded_street,
    EVENT: _event,
    NAMED: _named_email,
}
