"""What is compared of two records, by the fields of a specification."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from staithe.linkage.levels import (
    CHECKED,
    EVENT,
    HOUSE,
    LEVELS,
    MORE,
    NAMED,
    WORDED,
    WORDED_ADDRESS,
    Level,
    forename_levels,
    middle_name_levels,
    surname_levels,
)
from staithe.linkage.specification import LinkField, LinkSpecification
from staithe.linkage.standardise import Standardised


# What people under one roof, or neighbours, have to do with a comparison: each their own,
# shared, or neither (ages lie near each other); nothing where it is not known.
Household = Literal["own", "shared", "near", ""]


@dataclass(frozen=True)
class Comparison:
    """One comparison of the model, with the columns that it reads.

    `household` says whether people of one household share it.
    """

    name: str
    levels: tuple[Level, ...]
    household: Household = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a record that the levels read, each once."""
        found = [c for each in self.levels for c in COLUMN.findall(each.sql)]
        found += [each.tf for each in self.levels if each.tf]
        return tuple(dict.fromkeys(found))

    @property
    def size(self) -> int:
        """How many levels there are, "different" included and missing not."""
        return 1 + sum(not each.is_null for each in self.levels)

    def untrained(self) -> list[dict[str, Any]]:
        """Return the levels as Splink writes them, before m and u are known."""
        written = [_as_splink(each) for each in self.levels]
        written.append({"sql_condition": "ELSE", "label_for_charts": "different"})
        return written

    def as_splink(
        self,
        m: Sequence[float],
        u: Sequence[float],
        rarity: Sequence[float],
    ) -> dict[str, Any]:
        """Return the comparison as Splink writes it, m and u with the best level last.

        `rarity` says how much the rarity of a value counts at each level, 0 to 1.
        """
        written = self.untrained()
        place = self.size
        for level in written:
            if not level.get("is_null_level"):
                place -= 1
                level |= {
                    "m_probability": float(m[place]),
                    "u_probability": float(u[place]),
                }
                if "tf_adjustment_column" in level:
                    level["tf_adjustment_weight"] = float(rarity[place])
        return {"output_column_name": self.name, "comparison_levels": written}


COLUMN = re.compile(r'"(\w+)_[lr]"')


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


def name_comparisons(standardised: Standardised) -> list[Comparison]:
    """Return the comparisons of a person's name, as far as both sides have it."""
    has = standardised.has
    both = has("forename", "surname")
    found = []
    if has("forename"):
        found.append(Comparison("forename", tuple(forename_levels(swaps=both))))
    if has("surname"):
        found.append(Comparison("surname", tuple(surname_levels(swaps=both))))
    # A middle name that one record in twenty has teaches the model nothing.
    if min(standardised.present.get("middle_name", (0.0,))) > 0.05:  # noqa: PLR2004
        found.append(Comparison("middle_name", tuple(middle_name_levels())))
    return found


def comparisons_for(
    specification: LinkSpecification, standardised: Standardised
) -> list[Comparison]:
    """Return the comparisons of a specification for fields both sides have filled."""
    names = name_comparisons(standardised)
    levels = LEVELS | MORE
    fields = field_comparisons(specification, standardised, levels)
    return in_households([*names, *fields], specification)


# What a household or a street has in common; and a file that names nothing else.
SHARED = {"postcode", "address", "place", "phone", "category"}
OF_PLACES = {"address", "postcode", "place", "category"}


def in_households(
    comparisons: Sequence[Comparison], specification: LinkSpecification
) -> list[Comparison]:
    """Return the comparisons with what a household or street shares marked as such."""
    of = {each.name: each.what.kind for each in specification.fields}
    people = "name" in of.values()
    places = set(of.values()) <= OF_PLACES
    found = []
    for each in comparisons:
        name = each.name.removesuffix("__house")
        kind = of.get(name, "name")
        household: Household = "own"
        if each.name == "surname" or kind in SHARED:
            household = "shared"
        if people and kind == "date":
            household = "near"
        # Neighbours share all but the number.
        if places and each.name != name:
            household = "own"
        found.append(replace(each, household=household))
    return found


def field_comparisons(
    specification: LinkSpecification,
    standardised: Standardised,
    levels: Mapping[str, Callable[[str], list[Level]]],
) -> list[Comparison]:
    """Return the comparisons of all but names; `levels` has those of each kind."""
    found = []
    for each in specification.fields:
        name = each.name
        if each.what.kind != "name" and standardised.has(compared_column(each)):
            kind = _kind(each, levels, standardised)
            found.append(Comparison(name, tuple(levels[kind](name))))
        if HOUSE in levels and standardised.has(f"{name}__numbers"):
            levels_of_it = tuple(levels[HOUSE](name))
            found.append(Comparison(f"{name}__house", levels_of_it))
    return found


def compared_column(field: LinkField) -> str:
    """Return the column that holds what is compared of a field."""
    return f"{field.name}__street" if field.what.kind == "address" else field.name


def _kind(field: LinkField, levels: Collection[str], standardised: Standardised) -> str:
    if field.scheme and CHECKED in levels:
        return CHECKED
    if standardised.has(f"{field.name}__rarest") and WORDED in levels:
        return WORDED_ADDRESS if field.what.kind == "address" else WORDED
    if field.meaning == "date" and EVENT in levels:
        return EVENT
    if standardised.has(f"{field.name}__rest") and NAMED in levels:
        return NAMED
    return field.what.kind
