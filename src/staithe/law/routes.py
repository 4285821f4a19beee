"""What other rooms ask of the library: routes for a purpose, and who fits them.

The strongest thing a route says is that it may apply if its conditions are
evidenced. Whether a body is listed is three-valued: listed, barred, or ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from staithe.base.errors import NotFound
from staithe.law.gateway import Gateway, Parties
from staithe.law.library import Library, load_library
from staithe.law.purposes import PURPOSES, Purpose
from staithe.law.vocabulary import KINDS, PARTIES


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
Route = Gateway


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
    return load_library()


def get_route(route_id: str, *, on: date | None = None) -> Route:
    """Return a route by its id, as it stood on a day if given; NotFound if none."""
    route = load_routes().find(route_id, on=on)
    if route is None:
        raise NotFound(
            "There is no such legal route in the library. Choose one from the list.",
            field="route_id",
        )
    return route


def routes_for(purpose_code: str, *, on: date | None = None) -> list[Route]:
    """Return the routes that serve a kind of purpose, in force on a day if given.

    Routes for any purpose at all (consent, within one body) are left to the engine.
    """
    return [
        route
        for route in load_routes().routes
        if route.purposes != ("*",)
        and route.serves(purpose_code)
        and (on is None or route.in_force(on))
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
