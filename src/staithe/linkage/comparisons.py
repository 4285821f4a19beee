"""How two values of one meaning are compared: levels from the same to different.

Every level is one SQL condition over two records (`_l` and `_r`), so the model is
an ordinary Splink model that others can read and run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import Standardised


@dataclass(frozen=True)
class Level:
    """One degree of agreement; `tf` names the column whose frequency counts."""

    label: str
    sql: str
    tf: str = ""
    is_null: bool = False


@dataclass(frozen=True)
class Comparison:
    """One comparison of the model, with the columns that it reads."""

    name: str
    levels: tuple[Level, ...]

    def as_splink(self) -> dict[str, Any]:
        """Return the comparison as Splink writes it in a model file."""
        return {
            "output_column_name": self.name,
            "comparison_levels": [*map(_as_splink, self.levels), _ELSE],
        }


_ELSE = {"sql_condition": "ELSE", "label_for_charts": "different"}


def _as_splink(level: Level) -> dict[str, Any]:
    written: dict[str, Any] = {
        "sql_condition": level.sql,
        "label_for_charts": level.label,
    }
    if level.is_null:
        written["is_null_level"] = True
    if level.tf:
        written["tf_adjustment_column"] = level.tf
        written["tf_adjustment_weight"] = 1.0
    return written


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
    """Return the level of at most so many typing errors (Damerau-Levenshtein)."""
    sql = f'damerau_levenshtein("{column}_l", "{column}_r") <= {most}'
    return Level(f"{most} typing error{'s' * (most > 1)}", sql)


def shared_words(column: str, share: float) -> Level:
    """Return the level of words in common, as a share of the shorter list."""
    words = f'"{column}__words_l"', f'"{column}__words_r"'
    sql = (
        f"len(list_intersect({words[0]}, {words[1]})) >="
        f" {share} * greatest(1, least(len({words[0]}), len({words[1]})))"
    )
    return Level(f"{share:.0%} of words shared", sql)


SWAPPED = '"forename_l" = "surname_r" AND "surname_l" = "forename_r"'


def name_comparisons(standardised: Standardised) -> list[Comparison]:
    """Return the comparisons of a person's name, as far as both sides have it."""
    has = standardised.has
    both = has("forename", "surname")
    found = []
    if has("forename"):
        found.append(Comparison("forename", tuple(_forename(swaps=both))))
    if has("surname"):
        found.append(Comparison("surname", tuple(_surname(swaps=both))))
    # A middle name that one record in twenty has teaches the model nothing.
    if min(standardised.present.get("middle_name", (0.0,))) > 0.05:  # noqa: PLR2004
        found.append(Comparison("middle_name", tuple(_middle_name())))
    return found


def _forename(*, swaps: bool) -> list[Level]:
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


def _surname(*, swaps: bool) -> list[Level]:
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


def _middle_name() -> list[Level]:
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
            f"damerau_levenshtein({left}, {right}) <= 1 OR (left({left}, 4) ="
            f" left({right}, 4) AND substr({left}, 6, 2) = substr({right}, 9, 2)"
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
        shared_words(name, 1.0),
        shared_words(name, 0.5),
    ]


def field_levels(each: LinkField) -> list[Level]:
    """Return the levels of a field that is not part of a name, by its kind."""
    name = each.name
    match each.what.kind:
        case "date":
            return _date(name)
        case "postcode":
            return _postcode(name)
        case "email":
            return _email(name)
        case "number":
            return _number(name)
        case "identifier" | "phone":
            return [null(name), same(name), edits(name, 1), edits(name, 2)]
        case "address" | "text":
            return _text(name)
        case "place":
            return [null(name), same(name), alike(name, 0.88)]
        case _:
            return [null(name), same(name)]


def comparisons_for(
    specification: LinkSpecification, standardised: Standardised
) -> list[Comparison]:
    """Return the comparisons of a specification for fields both sides have filled."""
    found = name_comparisons(standardised)
    for each in specification.fields:
        if each.what.kind != "name" and standardised.has(each.name):
            found.append(Comparison(each.name, tuple(field_levels(each))))
    return found
