"""What surrounds every request: an id and a log line, headers, errors as pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from staithe.base.errors import NotSignedIn, UserError
from staithe.base.ids import new_reference
from staithe.site.problems import error_page, problem_response, wants_json


log = structlog.get_logger("staithe.request")
Next = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)


class RequestLog:
    """Log method, path, status and time; never the query string or a body."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Give the request an id that the answer carries too."""
        request_id = new_reference("RQ", 12)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            log.info(
                "request",
                method=request.method,
                path=_without_secrets(request.path),
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000),
            )
        response["X-Request-Id"] = request_id
        return response


def _without_secrets(path: str) -> str:
    """Hide one-time links, whose path is the secret."""
    if path.startswith("/invitations/"):
        return "/invitations/…"
    return path


class Headers:
    """Deny by default: content policy, no caching of pages behind sign-in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set each header that the view did not set itself."""
        response = self.get_response(request)
        policy = POLICY
        if request.path == "/api/v1/docs":
            policy = "default-src 'self' 'unsafe-inline' data:"
        response.setdefault("Content-Security-Policy", policy)
        response.setdefault("Permissions-Policy", "geolocation=(), camera=()")
        response.setdefault("Cache-Control", "no-store")
        return response


class Errors:
    """Turn an error meant for people into a page, JSON, or the sign-in page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on; exceptions arrive at process_exception."""
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer for a UserError; leave bugs to the server error page."""
        if not isinstance(error, UserError):
            return None
        if wants_json(request):
            return problem_response(error)
        if isinstance(error, NotSignedIn):
            return HttpResponseRedirect(
                f"/sign-in?next={quote(request.get_full_path())}"
            )
        return error_page(request, error)
