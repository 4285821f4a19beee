"""Each register's two logs as plain files (C2SP tlog-tiles), proofs and a feed.

All of it is public and cacheable: any web server could serve these files unchanged.
"""

from __future__ import annotations

from collections import deque

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from staithe.base import clock
from staithe.base.errors import NotFound
from staithe.ledger import proof, tiles
from staithe.ledger.tiles import ENTRIES
from staithe.registers import (
    export,
    feed,
    growth,
    heads,
    reading,
    resources,
    signing,
)
from staithe.registers.loading import TREES
from staithe.registers.models import Register
from staithe.registers.reading import DATA, METADATA


TEXT = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"
FOR_SECONDS = "public, max-age=3"
FOR_EVER = "public, max-age=31536000, immutable"


def _file(data: bytes, *, kind: str, cache: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=kind)
    answer["Cache-Control"] = cache
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _scope(metadata: str) -> int:
    return METADATA if metadata else DATA


@require_safe
def show_checkpoint(
    request: HttpRequest, slug: str, metadata: str = ""
) -> HttpResponseBase:
    """Answer with a signed checkpoint over a whole log."""
    register = resources.get_register(request, slug)
    signed = heads.latest_checkpoint(register, at=clock.now(), scope=_scope(metadata))
    return _file(signed.text.encode(), kind=TEXT, cache=FOR_SECONDS)


@require_safe
def show_keys(request: HttpRequest, slug: str, metadata: str = "") -> HttpResponseBase:
    """Answer with the verifier key in use and then earlier ones, a line each."""
    resources.get_register(request, slug)
    keys = signing.verifier_keys(slug, scope=_scope(metadata))
    lines = "".join(f"{key}\n" for key in keys)
    return _file(lines.encode(), kind=TEXT, cache=FOR_SECONDS)


@require_safe
def show_tile(
    request: HttpRequest, slug: str, path: str, metadata: str = ""
) -> HttpResponseBase:
    """Answer with a tile or an entry bundle that a signed checkpoint covers."""
    register = resources.get_register(request, slug)
    data = tile_bytes(register, tiles.read_path(path), scope=_scope(metadata))
    return _file(data, kind=BINARY, cache=FOR_EVER)


def tile_bytes(register: Register, tile: tiles.Tile, *, scope: int) -> bytes:
    """Return a tile or entry bundle of a published log; NotFound beyond it."""
    signed = heads.find_published(register, scope=scope)
    if not tiles.is_within(tile, signed.size if signed else 0):
        raise NotFound("There is no such tile yet.")
    if tile.level == ENTRIES:
        found = reading.entries(register.pk, tile.start + 1, tile.end, scope=scope)
        return tiles.encode_bundle([reading.leaf_of(each) for each in found])
    which = TREES.user if scope == DATA else TREES.system
    row = reading.read_row(register.pk, which, (tile.level, tile.index))
    return b"".join(growth.leaf_hashes(row, width=tile.width))


@require_safe
def show_record_proof(request: HttpRequest, slug: str, key: str) -> HttpResponseBase:
    """Answer with a proof file: that the newest entry of a key is in the signed log."""
    register = resources.get_register(request, slug)
    each = reading.find_record(register.pk, key)
    if each is None:
        raise NotFound(f"{slug} has no record {key[:80]}.")
    found = heads.proof_of(register, each.number, at=clock.now())
    answer = _file(proof.to_text(found).encode(), kind=TEXT, cache=FOR_SECONDS)
    answer["Content-Disposition"] = (
        f'attachment; filename="{slug}-{key.replace("/", "_")}.tlog-proof"'
    )
    return answer


@require_safe
def show_seal(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with the signed side file of the whole download, as it now is."""
    register = resources.get_register(request, slug)
    note = deque(export.sealed(register), maxlen=1)[0][1]
    return _file(note.encode(), kind=TEXT, cache=FOR_SECONDS)


@require_safe
def show_feed(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Answer with an Atom feed of the newest entries."""
    with reading.one_moment():
        register = resources.get_register(request, slug)
        data = feed.newest(register)
    return _file(data, kind=feed.KIND, cache=FOR_SECONDS)


@require_safe
def show_feed_archive(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """Answer with an archive of the feed: entries that never change."""
    register = resources.get_register(request, slug)
    return _file(feed.archive(register, number), kind=feed.KIND, cache=FOR_EVER)
