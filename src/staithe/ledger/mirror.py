"""A published log checked tile by tile, from a folder or over HTTP.

Only public files are read: checkpoint, key, tiles and entry bundles. The rule that
makes leaf data of an entry is the log's own, so this serves any tlog-tiles log.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

from staithe.base.errors import BadInput, Damaged, NotFound
from staithe.ledger import tiles, tree
from staithe.ledger.tiles import ENTRIES, WIDTH, Tile
from staithe.ledger.tree import Frontier


if TYPE_CHECKING:
    from pathlib import Path

# From a path below the log's prefix to the bytes there; NotFound.
Fetch = Callable[[str], bytes]

MAX_FILE_BYTES = WIDTH * (2 + tiles.MAX_ENTRY_BYTES)  # the largest entry bundle
TIMEOUT_SECONDS = 30


def folder(root: Path) -> Fetch:
    """Read a log that was copied to disk."""

    def fetch(path: str) -> bytes:
        try:
            with (root / path).open("rb") as file:
                return _bounded(file.read(MAX_FILE_BYTES + 1), path)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFound(f"{root / path} is missing.") from error

    return fetch


def web(prefix: str) -> Fetch:
    """Read a log at an http or https address."""

    def fetch(path: str) -> bytes:
        url = f"{prefix}/{path}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  verify() lets only http and https in
                return _bounded(answer.read(MAX_FILE_BYTES + 1), url)
        except urllib.error.HTTPError as error:
            raise NotFound(f"{url} answers {error.code}.") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise BadInput(f"{url} cannot be read: {error}.") from error

    return fetch


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        raise Damaged(f"{name} is larger than any file of a log.")
    return data


def check(
    fetch: Fetch,
    *,
    size: int,
    grown: Callable[[Frontier], None],
    progress: Callable[[int, int], None],
) -> None:
    """Check every tile and entry of the first `size`; Damaged names the first bad one.

    `grown` is called with the frontier after each entry, and at the end of all, to
    compare its root with the heads that the caller trusts.
    """
    frontier = Frontier()
    above: list[bytes] = []  # the roots of full tiles: the hashes of the next level
    for start in range(0, size, WIDTH):
        tile = tiles.tile_at(0, start // WIDTH, size=size)
        row = _checked_leaves(fetch, tile)
        for leaf in row:
            if frontier.size:
                grown(frontier)
            frontier.append(leaf)
        if tile.width == WIDTH:
            above.append(tiles.fold(row))
        progress(frontier.size, size)
    _check_upper(fetch, level=1, hashes=above, size=size)
    grown(frontier)


def _checked_leaves(fetch: Fetch, tile: Tile) -> list[bytes]:
    row = tiles.split_hashes(read_tile(fetch, tile), width=tile.width)
    bundle = Tile(ENTRIES, tile.index, tile.width)
    entries = read_entries(fetch, bundle)
    for number, (entry, leaf) in enumerate(zip(entries, row, strict=True), tile.start):
        if tree.leaf_hash(entry) != leaf:
            raise Damaged(f"Entry {number} was changed: it is not its leaf.")
    return row


def _check_upper(fetch: Fetch, *, level: int, hashes: list[bytes], size: int) -> None:
    above = []
    for start in range(0, len(hashes), WIDTH):
        tile = tiles.tile_at(level, start // WIDTH, size=size)
        row = tiles.split_hashes(read_tile(fetch, tile), width=tile.width)
        if row != hashes[start : start + WIDTH]:
            raise Damaged(f"Tile {tile.path()} does not fit the tiles below it.")
        if tile.width == WIDTH:
            above.append(tiles.fold(row))
    if above:
        _check_upper(fetch, level=level + 1, hashes=above, size=size)


def read_tile(fetch: Fetch, tile: Tile) -> bytes:
    """Return the hashes of a tile, from the full tile when the partial is gone."""
    try:
        return fetch(f"tile/{tile.path()}")
    except NotFound:
        if tile.width == WIDTH:
            raise
    full = fetch(f"tile/{Tile(tile.level, tile.index).path()}")
    return full[: tile.width * tree.HASH_BYTES]


def read_entries(fetch: Fetch, bundle: Tile) -> list[bytes]:
    """Return the entries of a bundle, from the full bundle when the partial is gone."""
    try:
        data = fetch(f"tile/{bundle.path()}")
    except NotFound:
        if bundle.width == WIDTH:
            raise
    else:
        return tiles.decode_bundle(data, width=bundle.width)
    full = fetch(f"tile/{Tile(ENTRIES, bundle.index).path()}")
    return tiles.decode_bundle(full, width=WIDTH)[: bundle.width]
