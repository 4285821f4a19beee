"""A register's tree as rows of a table that only ever grow.

One row holds 256 leaves of a tile level and every perfect subtree above them up to
level 7, in the order in which they came to be; so a row is only appended to, an
inclusion proof is a few look-ups, and a public tile of any width is read from it.
Node (level, index) came after leaf n = (index + 1) * 2**level - 1, as the level-th
after it; before leaf n there were 2n - popcount(n) nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from staithe.ledger import tree
from staithe.ledger.tiles import LEVELS_IN_TILE, WIDTH
from staithe.ledger.tree import HASH_BYTES, Position


Place = tuple[int, int]  # (tile level, index): which row
ReadRow = Callable[[Place], bytes]


def place_of(position: Position) -> tuple[Place, int]:
    """Return the row of a node and the byte at which its hash starts there."""
    level, index = position
    tile_level, height = divmod(level, LEVELS_IN_TILE)
    row, local = divmod(index, WIDTH >> height)
    leaf = ((local + 1) << height) - 1
    return (tile_level, row), HASH_BYTES * (2 * leaf - leaf.bit_count() + height)


def reader(read_row: ReadRow) -> tree.Reader:
    """Return a Reader of nodes over rows."""

    def read(level: int, index: int) -> bytes:
        place, start = place_of((level, index))
        value = read_row(place)[start : start + HASH_BYTES]
        if len(value) != HASH_BYTES:
            raise LookupError(f"node {level}/{index} is missing")
        return value

    return read


def leaf_hashes(row: bytes, *, width: int) -> list[bytes]:
    """Return the first `width` hashes of a row's lowest level: a public tile."""
    starts = [HASH_BYTES * (2 * n - n.bit_count()) for n in range(width)]
    return [row[start : start + HASH_BYTES] for start in starts]


class Growth:
    """The right edge of a tree, and the rows that changed since they were taken."""

    __slots__ = ("_edge", "_full", "_rows", "size")

    def __init__(self, size: int = 0, read_row: ReadRow | None = None) -> None:
        self.size = size
        self._full: list[tuple[Place, bytes]] = []
        self._edge: list[bytes] = []
        self._rows: list[bytearray] = [bytearray()]
        if size:
            assert read_row is not None
            self._resume(read_row)

    def _resume(self, read_row: ReadRow) -> None:
        read = reader(read_row)
        self._edge = [read(*position) for position in tree.peaks(self.size)]
        level, count = 0, self.size
        self._rows = []
        while count:
            width = count % WIDTH
            row = read_row((level, count // WIDTH)) if width else b""
            self._rows.append(bytearray(row))
            count //= WIDTH
            level += 1

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        rows = self._rows
        rows[0] += leaf
        size, level, row = self.size, 0, 0
        edge = self._edge
        while size & 1:
            leaf = sha256(b"\x01" + edge.pop() + leaf).digest()
            size >>= 1
            level += 1
            if level % LEVELS_IN_TILE == 0:
                self._full.append(((row, size), bytes(rows[row])))
                rows[row] = bytearray()
                row += 1
                if row == len(rows):
                    rows.append(bytearray())
            rows[row] += leaf
        edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of everything appended so far."""
        if not self._edge:
            return tree.EMPTY_ROOT
        *rest, value = self._edge
        for left in reversed(rest):
            value = tree.node_hash(left, value)
        return value

    def take_full(self) -> list[tuple[Place, bytes]]:
        """Return the rows filled since the last call."""
        full, self._full = self._full, []
        return full

    def partial(self) -> Iterator[tuple[Place, bytes]]:
        """Yield the rows that are not full."""
        count = self.size
        for level, row in enumerate(self._rows):
            if row:
                yield (level, count // WIDTH), bytes(row)
            count //= WIDTH
