"""What one load has seen so far, kept small: a million items fit in memory easily.

An item waits in memory until an entry cites it; then it moves to a temporary file and
only its place is kept, because few items are ever cited twice in one load.
"""

from __future__ import annotations

import tempfile
from array import array
from types import TracebackType
from typing import Self

from staithe.registers.item import HASH_BYTES


IN_MEMORY = 1 << 20


class Shelf:
    """The items of a load by hash; each is held as its blob hash and then its data."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes | int] = {}  # packed, or the number of a slot
        self._lines = array("Q")  # in the order of _known
        self._starts = array("Q")  # of slots, in the file
        self._places = array("Q")  # of slots; 0 is metadata's
        self._end = 0
        self._moved = False  # the file stands elsewhere than at its end
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  closed by close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._known

    def put(self, digest: bytes, packed: bytes, *, line: int) -> None:
        """Let an item wait for an entry that cites it."""
        self._known[digest] = packed
        self._lines.append(line)

    def put_held(self, digest: bytes, packed: bytes, *, place: int) -> None:
        """Note an item that the register held before."""
        self.put(digest, packed, line=0)
        self.cite(digest, packed, place=place)

    def find(self, digest: bytes) -> tuple[bytes | None, int]:
        """Return an item and its slot: -1 where it waits, None where it is unknown."""
        found = self._known.get(digest)
        if type(found) is int:
            return self._read(found), found
        return found, -1  # type: ignore[return-value]  # bytes or None

    def place(self, slot: int) -> int:
        """Return the place of a cited item."""
        return self._places[slot]

    def set_place(self, slot: int, place: int) -> None:
        """Give a place to an item that only metadata cited."""
        self._places[slot] = place

    def cite(self, digest: bytes, packed: bytes, *, place: int) -> None:
        """Note that a waiting item is cited now."""
        self._known[digest] = len(self._starts)
        self._starts.append(self._end)
        self._places.append(place)
        if self._moved:
            self._file.seek(self._end)
            self._moved = False
        self._file.write(packed)
        self._end += len(packed)

    def _read(self, slot: int) -> bytes:
        start = self._starts[slot]
        last = slot + 1 == len(self._starts)
        end = self._end if last else self._starts[slot + 1]
        self._file.seek(start)
        self._moved = True
        return self._file.read(end - start)

    def first_waiting(self) -> int | None:
        """Return the line of the first item that no entry cited."""
        if len(self._known) == len(self._starts):
            return None
        pairs = zip(self._known.values(), self._lines, strict=True)
        return next(line for value, line in pairs if type(value) is bytes)


class Newest:
    """The newest entry of each key of one scope, as far as a load has seen it."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}
        self.numbers = array("Q")
        self.places = array("Q")
        self.items: list[bytes] = []  # hashes, one after the other

    def add(self, key: str, *, number: int, place: int, items: bytes) -> int:
        """Add a key and return its slot."""
        slot = self.slots[key] = len(self.items)
        self.numbers.append(number)
        self.places.append(place)
        self.items.append(items)
        return slot


def pack(blob: bytes, data: bytes) -> bytes:
    """Join a blob hash and the data of its item."""
    return blob + data


def unpack(packed: bytes) -> tuple[bytes, bytes]:
    """Take them apart again."""
    return packed[:HASH_BYTES], packed[HASH_BYTES:]
