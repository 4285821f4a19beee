"""The start page, health, metrics, and the pages for what went wrong."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from staithe.base.clock import now
from staithe.base.errors import (
    BadInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooLarge,
    UserError,
)
from staithe.people.permissions import Permission, can_somewhere
from staithe.site import metrics
from staithe.site.problems import error_response, problem_response, wants_json
from staithe.ui.web import render_page


NOTHING_HERE = "There is nothing at this address. Check it, or start again."
STALE_FORM = (
    "This form has expired or was not made by this service. Go back, reload the "
    "page and send it again."
)
BROKEN = "Sorry, there is a problem with the service. Try again later."


def start(request: HttpRequest) -> HttpResponse:
    """Say what the service is for and where to begin."""
    manages = can_somewhere(request.user, Permission.MANAGE_PEOPLE)
    return render_page(request, "site/start.html", {"manages_people": manages})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers and the home folder can be written."""
    found = {"database": _database_answers(), "home": _home_can_be_written()}
    return JsonResponse(found, status=200 if all(found.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
            return bool(cursor.fetchall() == [(1,)])
    except DatabaseError:
        return False


def _home_can_be_written() -> bool:
    try:
        (settings.HOME / ".ready").write_text("ok", "ascii")
    except OSError:
        return False
    return True


@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Give an operator's monitoring its figures, for a token; off unless one is set."""
    if not settings.METRICS_TOKEN:
        raise NotFound(NOTHING_HERE)
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode()):
        raise NotSignedIn("Send the metrics token: Authorization: Bearer <token>")
    text = metrics.to_text(metrics.collect(at=now()))
    return HttpResponse(text, content_type=metrics.CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for what Django refuses to read: an unknown host, too large a form."""
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2
        return error_response(
            request, TooLarge(f"What was sent is larger than {most} MB.")
        )
    why = "This request cannot be read."
    if isinstance(exception, SuspiciousOperation):
        why = "This request is not one that a page or a client of this service makes."
    return error_response(request, BadInput(why))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 with a sentence."""
    return error_response(request, NotAllowed("You cannot see or do this."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that carries no proof of having been asked for."""
    return error_response(request, NotAllowed(STALE_FORM, code="csrf"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 with a sentence."""
    return error_response(request, NotFound(NOTHING_HERE))


# Written out here, because what broke may be the templates or the database.
SERVER_ERROR = """<!DOCTYPE html>
<html lang="en" class="govuk-template">
<head>
<meta charset="utf-8">
<title>Sorry, there is a problem with the service</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/build/staithe.css">
</head>
<body class="govuk-template__body">
<div class="govuk-width-container"><main class="govuk-main-wrapper" id="main-content">
<h1 class="govuk-heading-l">Sorry, there is a problem with the service</h1>
<p class="govuk-body">Try again later. What you sent before was kept.</p>
<p class="govuk-body">If you write to us about it, quote {request_id}.</p>
<p class="govuk-body"><a class="govuk-link" href="/">Go to the start page</a></p>
</main></div>
</body>
</html>
"""


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without a trace; the log has it under the request's number."""
    if wants_json(request):
        return problem_response(UserError(BROKEN, code="server-error"), status=500)
    number = getattr(request, "request_id", "the time")
    return HttpResponse(SERVER_ERROR.format(request_id=number), status=500)
