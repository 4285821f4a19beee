"""The log as static files: C2SP tlog-tiles paths, widths and entry bundles.

A tile is up to 256 hashes of one level of the tree, every eighth level being kept;
what lies between is recomputed. A file once published never changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from staithe.base.errors import NotFound
from staithe.ledger.tree import HASH_BYTES, BadProof, Position, Reader, node_hash


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


WIDTH = 256
LEVELS_IN_TILE = 8  # log2(WIDTH)
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535
ENTRIES = -1  # the level of an entry bundle, beside the tiles of level 0

_LENGTH_BYTES = 2
_PATH = re.compile(
    r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file: its level (ENTRIES for a bundle), index and width in hashes."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def start(self) -> int:
        """Return the place of its first hash within its level."""
        return self.index * WIDTH

    @property
    def end(self) -> int:
        """Return the place after its last hash."""
        return self.start + self.width

    @property
    def tree_level(self) -> int:
        """Return the level of its hashes in the tree."""
        return max(self.level, 0) * LEVELS_IN_TILE

    def path(self) -> str:
        """Return the path below `tile/`: 0/x001/x234/067 or entries/000.p/12."""
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{level}/{_index_path(self.index)}{partial}"


def _index_path(index: int) -> str:
    *groups, last = _groups(index)
    return "".join(f"x{group:03}/" for group in groups) + f"{last:03}"


def _groups(index: int) -> list[int]:
    return [*_groups(index // 1000), index % 1000] if index >= 1000 else [index]  # noqa: PLR2004  three digits a group


def read_path(path: str) -> Tile:
    """Read the one canonical path of a tile; NotFound for any other."""
    match = _PATH.fullmatch(path)
    if match:
        level = ENTRIES if match[1] == "entries" else int(match[1])
        index = int(match[2].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(match[3] or WIDTH))
        if level <= MAX_LEVEL and tile.path() == path:
            return tile
    raise NotFound("There is no such tile.")


def level_size(level: int, size: int) -> int:
    """Return how many hashes a log of `size` entries has at a tile level."""
    return size >> max(level, 0) * LEVELS_IN_TILE


def is_within(tile: Tile, size: int) -> bool:
    """Tell whether a log of `size` entries fills this tile."""
    return tile.end <= level_size(tile.level, size)


def tile_at(level: int, index: int, *, size: int) -> Tile:
    """Return the widest tile at a place in a log of `size`; NotFound when empty."""
    width = min(WIDTH, level_size(level, size) - index * WIDTH)
    if width < 1:
        raise NotFound("There is no such tile.")
    return Tile(level, index, width)


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile and bundle that a log of `size` entries publishes."""
    level = ENTRIES
    while count := level_size(level, size):
        for index in range((count + WIDTH - 1) // WIDTH):
            yield tile_at(level, index, size=size)
        level += 1


def reader(fetch: Callable[[Tile], bytes], *, size: int) -> Reader:
    """Return a Reader over the tiles of a log of `size`; each is fetched once."""

    @cache
    def hashes(level: int, index: int) -> list[bytes]:
        tile = tile_at(level, index, size=size)
        return split_hashes(fetch(tile), width=tile.width)

    def read(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, LEVELS_IN_TILE)
        tile_index, place = divmod(index << height, WIDTH)
        row = hashes(tile_level, tile_index)[place : place + (1 << height)]
        return fold(row)

    return read


def fold(row: list[bytes]) -> bytes:
    """Return the root of a perfect subtree from the hashes of its lowest level."""
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def split_hashes(data: bytes, *, width: int) -> list[bytes]:
    """Cut the bytes of a tile into its hashes; BadProof when the length is wrong."""
    if len(data) != width * HASH_BYTES:
        raise BadProof(f"A tile of {width} hashes has {len(data)} bytes.")
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def positions(tile: Tile) -> list[Position]:
    """Return where in the tree the hashes of a tile are."""
    return [(tile.tree_level, index) for index in range(tile.start, tile.end)]


def encode_bundle(entries: list[bytes]) -> bytes:
    """Write entries of at most 65,535 bytes, each after its 16-bit length."""
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit a bundle")
    return b"".join(len(e).to_bytes(_LENGTH_BYTES, "big") + e for e in entries)


def decode_bundle(data: bytes, *, width: int) -> list[bytes]:
    """Read exactly `width` entries; BadProof."""
    entries = []
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or end > len(data):
            raise BadProof("An entry bundle breaks off in the middle of an entry.")
        entries.append(data[start:end])
        at = end
    if len(entries) != width:
        raise BadProof(f"A bundle of {width} entries holds {len(entries)}.")
    return entries
