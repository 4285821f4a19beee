"""Pages of the legal library: every route, and one route in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.views.decorators.http import require_GET

from staithe.base.clock import now
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
    route = get_route(route_id)
    return render_page(
        request,
        "law/route.html",
        {
            "route": route,
            "in_force": route.in_force(now().date()),
            "sides": [
                ("Who may disclose", route.holders),
                ("Who may receive", route.recipients),
            ],
            "party_texts": party_texts,
        },
    )
