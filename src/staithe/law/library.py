"""The whole library of law as the engine reads it, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping

    from staithe.law.gateway import Gateway
    from staithe.law.lists import SpecifiedList
    from staithe.law.predicate import Predicate
    from staithe.law.rows import (
        Act,
        Basis,
        Bearing,
        Claim,
        Contradiction,
        Near,
        Restriction,
    )
    from staithe.law.words import Words


@dataclass(frozen=True, kw_only=True)
class Library:
    """Everything the program knows of the law, in the order of titles."""

    routes: tuple[Gateway, ...]
    lists: Mapping[str, SpecifiedList]
    restrictions: tuple[Restriction, ...]
    bearings: tuple[Bearing, ...]
    near: tuple[Near, ...]
    bases: tuple[Basis, ...]
    claims: tuple[Claim, ...]
    contradictions: tuple[Contradiction, ...]
    acts: tuple[Act, ...]
    condition_tests: Mapping[str, Predicate]
    words: Words
    begins: date
    checked_on: date

    @cached_property
    def by_id(self) -> Mapping[str, Gateway]:
        """Gateways by id."""
        return {each.id: each for each in self.routes}

    def find(self, route_id: str) -> Gateway | None:
        """Return a gateway by its id, or None."""
        return self.by_id.get(route_id)


def load_library() -> Library:
    """Return the library that ships with the program."""
    from staithe.law.loader import load_shipped

    return load_shipped()
