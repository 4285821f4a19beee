"""What surrounds every request: an id and a log line, headers, errors as pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote, unquote_plus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from staithe.base.errors import BadInput, NotSignedIn, TooLarge, UserError
from staithe.base.ids import new_reference
from staithe.base.outage import as_outage
from staithe.site.counting import count_answer
from staithe.site.logs import without_secrets
from staithe.site.problems import error_response, wants_json


log = structlog.get_logger("staithe.request")
Next = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
METHOD_NOT_ALLOWED = 405
FORM_BYTES = 1024**2  # what surrounds a file in a form


class MethodNotAllowed(UserError):
    """The address is known and is not for this method."""

    status = METHOD_NOT_ALLOWED
    code = "method-not-allowed"


class RequestLog:
    """Log method, path, status and time; never the query string or a body."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Give the request an id that the answer carries too."""
        request_id = new_reference("RQ", 12)
        request.request_id = request_id  # type: ignore[attr-defined]  # ours, for the error page
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            count_answer(response.status_code, seconds=seconds)
            log.info(
                "request",
                method=request.method,
                path=without_secrets(request.path),
                status=response.status_code,
                ms=round(seconds * 1000),
            )
        response["X-Request-Id"] = request_id
        return response


class Headers:
    """Deny by default: content policy, no caching of pages behind sign-in.

    Outermost but one, so that whatever answers, refusals included, carries them.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set each header that the view did not set itself."""
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Permissions-Policy", "geolocation=(), camera=()")
        response.setdefault("Cache-Control", "no-store")
        return response


class Limits:
    """Refuse what is too large or unreadable before any of it is read."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Judge by the length that is announced, and by the address."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        most = settings.MAX_UPLOAD_BYTES + FORM_BYTES
        if length.isdigit() and int(length) > most:
            megabytes = settings.MAX_UPLOAD_BYTES // 1024**2
            return error_response(
                request, TooLarge(f"The file is larger than {megabytes:,} MB.")
            )
        address = request.path + unquote_plus(request.META.get("QUERY_STRING", ""))
        if "\x00" in address:  # no database of ours stores it
            return error_response(
                request, BadInput("An address cannot hold the character U+0000.")
            )
        return self.get_response(request)


class Errors:
    """Turn an error meant for people into a page, JSON, or the sign-in page."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Put words to a refusal that came without; exceptions arrive below."""
        response = self.get_response(request)
        if response.status_code != METHOD_NOT_ALLOWED or _has_words(request, response):
            return response
        allowed = response.headers.get("Allow", "")
        answer = error_response(request, MethodNotAllowed(f"Use {allowed} here."))
        answer["Allow"] = allowed
        return answer

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer for a UserError; leave bugs to the server error page."""
        if not isinstance(error, UserError):
            outage = as_outage(error)
            if outage is None:
                return None
            log.error("outage", code=outage.code, error=str(error), exc_info=error)
            return error_response(request, outage)
        if isinstance(error, NotSignedIn) and not wants_json(request):
            return HttpResponseRedirect(
                f"/sign-in?next={quote(request.get_full_path())}"
            )
        return error_response(request, error)


def _has_words(request: HttpRequest, response: HttpResponse) -> bool:
    """Say whether a refusal already speaks the caller's language."""
    if wants_json(request):
        return "json" in response.headers.get("Content-Type", "")
    return bool(response.content)
