"""Commands applied to a register by every rule of the format, outside any database.

`Loading` knows what the register held before (through `Held`) and what was added
since. It keeps what is new in batches for whoever stores them; if any line is wrong
nothing was stored yet. The same code serves a file, one form, and a verifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from staithe.base.errors import BadInput, UserError
from staithe.ledger.tree import leaf_hash
from staithe.registers import blob, entry, rsf, schema
from staithe.registers import item as items
from staithe.registers.entry import Scope
from staithe.registers.growth import Growth, Place
from staithe.registers.item import HASH_BYTES, Item, Value
from staithe.registers.rsf import (
    AddItem,
    AppendEntry,
    AssertRoot,
    BadLine,
    Command,
    ReadyEntry,
    ReadyItem,
)
from staithe.registers.schema import Schema
from staithe.registers.shelf import Newest, Shelf, pack, unpack


class Tree(NamedTuple):
    """The names of a register's three trees."""

    system: int = 0
    user: int = 1
    derived: int = 2  # version 2, over the same data


TREES = Tree()


class NewItem(NamedTuple):
    """An item as it is stored; `place` counts the items of data, 0 for metadata."""

    hash: bytes
    blob: bytes
    data: bytes
    place: int


class NewEntry(NamedTuple):
    """An entry as it is stored.

    `previous` is the entry of the same key before it (0: none). `records` and
    `blobs` say how many keys and items the scope had with this entry. `after` is the
    size of the data log at the time.
    """

    scope: Scope
    number: int
    key: str
    timestamp: str
    items: tuple[bytes, ...]
    previous: int
    place: int  # of the record among the keys of the scope, from 1
    records: int
    blobs: int
    after: int


class Latest(NamedTuple):
    """The newest entry of a key, and the place of its record."""

    number: int
    place: int
    items: tuple[bytes, ...]


class Known(NamedTuple):
    """An item held before; `place` 0 says that only metadata cites it."""

    data: bytes
    place: int


class Held(Protocol):
    """What a register holds before anything is added."""

    name: str
    sizes: dict[Scope, int]
    records: dict[Scope, int]
    blobs: int
    has_derived: bool

    def tree(self, which: int) -> Growth:
        """Return the edge of one of the three trees."""

    def find_item(self, hash_: bytes) -> Known | None:
        """Return an item by its hash."""

    def find_latest(self, scope: Scope, key: str) -> Latest | None:
        """Return the newest entry of a key."""

    def metadata(self) -> dict[str, Item]:
        """Return the latest item of each metadata key."""


@dataclass
class Empty:
    """A register that holds nothing yet."""

    name: str
    sizes: dict[Scope, int] = field(default_factory=lambda: dict.fromkeys(Scope, 0))
    records: dict[Scope, int] = field(default_factory=lambda: dict.fromkeys(Scope, 0))
    blobs: int = 0
    has_derived: bool = True

    def tree(self, which: int) -> Growth:  # noqa: ARG002  all three are empty
        """Return an empty tree."""
        return Growth()

    def find_item(self, hash_: bytes) -> Known | None:  # noqa: ARG002  there is none
        """Find nothing."""
        return None

    def find_latest(self, scope: Scope, key: str) -> Latest | None:  # noqa: ARG002  there is none
        """Find nothing."""
        return None

    def metadata(self) -> dict[str, Item]:
        """Return no metadata."""
        return {}


@dataclass
class Batch:
    """What was added since the last batch, in order."""

    items: list[NewItem] = field(default_factory=list)
    places: list[tuple[bytes, int]] = field(
        default_factory=list
    )  # metadata's, now data's
    entries: list[NewEntry] = field(default_factory=list)
    rows: list[tuple[int, Place, bytes]] = field(default_factory=list)


class Warned(NamedTuple):
    """Something amiss that history holds: told, not refused."""

    line: int
    key: str
    message: str


Appending = AppendEntry | ReadyEntry
MAX_WARNINGS = 1000
MAX_LINKS = 100_000  # different targets of one field that are looked up


class Loading:
    """A register being added to."""

    def __init__(self, held: Held, *, history: bool, until: str = "") -> None:
        """Start from what is held; `history` lets a metadata entry repeat itself.

        Real registers do. Into a register that holds nothing yet it also lets links
        that were never well formed: whoever appends to one can still write them right.
        What is appended is no later than `until`, where that is given.
        """
        self.held = held
        self.history = history
        self.sizes = dict(held.sizes)
        self.records = dict(held.records)
        self.blobs = held.blobs
        self.warnings: list[Warned] = []
        self.trees = [held.tree(which) for which in TREES]
        self.has_derived = held.has_derived
        self.last_timestamp = ""
        self.links: dict[str, set[str]] = {}  # what data points at, by field
        self._metadata = held.metadata()
        self.schema: Schema | None = self._read_schema()
        self._blank = not any(held.sizes.values())
        self._until = "" if self._blank else until
        self._newest = {scope: Newest() for scope in Scope}
        self._fresh: tuple[bytes, Item] = (b"", {})  # the item read last
        self._batch = Batch()

    def apply(
        self, commands: Iterable[tuple[int, Command]], *, every: int = 20_000
    ) -> Iterator[Batch]:
        """Apply numbered commands and yield what to store; BadLine names the line.

        Nothing yielded may be kept unless the iteration comes to its end.
        """
        with Shelf() as self._shelf:
            for line, command in commands:
                try:
                    self._apply(command, line)
                except UserError as error:
                    raise BadLine(line, error.message) from error
                if len(self._batch.entries) >= every:
                    yield self._take(whole=False)
            orphan = self._shelf.first_waiting()
            if orphan is not None:
                raise BadLine(orphan, "no entry cites this item.")
        yield self._take(whole=True)

    @property
    def metadata(self) -> dict[str, Item]:
        """Return the latest item of each metadata key."""
        return self._metadata

    def root(self, which: int = TREES.user) -> bytes:
        """Return the root of one of the trees as it now is."""
        return self.trees[which].root()

    def _apply(self, command: Command, line: int) -> None:
        kind = type(command)
        if kind is ReadyItem:
            self._add_item(command, line)  # type: ignore[arg-type]  # kind says so
        elif kind is ReadyEntry or kind is AppendEntry:
            self._append(command, line)  # type: ignore[arg-type]  # kind says so
        elif isinstance(command, AddItem):
            self._add_item(rsf.ready(command), line)
        elif isinstance(command, AssertRoot) and command.root != self.root():
            raise BadInput(
                f"the root of the {self.sizes[Scope.USER]} entries before it is "
                f"{items.hash_to_text(self.root())}, not the one stated."
            )

    def _add_item(self, command: ReadyItem, line: int) -> None:
        data, digest, blob, values = command
        self._fresh = (digest, values)
        if digest not in self._shelf and (
            self._blank or self.held.find_item(digest) is None
        ):
            self._shelf.put(digest, blob + data, line=line)

    def _append(self, command: Appending, line: int) -> None:
        scope, key, timestamp, cited = command[:4]
        if self._until and timestamp > self._until:
            raise BadInput(f"the entry says {timestamp}, a time still to come.")
        joined = cited[0] if len(cited) == 1 else b"".join(cited)
        newest = self._newest[scope]
        slot = newest.slots.get(key, -1)
        if slot < 0 and not self._blank:
            slot = self._find_held(newest, scope, key)
        if (
            slot >= 0
            and newest.items[slot] == joined
            and (scope is Scope.USER or not self.history)
        ):
            raise BadInput(f"the record {key} holds just this already.")
        if scope is Scope.USER:
            blobs = [self._cite_data(digest, key, line) for digest in cited]
        else:
            blobs = [self._cite_metadata(cited, key, line)]
        self._number(command, slot, joined, blobs)

    def _find_held(self, newest: Newest, scope: Scope, key: str) -> int:
        found = self.held.find_latest(scope, key)
        if found is None:
            return -1
        items = b"".join(found.items)
        return newest.add(key, number=found.number, place=found.place, items=items)

    def _find_item(self, digest: bytes) -> tuple[bytes, int]:
        packed, slot = self._shelf.find(digest)
        if packed is None:
            known = None if self._blank else self.held.find_item(digest)
            if known is None:
                raise BadInput(
                    f"the item {items.hash_to_text(digest)} was not added before."
                )
            values = items.read_known(known.data)
            packed = pack(blob.blob_hash(values), known.data)
            self._shelf.put_held(digest, packed, place=known.place)
            packed, slot = self._shelf.find(digest)
            assert packed is not None
        return packed, slot

    def _values(self, digest: bytes, packed: bytes) -> Item:
        if self._fresh[0] != digest:
            self._fresh = (digest, items.read_known(unpack(packed)[1]))
        return self._fresh[1]

    def _cite_data(self, digest: bytes, key: str, line: int) -> bytes:
        """Check and place an item that a data entry cites; return its blob hash."""
        packed, slot = self._find_item(digest)
        if self.schema is not None:
            self._check_data(self._values(digest, packed), key=key, line=line)
        if slot < 0:
            self.blobs += 1
            self._shelf.cite(digest, packed, place=self.blobs)
            new = NewItem(digest, packed[:HASH_BYTES], packed[HASH_BYTES:], self.blobs)
            self._batch.items.append(new)
        elif not self._shelf.place(slot):
            self.blobs += 1
            self._shelf.set_place(slot, self.blobs)
            self._batch.places.append((digest, self.blobs))
        return packed[:HASH_BYTES]

    def _cite_metadata(self, cited: tuple[bytes, ...], key: str, line: int) -> bytes:
        if len(cited) > 1:
            raise BadInput("a metadata entry has one item.")
        digest = cited[0]
        packed, slot = self._find_item(digest)
        values = self._values(digest, packed)
        self._take_metadata(values, key=key, line=line)
        if slot < 0:
            self._shelf.cite(digest, packed, place=0)
            self._batch.items.append(NewItem(digest, *unpack(packed), 0))
        return packed[:HASH_BYTES]

    def _check_data(self, values: Item, *, key: str, line: int) -> None:
        found = self.schema
        assert found is not None
        if not (self.history and self._blank):
            found.check_item(values, key=key)
        elif wrong := found.check_recorded(values, key=key):
            self._warn(line, key, "; ".join(wrong))
        for name in found.link_fields:
            if value := values.get(name):
                self._note_link(name, value)

    def _note_link(self, name: str, value: Value) -> None:
        targets = self.links.setdefault(name, set())
        if len(targets) < MAX_LINKS:
            targets.update([value] if isinstance(value, str) else value)

    def _warn(self, line: int, key: str, message: str) -> None:
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(Warned(line, key, message))

    def _take_metadata(self, values: Item, *, key: str, line: int) -> None:
        try:
            schema.check_metadata(key, values, before=self._metadata.get(key))
        except BadInput as error:
            if error.code != schema.MISNAMED or not self.history:
                raise
            self._warn(line, key, error.message)
        self._metadata[key] = values
        before, self.schema = self.schema, self._read_schema()
        schema.check_still(before, self.schema)

    def _read_schema(self) -> Schema | None:
        return schema.read_schema(self._metadata, name=self.held.name)

    def _number(
        self, command: Appending, slot: int, joined: bytes, blobs: list[bytes]
    ) -> None:
        scope, key, timestamp, cited = command[:4]
        newest = self._newest[scope]
        number = self.sizes[scope] = self.sizes[scope] + 1
        if slot < 0:
            previous = 0
            place = self.records[scope] = self.records[scope] + 1
            newest.add(key, number=number, place=place, items=joined)
        else:
            previous, place = newest.numbers[slot], newest.places[slot]
            newest.numbers[slot], newest.items[slot] = number, joined
        self._grow(command, number, blobs)
        self.last_timestamp = max(self.last_timestamp, timestamp)
        self._batch.entries.append(
            NewEntry(
                scope,
                number,
                key,
                timestamp,
                cited,
                previous,
                place,
                self.records[scope],
                self.blobs,
                self.sizes[Scope.USER],
            )
        )

    def _grow(self, command: Appending, number: int, blobs: list[bytes]) -> None:
        scope, key, timestamp, cited = command[:4]
        leaf, derived = command[4:] or (b"", b"")
        if not leaf:
            leaf = leaf_hash(
                entry.leaf_data(
                    number=number, timestamp=timestamp, key=key, items=cited
                )
            )
        if scope is Scope.SYSTEM:
            self.trees[TREES.system].append(leaf)
            return
        self.trees[TREES.user].append(leaf)
        if len(blobs) > 1:
            self.has_derived = False  # version 2 knows one blob an entry
        if self.has_derived:
            derived = derived or leaf_hash(
                entry.entry_hash(
                    number=number, timestamp=timestamp, key=key, blob=blobs[0]
                )
            )
            self.trees[TREES.derived].append(derived)

    def _take(self, *, whole: bool) -> Batch:
        batch, self._batch = self._batch, Batch()
        for which, tree in enumerate(self.trees):
            rows = tree.take_full()
            if whole:
                rows.extend(tree.partial())
            batch.rows.extend((which, place, data) for place, data in rows)
        return batch


def load_lines(held: Held, lines: Iterable[bytes], *, history: bool = True) -> Loading:
    """Apply lines of RSF and keep only the state: for checks and small registers."""
    loading = Loading(held, history=history)
    for _ in loading.apply(rsf.read(lines)):
        pass
    return loading
