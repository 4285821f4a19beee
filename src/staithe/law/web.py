"""Pages of the legal library: every route, and one route in full."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django import forms
from django.views.decorators.http import require_GET

from staithe.base.clock import now
from staithe.base.errors import BadInput, NotFound
from staithe.law.purposes import PURPOSES
from staithe.law.routes import get_route, load_routes, party_texts, routes_for
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.forms import Form
from staithe.ui.web import query_of, render_page


if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class PurposeFilter(Form):
    """Narrows the library to the routes for one kind of purpose."""

    purpose = forms.ChoiceField(
        label="Kind of purpose",
        required=False,
        choices=[("", "All"), *((p.code, p.label) for p in PURPOSES.values())],
    )


@require_GET
def list_routes(request: HttpRequest) -> HttpResponse:
    """List the routes, all or those for a kind of purpose."""
    purpose = query_of(request).get("purpose")
    routes = routes_for(purpose) if purpose in PURPOSES else load_routes().routes
    if wants_csv(request):
        rows = ([r.id, r.title, r.citation, r.status, r.checked_on] for r in routes)
        return csv_response(
            "legal-routes", ["id", "title", "citation", "status", "checked"], rows
        )
    return render_page(
        request,
        "law/routes.html",
        {"filter_form": PurposeFilter(request.GET), "routes": list(routes)},
    )


@require_GET
def show_route(request: HttpRequest, route_id: str) -> HttpResponse:
    """Show one route: who, what for, conditions, documents, dates and sources."""
    on = day_in(request)
    route = get_route(route_id, on=on)
    library = load_routes()
    return render_page(
        request,
        "law/route.html",
        {
            "route": route,
            "in_force": route.in_force(on),
            "sides": [
                ("Who may disclose", route.holders),
                ("Who may receive", route.recipients),
            ],
            "party_texts": party_texts,
            "sources": library.sources,
            "lists": library.lists,
            "versions": library.versions[route_id],
        },
    )


@require_GET
def show_list(request: HttpRequest, list_id: str) -> HttpResponse:
    """Show a list of specified persons, and the objectives, as they stand on a day."""
    library = load_routes()
    the_list = library.lists.get(list_id)
    if the_list is None:
        raise NotFound("There is no such list in the library.")
    on = day_in(request)
    return render_page(
        request,
        "law/list.html",
        {
            "list": the_list,
            "on": on,
            "objectives": [each for each in the_list.objectives if each.in_force(on)],
            "words": library.words,
            "sources": library.sources,
        },
    )


def day_in(request: HttpRequest) -> date:
    """Return the day in the address, today if there is none; BadInput if no day."""
    text = query_of(request).get("on")
    if not text:
        return now().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            "on: is not a date. Write it as 2026-07-01.", field="on"
        ) from None
