"""The kinds of purpose that a project may have: each opens its own legal routes.

Codes are those of the fact patterns that the advice engine reads; a project has
exactly one, because a power given for one purpose is no power for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from staithe.law.vocabulary import WORDS


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from staithe.law.words import PurposeWord


def in_areas(purposes: Iterable[PurposeWord]) -> list[PurposeWord]:
    """Return purposes in the order of their areas, each area together."""
    order = list(WORDS.areas)
    return sorted(purposes, key=lambda each: order.index(each.area))


def area_headings(codes: Iterable[str]) -> dict[str, str]:
    """Return the heading above the first purpose of each area, in the order given."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for code in codes:
        purpose = WORDS.purposes.get(code)
        if purpose and purpose.area not in seen:
            seen.add(purpose.area)
            found[code] = WORDS.areas[purpose.area].text
    return found


@dataclass(frozen=True, slots=True)
class Purpose:
    """A kind of purpose: its code, what it is called, what belongs to it."""

    code: str
    label: str
    description: str


PURPOSES: Mapping[str, Purpose] = MappingProxyType(
    {
        each.id: Purpose(each.id, each.text, each.more)
        for each in in_areas(p for p in WORDS.purposes.values() if p.offered)
    }
)
