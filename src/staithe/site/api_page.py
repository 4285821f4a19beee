"""The API's reference as a page of ours: readable offline, without scripts.

It is drawn from the OpenAPI description, so it cannot say anything else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from staithe.ui.web import render_page


METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
FORM = "multipart/form-data"
EXAMPLES = {"integer": 1, "number": 1.5, "boolean": True, "list": [], "object": {}}


@dataclass(frozen=True)
class Field:
    """One value that a call takes or gives: where it stands, its type, its meaning."""

    name: str
    place: str
    type: str
    required: bool
    words: str


@dataclass(frozen=True)
class Call:
    """One method of one address."""

    method: str
    path: str
    words: str
    fields: tuple[Field, ...]
    answers: tuple[Field, ...]
    statuses: tuple[str, ...]
    needs_token: bool
    example: str

    @property
    def anchor(self) -> str:
        """Return the name by which a link finds it on the page."""
        words = self.path.replace("{", "").replace("}", "").strip("/").split("/")
        return "-".join((self.method, *words[2:]))


class ReferencePage(DocsBase):
    """Draws the page in place of a script from elsewhere."""

    def render_page(
        self,
        request: HttpRequest,
        api: NinjaAPI,
        **kwargs: Any,  # noqa: ARG002  the address has no parts
    ) -> HttpResponse:
        """Show every call by room."""
        groups = read_calls(api.get_openapi_schema(), base_url=settings.BASE_URL)
        return render_page(request, "site/api.html", {"groups": groups})


def read_calls(
    schema: dict[str, Any], *, base_url: str
) -> list[tuple[str, list[Call]]]:
    """Return the calls of an OpenAPI 3 description, by their first tag, in its order."""
    groups: dict[str, list[Call]] = {}
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if method in operations:
                call = _call(schema, path, method, operations[method], base_url)
                tag = next(iter(operations[method].get("tags", ())), "other")
                groups.setdefault(tag, []).append(call)
    return list(groups.items())


def _call(
    schema: dict[str, Any],
    path: str,
    method: str,
    operation: dict[str, Any],
    base_url: str,
) -> Call:
    parameters = [
        Field(
            each["name"],
            each["in"],
            _type(schema, each["schema"]),
            each.get("required", False),
            each["schema"].get("description", each.get("description", "")),
        )
        for each in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {})
    form = next((kind for kind in (FORM, JSON) if kind in body), "")
    sent = _properties(schema, body[form]["schema"], place="body") if form else []
    answers = operation["responses"]
    good = [status for status in map(str, answers) if status.startswith("2")]
    content = answers.get(int(good[0]), answers.get(good[0])) if good else {}
    answer = (content or {}).get("content", {}).get(JSON, {}).get("schema")
    token = any("BearerAuth" in each for each in operation.get("security", ()))
    return Call(
        method=method,
        path=path,
        words=operation.get("description", operation.get("summary", "")),
        fields=(*parameters, *sent),
        answers=tuple(_properties(schema, answer, place="answer")) if answer else (),
        statuses=tuple(good),
        needs_token=token,
        example=_curl(method, base_url + path, sent, form=form, token=token),
    )


def _properties(
    schema: dict[str, Any], part: dict[str, Any], place: str
) -> list[Field]:
    """Return the fields of an object, or of the objects in a list."""
    found = _resolve(schema, part)
    if found.get("type") == "array":
        found = _resolve(schema, found["items"])
    required = found.get("required", ())
    return [
        Field(
            name,
            place,
            _type(schema, each),
            name in required,
            each.get("description", ""),
        )
        for name, each in found.get("properties", {}).items()
    ]


def _resolve(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "allOf" in part:
        return _resolve(schema, part["allOf"][0])
    if "$ref" not in part:
        return part
    name = part["$ref"].rpartition("/")[2]
    found: dict[str, Any] = schema["components"]["schemas"][name]
    return found


def _type(schema: dict[str, Any], part: dict[str, Any]) -> str:
    if "anyOf" in part:
        return " or ".join(_type(schema, each) for each in part["anyOf"])
    if "enum" in part:
        return " | ".join(str(each) for each in part["enum"])
    if "$ref" in part or "allOf" in part:
        found = _resolve(schema, part)
        return "object" if "properties" in found else _type(schema, found)
    if part.get("type") == "array":
        return f"list of {_type(schema, part.get('items', {}))}"
    return str(part.get("format", part.get("type", "any")))


def _curl(method: str, url: str, sent: list[Field], *, form: str, token: bool) -> str:
    """Return the line that a reader copies into a terminal."""
    words = ["curl"]
    if method != "get":
        words.append(f"-X {method.upper()}")
    if token:
        words.append('-H "Authorization: Bearer $TOKEN"')
    needed = [each for each in sent if each.required]
    if form == FORM:
        words += [f"-F {each.name}={_form_value(each)}" for each in needed]
    elif form:
        body = {each.name: EXAMPLES.get(each.type.split()[0], "…") for each in needed}
        words.append(f"-H 'Content-Type: {JSON}'")
        words.append(f"-d '{json.dumps(body, ensure_ascii=False)}'")
    return " ".join([*words, f"'{url}'"])


def _form_value(field: Field) -> str:
    return "@table.csv" if field.type == "binary" else "…"
