"""The start page, health, and the pages for what went wrong."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from staithe.base.errors import NotFound, UserError
from staithe.site.problems import error_page, problem_response, wants_json
from staithe.ui.web import render_page


def start(request: HttpRequest) -> HttpResponse:
    """Say what the service is for and where to begin."""
    return render_page(request, "site/start.html", {})


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers and the home folder can be written."""
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        database = cursor.fetchall() == [(1,)]
    probe = settings.HOME / ".ready"
    probe.write_text("ok", "ascii")
    return JsonResponse({"database": database, "home": True})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 with a sentence."""
    error = NotFound("There is nothing at this address. Check it, or start again.")
    return (
        problem_response(error) if wants_json(request) else error_page(request, error)
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without a trace."""
    error = UserError("Sorry, there is a problem with the service. Try again later.")
    if wants_json(request):
        return problem_response(error, status=500)
    return HttpResponse(
        f"<!doctype html><html lang=en><title>{error.message}</title>"
        f"<h1>Sorry, there is a problem with the service</h1>"
        f"<p>Try again later. What you sent before was kept.</p>",
        status=500,
    )
