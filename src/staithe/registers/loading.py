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
from staithe.registers.item import Item
from staithe.registers.rsf import AddItem, AppendEntry, AssertRoot, BadLine, Command
from staithe.registers.schema import Schema


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


MAX_WARNINGS = 1000


class Loading:
    """A register being added to."""

    def __init__(self, held: Held, *, history: bool) -> None:
        """Start from what is held; `history` lets through links that never resolved.

        It also lets a metadata entry repeat itself, as real registers do.
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
        self._metadata = held.metadata()
        self.schema: Schema | None = self._read_schema()
        self._blank = not any(held.sizes.values())
        self._texts: dict[bytes, bytes] = {}  # items of this load
        self._places: dict[bytes, int] = {}  # which of them stand where
        self._waiting: dict[bytes, int] = {}  # items that no entry cited yet: line
        self._fresh: tuple[bytes, Item] = (b"", {})  # the item read last
        self._latest: dict[Scope, dict[str, Latest]] = {scope: {} for scope in Scope}
        self._batch = Batch()

    def apply(
        self, commands: Iterable[tuple[int, Command]], *, every: int = 20_000
    ) -> Iterator[Batch]:
        """Apply numbered commands and yield what to store; BadLine names the line.

        Nothing yielded may be kept unless the iteration comes to its end.
        """
        for line, command in commands:
            try:
                self._apply(command, line)
            except UserError as error:
                raise BadLine(line, error.message) from error
            if len(self._batch.entries) >= every:
                yield self._take(whole=False)
        if self._waiting:
            raise BadLine(min(self._waiting.values()), "no entry cites this item.")
        yield self._take(whole=True)

    @property
    def metadata(self) -> dict[str, Item]:
        """Return the latest item of each metadata key."""
        return self._metadata

    def root(self, which: int = TREES.user) -> bytes:
        """Return the root of one of the trees as it now is."""
        return self.trees[which].root()

    def _apply(self, command: Command, line: int) -> None:
        if type(command) is AddItem:
            self._add_item(command.data, line)
        elif type(command) is AppendEntry:
            self._append(command, line)
        elif type(command) is AssertRoot and command.root != self.root():
            raise BadInput(
                f"the root of the {self.sizes[Scope.USER]} entries before it is "
                f"{items.hash_to_text(self.root())}, not the one stated."
            )

    def _add_item(self, data: bytes, line: int) -> None:
        item = items.read_item(data)
        digest = items.hash_of(data)
        self._fresh = (digest, item)
        if digest not in self._texts and not self._holds(digest):
            self._texts[digest] = data
            self._waiting[digest] = line

    def _holds(self, digest: bytes) -> bool:
        return not self._blank and self.held.find_item(digest) is not None

    def _append(self, command: AppendEntry, line: int) -> None:
        scope, key = command.scope, command.key
        before = self._find_latest(scope, key)
        repeats = before is not None and before.items == command.items
        if repeats and (scope is Scope.USER or not self.history):
            raise BadInput(f"the record {key} holds just this already.")
        found = [self._read_item(digest) for digest in command.items]
        if scope is Scope.USER:
            self._check_data(found, key=key, line=line)
        else:
            self._take_metadata(found, key=key, line=line)
        self._number(command, before, found)

    def _find_latest(self, scope: Scope, key: str) -> Latest | None:
        found = self._latest[scope].get(key)
        if found is None and not self._blank:
            found = self.held.find_latest(scope, key)
        return found

    def _read_item(self, digest: bytes) -> Item:
        data = self._data_of(digest)
        if self._fresh[0] != digest:
            self._fresh = (digest, items.read_known(data))
        return self._fresh[1]

    def _data_of(self, digest: bytes) -> bytes:
        data = self._texts.get(digest)
        if data is not None:
            self._waiting.pop(digest, None)
            return data
        known = None if self._blank else self.held.find_item(digest)
        if known is None:
            raise BadInput(
                f"the item {items.hash_to_text(digest)} was not added before."
            )
        self._texts[digest] = known.data
        self._places[digest] = known.place
        return known.data

    def _check_data(self, found: list[Item], *, key: str, line: int) -> None:
        if self.schema is None:
            return
        for item in found:
            if not self.history:
                self.schema.check_item(item, key=key)
                continue
            for message in self.schema.check_recorded(item, key=key):
                self._warn(line, key, message)

    def _warn(self, line: int, key: str, message: str) -> None:
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(Warned(line, key, message))

    def _take_metadata(self, found: list[Item], *, key: str, line: int) -> None:
        item = found[0]
        if len(found) > 1:
            raise BadInput("a metadata entry has one item.")
        try:
            schema.check_metadata(key, item, before=self._metadata.get(key))
        except BadInput as error:
            if error.code != schema.MISNAMED or not self.history:
                raise
            self._warn(line, key, error.message)
        self._metadata[key] = item
        self.schema = self._read_schema()

    def _read_schema(self) -> Schema | None:
        return schema.read_schema(self._metadata, name=self.held.name)

    def _number(
        self, command: AppendEntry, before: Latest | None, found: list[Item]
    ) -> None:
        scope, key, cited = command.scope, command.key, command.items
        number = self.sizes[scope] = self.sizes[scope] + 1
        if before is None:
            self.records[scope] += 1
        place = before.place if before else self.records[scope]
        blobs = [
            self._store(digest, item, scope)
            for digest, item in zip(cited, found, strict=True)
        ]
        self._latest[scope][key] = Latest(number, place, cited)
        self._grow(command, number, blobs)
        self.last_timestamp = max(self.last_timestamp, command.timestamp)
        self._batch.entries.append(
            NewEntry(
                scope,
                number,
                key,
                command.timestamp,
                cited,
                before.number if before else 0,
                place,
                self.records[scope],
                self.blobs,
                self.sizes[Scope.USER],
            )
        )

    def _store(self, digest: bytes, item: Item, scope: Scope) -> bytes:
        """Note an item that is cited for the first time; return its blob hash."""
        place = self._places.get(digest)
        value = blob.blob_hash(item)
        if place or (place == 0 and scope is Scope.SYSTEM):
            return value
        self._places[digest] = 0
        if scope is Scope.USER:
            self.blobs += 1
            self._places[digest] = self.blobs
        if place is None:
            place = self._places[digest]
            new = NewItem(digest, value, self._texts[digest], place)
            self._batch.items.append(new)
        else:
            self._batch.places.append((digest, self.blobs))
        return value

    def _grow(self, command: AppendEntry, number: int, blobs: list[bytes]) -> None:
        data = entry.leaf_data(
            number=number,
            timestamp=command.timestamp,
            key=command.key,
            items=command.items,
        )
        is_data = command.scope is Scope.USER
        self.trees[TREES.user if is_data else TREES.system].append(leaf_hash(data))
        if len(blobs) > 1:
            self.has_derived = False  # version 2 knows one blob an entry
        if is_data and self.has_derived:
            data = entry.entry_hash(
                number=number,
                timestamp=command.timestamp,
                key=command.key,
                blob=blobs[0],
            )
            self.trees[TREES.derived].append(leaf_hash(data))

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
