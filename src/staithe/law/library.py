"""The whole library of law as the engine reads it, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
        NoGateway,
        Restriction,
        Source,
    )
    from staithe.law.words import Words


@dataclass(frozen=True, kw_only=True)
class Library:
    """Everything the program knows of the law."""

    # Each gateway as it was amended: its versions in order of date.
    versions: Mapping[str, tuple[Gateway, ...]]
    lists: Mapping[str, SpecifiedList]
    restrictions: tuple[Restriction, ...]
    bearings: tuple[Bearing, ...]
    near: tuple[Near, ...]
    bases: tuple[Basis, ...]
    claims: tuple[Claim, ...]
    contradictions: tuple[Contradiction, ...]
    no_gateway: tuple[NoGateway, ...]
    acts: tuple[Act, ...]
    sources: Mapping[str, Source]
    step_conditions: Mapping[str, tuple[str, ...]]
    condition_tests: Mapping[str, Predicate]
    words: Words
    begins: date
    checked_on: date

    @cached_property
    def routes(self) -> tuple[Gateway, ...]:
        """Gateways as last amended, in the order of titles."""
        return _by_title(each[-1] for each in self.versions.values())

    @cached_property
    def by_id(self) -> Mapping[str, Gateway]:
        """Gateways by id, as last amended."""
        return {each.id: each for each in self.routes}

    def routes_on(self, on: date) -> tuple[Gateway, ...]:
        """Return gateways as they stood on a day; or else as near it as there is."""
        return _by_title(_on(each, on) for each in self.versions.values())

    def dated_rows(self) -> Iterator[tuple[tuple[str, str], Any]]:
        """Yield everything in the library that has dates, under a key of its own."""
        for versions in self.versions.values():
            yield from ((("gateway", each.id), each) for each in versions)
        for each_list in self.lists.values():
            for entry in each_list.entries:
                yield (each_list.id, f"{entry.who} {entry.paras}"), entry
            for objective in each_list.objectives:
                yield (each_list.id, objective.purpose), objective
        rows: tuple[Restriction | Bearing | NoGateway, ...] = (
            *self.restrictions,
            *self.bearings,
            *self.no_gateway,
        )
        yield from (((type(row).__name__, row.id), row) for row in rows)
        for basis in self.bases:
            yield from ((("basis", basis.id), row) for row in basis.rows)
        words = self.words
        for kind in (words.conditions, words.documents, words.bodies):
            yield from (((type(w).__name__, w.id), w) for w in kind.values())

    def find(self, route_id: str, on: date | None = None) -> Gateway | None:
        """Return a gateway by its id, as it stood on a day if given, or None."""
        versions = self.versions.get(route_id)
        if not versions:
            return None
        return versions[-1] if on is None else _on(versions, on)


def _by_title(gateways: Iterable[Gateway]) -> tuple[Gateway, ...]:
    return tuple(sorted(gateways, key=lambda each: (each.title, each.id)))


def _on(versions: tuple[Gateway, ...], on: date) -> Gateway:
    begun = [v for v in versions if v.valid_from is None or v.valid_from <= on]
    return begun[-1] if begun else versions[0]


def load_library() -> Library:
    """Return the library that ships with the program."""
    from staithe.law.loader import load_shipped

    return load_shipped()
