"""One error, three faces: problem+json, a page, an exit code."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from staithe.base.errors import UserError
from staithe.ui.web import render_page


PROBLEM = "application/problem+json"
UNAUTHENTICATED = 401
# As the API's description states it.
PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457); `code` is stable, `detail` is for people.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "field": {"type": "string", "description": "The input at fault."},
    },
}
PROBLEM_RESPONSE = {
    "description": "The answer is no, with a sentence that says why",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
TITLES = {
    400: "There is a problem with what was sent",
    401: "Sign in first",
    403: "You cannot do this",
    404: "Not found",
    409: "This has changed",
    413: "Too large",
    422: "The answer is no",
    405: "This address does not accept that",
    429: "Too many attempts",
    500: "There is a problem with the service",
    503: "Not ready",
    507: "There is no room left",
}


def problem_response(error: UserError, *, status: int | None = None) -> HttpResponse:
    """Return RFC 9457 problem+json with our stable code and the field at fault."""
    code = status or error.status
    body = {
        "type": f"urn:staithe:error:{error.code}",
        "title": TITLES.get(code, "Error"),
        "status": code,
        "detail": error.message,
        "code": error.code,
    }
    if error.field:
        body["field"] = error.field
    response = JsonResponse(body, status=code, content_type=PROBLEM)
    if code == UNAUTHENTICATED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def wants_json(request: HttpRequest) -> bool:
    """Tell a program from a person."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or "json" in accept


def error_page(request: HttpRequest, error: UserError) -> HttpResponse:
    """Show the sentence on a page of its own."""
    title = TITLES.get(error.status, "There is a problem")
    return render_page(
        request,
        "site/error.html",
        {"title": title, "message": error.message, "status_code": error.status},
        status=error.status,
    )


def error_response(request: HttpRequest, error: UserError) -> HttpResponse:
    """Answer a program with problem+json and a person with a page."""
    if wants_json(request):
        return problem_response(error)
    return error_page(request, error)
