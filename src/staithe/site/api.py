"""The API: one description, one shape of error, each room's own routes."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from staithe.base.errors import BadInput, NotSignedIn, UserError
from staithe.site.problems import problem_response


ROOMS_WITH_API = [
    "ledger",
    "people",
    "catalogue",
    "law",
    "sharing",
    "exchange",
    "analysis",
    "accountability",
]

api = NinjaAPI(
    title="Staithe",
    version="1",
    description="Everything a person can do on the pages, for programs.",
    urls_namespace="api",
)


def _sentence(error: dict[str, Any]) -> str:
    """Name the field and what is wrong with it."""
    where = ".".join(str(part) for part in error.get("loc", ())[1:]) or "request"
    return f"{where}: {error.get('msg', 'is not valid')}"


@api.exception_handler(UserError)
def user_error(request: HttpRequest, error: UserError) -> HttpResponse:
    """Answer with problem+json (RFC 9457)."""
    return problem_response(error)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name each field at fault in one sentence."""
    sentences = "; ".join(_sentence(dict(item)) for item in error.errors)
    return problem_response(BadInput(sentences, code="invalid"), status=422)


@api.exception_handler(AuthenticationError)
def not_signed_in(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    """Say how to sign in."""
    return problem_response(
        NotSignedIn(
            "Send a token: make one on your account page (Authorization: Bearer)."
        )
    )


for _room in ROOMS_WITH_API:
    _name = f"staithe.{_room}.api"
    if find_spec(_name):
        api.add_router("", import_module(_name).router)
