"""The Merkle tree of RFC 6962, over any store of perfect-subtree hashes.

Everything here is arithmetic on positions and SHA-256. A *reader* is a function from
(level, index) to the 32-byte hash of the perfect subtree over leaves
[index * 2**level, (index + 1) * 2**level); it may be backed by rows, tiles or memory.
What the bytes of a leaf are is the business of the caller (the leaf rule).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256


Position = tuple[int, int]
Reader = Callable[[int, int], bytes]

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data): RFC 6962 section 2.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right): RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def siblings_of_next(size: int) -> list[Position]:
    """Return the nodes that the leaf appended at `size` completes a parent with."""
    positions = []
    level = 0
    while size & 1:
        positions.append((level, size - 1))
        size >>= 1
        level += 1
    return positions


def nodes_of_next(
    size: int, leaf: bytes, read: Reader
) -> Iterator[tuple[int, int, bytes]]:
    """Yield (level, index, hash) of every node made by appending a leaf hash."""
    yield 0, size, leaf
    for level, left in siblings_of_next(size):
        leaf = node_hash(read(level, left), leaf)
        yield level + 1, left >> 1, leaf
