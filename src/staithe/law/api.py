"""The legal library for programs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from staithe.law.advise import advise
from staithe.law.changes import Change, changes_between
from staithe.law.citations import CitationFinding, lint
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
    reviewer: str
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
def show_route(request: HttpRequest, route_id: str, on: date | None = None) -> RouteOut:
    """Show one legal route, as it stood on a day where one is given."""
    return _route(get_route(route_id, on=on))


@router.post("/law/advice")
def give_advice(
    request: HttpRequest,
    facts: Annotated[dict[str, Any], Body()],
    on: date | None = None,
    reasoning: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """Say what the library makes of some facts; nothing is stored.

    The facts are those of `staithe advise`, or a case with `facts` in it.
    """
    return advise(facts, on=on).to_plain(reasoning=reasoning)


class ChangeOut(Schema):
    """A row of law that begins or ends."""

    on: date
    kind: str
    what: str
    id: str
    title: str
    citation: str
    status: str


@router.get("/law/changes", response=list[ChangeOut])
def list_changes(request: HttpRequest, start: date, end: date) -> list[Change]:
    """List what begins and ends in the library between two days."""
    return changes_between(load_routes(), start, end)


class TextIn(Schema):
    """Text whose citations are to be checked."""

    text: str


class FindingOut(Schema):
    """A citation that cannot be right."""

    found: str
    kind: str
    says: str


@router.post("/law/citations", response=list[FindingOut])
def check_citations(request: HttpRequest, body: TextIn) -> list[CitationFinding]:
    """Check the citations in a text; nothing is stored."""
    return lint(body.text, load_routes().acts)


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
        reviewer=route.reviewer,
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
