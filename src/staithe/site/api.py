"""The API: one description, one shape of error, each room's own routes."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from staithe.base.errors import BadInput, NotAllowed, NotFound, NotSignedIn, UserError
from staithe.site.api_page import ReferencePage
from staithe.site.parsing import StrictParser
from staithe.site.problems import PROBLEM_RESPONSE, PROBLEM_SCHEMA, problem_response


ROOMS_WITH_API = [
    "ledger",
    "people",
    "registers",
    "catalogue",
    "law",
    "sharing",
    "linkage",
    "exchange",
    "analysis",
    "accountability",
]

FORBIDDEN = 403


class Api(NinjaAPI):
    """The API whose description also says what an error looks like (RFC 9457)."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Return the OpenAPI description, with one shape of error for every route."""
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = PROBLEM_RESPONSE
        return schema


api = Api(
    title="Staithe",
    version="1",
    description="Everything a person can do on the pages, for programs.",
    urls_namespace="api",
    parser=StrictParser(),
    docs=ReferencePage(),
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


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer for what ninja refuses: a body that is no JSON, a missing CSRF token."""
    if isinstance(error.__cause__, UserError):
        return problem_response(error.__cause__)
    refusal = NotAllowed if error.status_code == FORBIDDEN else BadInput
    return problem_response(refusal(f"{error}."), status=error.status_code)


@api.exception_handler(Http404)
def nothing_here(request: HttpRequest, error: Http404) -> HttpResponse:
    """Answer 404 in the same shape."""
    return problem_response(NotFound("There is nothing at this address."))


for _room in ROOMS_WITH_API:
    _name = f"staithe.{_room}.api"
    if find_spec(_name):
        api.add_router("", import_module(_name).router)
