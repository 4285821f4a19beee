"""Legal gateways as dated data: who may use each, for what, on which conditions.

The strongest thing a route says is that it may apply if its conditions are
evidenced. Whether a body is listed is three-valued: listed, barred, or ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import ConfigDict

from staithe.base.errors import NotFound
from staithe.law.purposes import PURPOSES, Purpose
from staithe.law.vocabulary import CONDITIONS, DOCUMENTS, KINDS, PARTIES


__all__ = [
    "PURPOSES",
    "Fit",
    "Library",
    "Parties",
    "Purpose",
    "Route",
    "fit",
    "get_route",
    "load_routes",
    "routes_for",
]

Answer = Literal["listed", "barred", "ask"]
Status = Literal["found", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who may stand on one side of a route; whoever is in neither list must ask."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    who: str
    listed: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One gateway, as one file in data/routes states it.

    `status` says whether its substance was found in a public source or is general
    knowledge still to be verified; `dates_status` says the same of its dates.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    title: str
    summary: str
    kind: Literal["permits", "requires"]
    citation: str
    also_cited: tuple[str, ...] = ()
    status: Status
    version_seen: str
    checked_on: date
    nations: tuple[str, ...]
    valid_from: date | None = None
    valid_to: date | None = None
    dates_status: Status
    purposes: tuple[str, ...]
    holders: Parties
    recipients: Parties
    conditions: tuple[str, ...]
    documents: tuple[str, ...]
    onward: str
    restrictions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    human_review: bool = False

    def in_force(self, on: date) -> bool:
        """Say whether the route is in force on a day, as far as its dates tell."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_to is None or on <= self.valid_to
        )

    @property
    def condition_texts(self) -> dict[str, str]:
        """The conditions in plain English, by id."""
        return {each: CONDITIONS[each] for each in self.conditions}

    @property
    def document_texts(self) -> dict[str, str]:
        """The documents that must exist, by id."""
        return {each: DOCUMENTS[each] for each in self.documents}

    @property
    def purpose_texts(self) -> dict[str, str]:
        """The kinds of purpose that the route serves, by code."""
        return {each: PURPOSES[each].label for each in self.purposes}


@dataclass(frozen=True, slots=True)
class Library:
    """Every route that the program knows, in the order of their titles."""

    routes: tuple[Route, ...]

    def find(self, route_id: str) -> Route | None:
        """Return a route by its id, or None."""
        return next((each for each in self.routes if each.id == route_id), None)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether each side is on the list of a route."""

    holder: Answer
    recipient: Answer

    @property
    def barred(self) -> bool:
        """Whether either side is ruled out."""
        return "barred" in {self.holder, self.recipient}


def load_routes() -> Library:
    """Return the library of routes that ships with the program."""
    from staithe.law.loader import load_shipped

    return load_shipped()


def get_route(route_id: str) -> Route:
    """Return a route by its id; NotFound if the library has none."""
    route = load_routes().find(route_id)
    if route is None:
        raise NotFound(
            "There is no such legal route in the library. Choose one from the list.",
            field="route_id",
        )
    return route


def routes_for(purpose_code: str, *, on: date | None = None) -> list[Route]:
    """Return the routes that serve a kind of purpose, in force on a day if given."""
    return [
        route
        for route in load_routes().routes
        if purpose_code in route.purposes and (on is None or route.in_force(on))
    ]


def fit(route: Route, *, holder_kind: str, recipient_kind: str) -> Fit:
    """Say whether organisations of these kinds are listed, barred or must ask."""
    return Fit(
        holder=_answer(route.holders, holder_kind),
        recipient=_answer(route.recipients, recipient_kind),
    )


def party_texts(ids: tuple[str, ...]) -> list[str]:
    """Return kinds of party in words."""
    return [PARTIES[each] for each in ids]


def _answer(parties: Parties, kind: str) -> Answer:
    types = KINDS.get(kind, frozenset())
    if types and types <= set(parties.barred):
        return "barred"
    if types and types <= set(parties.listed):
        return "listed"
    return "ask"
