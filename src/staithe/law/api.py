"""The legal library for programs."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest
from ninja import Router, Schema

from staithe.law.purposes import PURPOSES
from staithe.law.routes import Parties, Route, get_route, load_routes, routes_for


router = Router(tags=["law"])


class PurposeOut(Schema):
    """A kind of purpose."""

    code: str
    label: str
    description: str


class PartiesOut(Schema):
    """Who may stand on one side of a route; whoever is in neither list must ask."""

    who: str
    listed: list[str]
    barred: list[str]


class RouteOut(Schema):
    """A legal route. Not legal advice: it may apply if its conditions are evidenced."""

    id: str
    title: str
    summary: str
    kind: str
    citation: str
    also_cited: list[str]
    status: str
    version_seen: str
    checked_on: date
    nations: list[str]
    valid_from: date | None
    valid_to: date | None
    dates_status: str
    purposes: list[str]
    holders: PartiesOut
    recipients: PartiesOut
    conditions: dict[str, str]
    documents: dict[str, str]
    onward: str
    restrictions: list[str]
    sources: list[str]
    human_review: bool


@router.get("/law/purposes", response=list[PurposeOut])
def list_purposes(request: HttpRequest) -> list[PurposeOut]:
    """List the kinds of purpose that a project may have."""
    return [
        PurposeOut(code=p.code, label=p.label, description=p.description)
        for p in PURPOSES.values()
    ]


@router.get("/law/routes", response=list[RouteOut])
def list_routes(
    request: HttpRequest, purpose: str = "", on: date | None = None
) -> list[RouteOut]:
    """List legal routes: for a kind of purpose, in force on a day, where given."""
    routes = routes_for(purpose, on=on) if purpose else list(load_routes().routes)
    return [_route(route) for route in routes if on is None or route.in_force(on)]


@router.get("/law/routes/{route_id}", response=RouteOut)
def show_route(request: HttpRequest, route_id: str) -> RouteOut:
    """Show one legal route."""
    return _route(get_route(route_id))


def _route(route: Route) -> RouteOut:
    return RouteOut(
        id=route.id,
        title=route.title,
        summary=route.summary,
        kind=route.kind,
        citation=route.citation,
        also_cited=list(route.also_cited),
        status=route.status,
        version_seen=route.version_seen,
        checked_on=route.checked_on,
        nations=list(route.nations),
        valid_from=route.valid_from,
        valid_to=route.valid_to,
        dates_status=route.dates_status,
        purposes=list(route.purposes),
        holders=_parties(route.holders),
        recipients=_parties(route.recipients),
        conditions=route.condition_texts,
        documents=route.document_texts,
        onward=route.onward,
        restrictions=list(route.restrictions),
        sources=list(route.sources),
        human_review=route.human_review,
    )


def _parties(parties: Parties) -> PartiesOut:
    return PartiesOut(
        who=parties.who, listed=list(parties.listed), barred=list(parties.barred)
    )
