"""The published log as plain files: C2SP tlog-tiles, below /ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from staithe.base import clock
from staithe.ledger import keys, queries, tiles


if TYPE_CHECKING:
    from django.http import HttpRequest

TEXT = "text/plain; charset=utf-8"
FOR_SECONDS = "public, max-age=3"
FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def show_checkpoint(_request: HttpRequest) -> HttpResponse:
    """Answer with a signed checkpoint over the whole log."""
    signed = queries.latest_checkpoint(at=clock.now())
    return _file(signed.text.encode(), kind=TEXT, cache=FOR_SECONDS)


@require_safe
def show_keys(_request: HttpRequest) -> HttpResponse:
    """Answer with the verifier key in use and then earlier ones, a line each."""
    lines = [f"{key}\n" for key in keys.verifier_keys()]
    return _file("".join(lines).encode(), kind=TEXT, cache=FOR_SECONDS)


@require_safe
def show_tile(_request: HttpRequest, path: str) -> HttpResponse:
    """Answer with a tile or an entry bundle that a signed checkpoint covers."""
    data = queries.tile_bytes(tiles.read_path(path))
    return _file(data, kind="application/octet-stream", cache=FOR_EVER)


def _file(data: bytes, *, kind: str, cache: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Cache-Control"] = cache
    answer["Access-Control-Allow-Origin"] = "*"  # public files for any verifier
    return answer
