"""How a view answers with a page, and the pages that belong to no room.

Every room's web.py ends in `render_page`. It adds what the frame needs: who is
signed in, how many messages wait, which part of the service this is, and whether
the title must start with `Error:`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.messages import get_messages
from django.forms import BaseForm, BaseFormSet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from staithe.ui.gallery import gallery
from staithe.ui.navigation import account_of, navigation_of
from staithe.ui.paging import Query


def query_of(request: HttpRequest) -> Query:
    """Return the query string of a request as paging and sorting read it."""
    return Query.from_lists(request.GET.lists())


def page_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the frame of every page shows, with safe defaults."""
    return {
        "navigation": navigation_of(request.path),
        "account": account_of(request),
        "notices": list(get_messages(request)) if hasattr(request, "_messages") else [],
        "here": request.get_full_path(),
        "csv_here": query_of(request).url(format="csv", page=None),
        "title_prefix": "",
    }


def has_errors(context: Mapping[str, Any]) -> bool:
    """Say whether any form shown was sent and refused."""
    return any(
        value.is_bound and value.errors
        for value in context.values()
        if isinstance(value, BaseForm | BaseFormSet)
    )


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Answer with a page that extends base.html."""
    full = page_context(request) | dict(context or {})
    if has_errors(full):
        full["title_prefix"] = "Error: "
    return HttpResponse(render_to_string(template, full, request), status=status)


def accessibility(request: HttpRequest) -> HttpResponse:
    """Show the accessibility statement."""
    return render_page(request, "ui/accessibility.html")


def privacy(request: HttpRequest) -> HttpResponse:
    """Show what the service itself keeps about the people who use it."""
    return render_page(request, "ui/privacy.html")


def cookies(request: HttpRequest) -> HttpResponse:
    """Show which cookies are set and why."""
    return render_page(request, "ui/cookies.html")


def about(request: HttpRequest) -> HttpResponse:
    """Show what the service is for."""
    return render_page(request, "ui/about.html")


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component once: what the browser tests look at."""
    query = query_of(request)
    return render_page(
        request, "ui/styleguide.html", gallery(request.POST or None, query)
    )
