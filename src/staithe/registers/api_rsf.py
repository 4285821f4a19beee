"""RSF sent to a register by a program that keeps it: `POST …/load-rsf`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from staithe.base import clock
from staithe.base.errors import BadInput, TooLarge, UserError
from staithe.people.tokens import authenticate_bearer
from staithe.registers import formats, item, queries, rsf
from staithe.registers.actions import Loaded, load_rsf
from staithe.registers.formats import MethodNotAllowed


CHUNK = 1 << 20
KINDS = {rsf.MEDIA_TYPE, "application/vnd.rsf"}


@csrf_exempt  # a token is asked for, never a cookie
def load(request: HttpRequest, slug: str) -> HttpResponse:
    """Append the lines in the body as one transaction."""
    try:
        if request.method != "POST":
            raise MethodNotAllowed("Send RSF here with POST.", allow="POST")
        return formats.json_answer(_load(request, slug))
    except UserError as error:
        return formats.problem(error)


def _load(request: HttpRequest, name: str) -> dict[str, Any]:
    at = clock.now()
    person = authenticate_bearer(request.headers.get("Authorization", ""), at=at)
    register = queries.get_register(name, person=person)
    kind = (request.content_type or "").lower()
    if kind not in KINDS:
        raise BadInput(f"Send RSF with the content type {rsf.MEDIA_TYPE}.")
    lines = rsf.lines_of(_pieces(request))
    return _answer(load_rsf(register=register, lines=lines, by=person, at=at))


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    total = 0
    while piece := request.read(CHUNK):
        total += len(piece)
        if total > settings.MAX_UPLOAD_BYTES:
            most = settings.MAX_UPLOAD_BYTES // 1024**2
            raise TooLarge(f"The file is larger than {most:,} MB.")
        yield piece


def _answer(loaded: Loaded) -> dict[str, Any]:
    return {
        "success": True,
        "message": f"Appended {loaded.entries} entries.",
        "total-entries": loaded.register.size,
        "total-records": loaded.register.records,
        "metadata-entries": loaded.metadata_entries,
        "root-hash": item.hash_to_text(loaded.root),
        "warnings": [warned._asdict() for warned in loaded.warnings],
        "broken-links": [broken._asdict() for broken in loaded.broken],
    }
