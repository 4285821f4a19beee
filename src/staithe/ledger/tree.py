"""The Merkle tree of RFC 6962, over any store of perfect-subtree hashes.

Everything here is arithmetic on positions and SHA-256. A *reader* is a function from
(level, index) to the 32-byte hash of the perfect subtree over leaves
[index * 2**level, (index + 1) * 2**level); it may be backed by rows, tiles or memory.
What the bytes of a leaf are is the business of the caller (the leaf rule).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from staithe.base.errors import AnswerIsNo


Position = tuple[int, int]
Reader = Callable[[int, int], bytes]

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


class BadProof(AnswerIsNo):
    """A proof that does not prove what it was offered for."""

    code = "bad-proof"


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


def peaks(size: int) -> list[Position]:
    """Return the largest perfect subtrees of a tree of `size` leaves, left to right."""
    found = []
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def root(size: int, read: Reader) -> bytes:
    """Return the root of the first `size` leaves (RFC 6962 section 2.1, MTH)."""
    return _subtree(0, size, read) if size else EMPTY_ROOT


def inclusion(index: int, size: int, read: Reader) -> list[bytes]:
    """Return the audit path of leaf `index` in the first `size`, leaf to root.

    RFC 6962 section 2.1.1. ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return _path(index, 0, size, read)


def consistency(old: int, new: int, read: Reader) -> list[bytes]:
    """Return the proof that the first `old` leaves begin the first `new`.

    RFC 6962 section 2.1.2; empty when old is 0 or new. ValueError unless
    0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} does not begin a tree of {new}")
    return _subproof(old, 0, new, read, whole=True) if 0 < old < new else []


def positions_read(plan: Callable[[Reader], object]) -> set[Position]:
    """Return every position that `plan` reads, so that one query can fetch them all.

    Which nodes a root or a proof needs does not depend on the hashes themselves.
    """
    asked: set[Position] = set()

    def note(level: int, index: int) -> bytes:
        asked.add((level, index))
        return b""

    plan(note)
    return asked


def _subtree(start: int, end: int, read: Reader) -> bytes:
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return read(level, start >> level)
    middle = start + _left_width(width)
    return node_hash(_subtree(start, middle, read), _subtree(middle, end, read))


def _path(index: int, start: int, end: int, read: Reader) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _left_width(end - start)
    if index < middle:
        return [*_path(index, start, middle, read), _subtree(middle, end, read)]
    return [*_path(index, middle, end, read), _subtree(start, middle, read)]


def _subproof(
    old: int, start: int, end: int, read: Reader, *, whole: bool
) -> list[bytes]:
    if old == end:
        return [] if whole else [_subtree(start, end, read)]
    middle = start + _left_width(end - start)
    if old <= middle:
        left = _subproof(old, start, middle, read, whole=whole)
        return [*left, _subtree(middle, end, read)]
    right = _subproof(old, middle, end, read, whole=False)
    return [*right, _subtree(start, middle, read)]


def _left_width(width: int) -> int:
    """Return the largest power of two below `width` (which is at least 2)."""
    return 1 << (width - 1).bit_length() - 1


def root_from_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes]
) -> bytes:
    """Return the root that an audit path leads to (RFC 9162 section 2.1.3.2).

    BadProof when the path has the wrong length for its place.
    """
    if not 0 <= index < size:
        raise BadProof(f"Entry {index} is not in a log of {size} entries.")
    position, last = index, size - 1
    for sibling in proof:
        if last == 0:
            raise BadProof("The inclusion proof is too long.")
        if position & 1 or position == last:
            leaf = node_hash(sibling, leaf)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise BadProof("The inclusion proof is too short.")
    return leaf


def check_inclusion(
    *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse a leaf hash that is not at `index` under `root`; BadProof."""
    if root_from_inclusion(leaf=leaf, index=index, size=size, proof=proof) != root:
        raise BadProof(f"Entry {index} is not in the log that the checkpoint signs.")


def check_consistency(
    *, old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Refuse two roots unless the old log begins the new one; BadProof.

    RFC 9162 section 2.1.4.2, and the plain cases old = 0 and old = new.
    """
    if not 0 <= old <= new:
        raise BadProof(f"A log of {old} entries cannot begin a log of {new}.")
    if old in {0, new}:
        kept = new_root if old else EMPTY_ROOT
        if proof or old_root != kept:
            raise BadProof(_forked(old, new))
        return
    if _roots_from_consistency(old, new, list(proof), old_root) != (old_root, new_root):
        raise BadProof(_forked(old, new))


def _forked(old: int, new: int) -> str:
    return f"The log of {new} entries does not begin with the log of {old}: it forked."


def _roots_from_consistency(
    old: int, new: int, proof: list[bytes], old_root: bytes
) -> tuple[bytes, bytes]:
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    # A perfect old tree is its own first node, so the proof leaves it out.
    path = proof if position else [old_root, *proof]
    if not path:
        raise BadProof("The consistency proof is too short.")
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("The consistency proof is too long.")
        if position & 1 or position == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise BadProof("The consistency proof is too short.")
    return before, after


class Frontier:
    """The right edge of a growing tree: appends and its root in O(log n) memory."""

    __slots__ = ("_edge", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # the hashes of peaks(size)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            size >>= 1
        self._edge.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of everything appended so far."""
        if not self._edge:
            return EMPTY_ROOT
        *rest, value = self._edge
        for left in reversed(rest):
            value = node_hash(left, value)
        return value


class MemoryTree:
    """Every perfect-subtree hash of a tree, in memory: 64 bytes a leaf."""

    __slots__ = ("_levels",)

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    def __len__(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        for level, _, value in nodes_of_next(len(self), leaf, self.read):
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += value

    def read(self, level: int, index: int) -> bytes:
        """Return the hash at a position; this is a Reader."""
        start = index * HASH_BYTES
        return bytes(self._levels[level][start : start + HASH_BYTES])
