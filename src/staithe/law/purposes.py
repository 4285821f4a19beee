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
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Purpose:
    """A kind of purpose: its code, what it is called, what belongs to it."""

    code: str
    label: str
    description: str


PURPOSES: Mapping[str, Purpose] = MappingProxyType(
    {
        each.id: Purpose(each.id, each.text, each.more)
        for each in WORDS.purposes.values()
        if each.offered
    }
)
