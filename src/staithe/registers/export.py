"""A stored register written out: RSF whole or in part, its seal, CSV, JSON.

Everything streams: a million records pass in pages and never stand in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from staithe.base.errors import BadInput
from staithe.ledger.checkpoint import TreeHead
from staithe.registers import reading, rsf, seal, signing
from staithe.registers.entry import Scope
from staithe.registers.loading import TREES
from staithe.registers.models import Register
from staithe.registers.reading import DATA, METADATA, StoredEntry
from staithe.registers.rsf import AddItem, AppendEntry, AssertRoot, Command
from staithe.registers.seal import Digest, Seal


PAGE = 2000


def commands(
    register: Register,
    *,
    start: int = 0,
    end: int | None = None,
    metadata_start: int | None = None,
) -> Iterator[Command]:
    """Yield what brings a copy of `start` data entries to `end`; BadInput.

    It opens with the root at `start` and closes with the root at `end`. Metadata comes
    where it was appended; `metadata_start` says how many entries of it the copy has
    (unless given: those from when data had fewer than `start` entries).
    """
    end = register.size if end is None else end
    if not 0 <= start <= end <= register.size:
        raise BadInput(
            f"{register.name} has {register.size} entries: there are none "
            f"after {start} up to {end}."
        )
    return _commands(register, start, end, metadata_start)


def _commands(
    register: Register, start: int, end: int, metadata_start: int | None
) -> Iterator[Command]:
    writer = _Writer(register)
    yield AssertRoot(reading.root(register.pk, start))
    schemas = list(_metadata(register, start, end, metadata_start))
    for first in range(start + 1, end + 1, PAGE):
        for each in reading.entries(register.pk, first, min(end, first + PAGE - 1)):
            while schemas and schemas[0][0] < each.number:
                yield from writer.append(Scope.SYSTEM, [schemas.pop(0)[1]])
            yield from writer.append(Scope.USER, [each])
    yield from writer.append(Scope.SYSTEM, [each for _, each in schemas])
    yield AssertRoot(reading.root(register.pk, end))


def _metadata(
    register: Register, start: int, end: int, known: int | None
) -> Iterator[tuple[int, StoredEntry]]:
    first = start if known is None else 0
    for after, each in reading.metadata_after(register.pk, first=first, last=end):
        if not (known or 0) < each.number <= register.metadata_size:
            continue  # the copy has it, or it came after this export began
        # What was appended at `end` belongs here only if nothing follows it yet.
        if after < end or end == register.size:
            yield after, each


class _Writer:
    """Writes entries with the items that the reader does not have yet."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._written: set[bytes] = set()

    def append(self, scope: Scope, found: Iterable[StoredEntry]) -> Iterator[Command]:
        """Yield the commands of entries."""
        for each in found:
            yield from self._items(each)
            yield AppendEntry(scope, each.key, each.timestamp, each.hashes)

    def _items(self, each: StoredEntry) -> Iterator[Command]:
        known = {each.items: each.data} if each.data is not None else None
        if known is None:
            found = reading.items_of(self._register.pk, each.hashes)
            known = {digest: item.data for digest, item in found.items()}
        for digest in each.hashes:
            if digest not in self._written:
                self._written.add(digest)
                data = known[digest]
                assert data is not None
                yield AddItem(data.encode())


def lines(found: Iterable[Command], *, many: int = 500) -> Iterator[bytes]:
    """Yield RSF in pieces of many lines."""
    piece = []
    for command in found:
        piece.append(rsf.write(command))
        if len(piece) >= many:
            yield b"".join(piece)
            piece.clear()
    yield b"".join(piece)


def seal_of(register: Register, digest: bytes) -> str:
    """Return the signed side file of a whole export that has this digest."""
    heads = [
        TreeHead(
            signing.origin_of(register.name, scope=scope),
            size,
            reading.root(register.pk, size, which),
        )
        for scope, size, which in (
            (DATA, register.size, TREES.user),
            (METADATA, register.metadata_size, TREES.system),
        )
    ]
    key = signing.signing_key(register.name)
    return seal.sign(Seal(heads[0], heads[1], digest, key.verifier), key=key)


def sealed(register: Register) -> Iterator[tuple[bytes, str]]:
    """Yield the pieces of a whole export, each with "", and last b"" with its seal."""
    digest = Digest()
    for piece in lines(commands(register)):
        for _ in digest.over(piece.splitlines()):
            pass
        yield piece, ""
    yield b"", seal_of(register, digest.value())
