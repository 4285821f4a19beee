"""A whole register in memory: records, trails, items and any past state.

For checks, copies and small registers; the service itself reads from its database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from staithe.base.errors import NotFound
from staithe.ledger import tree
from staithe.ledger.tree import leaf_hash
from staithe.registers import entry, item, rsf
from staithe.registers.entry import Entry, Scope
from staithe.registers.item import Item
from staithe.registers.loading import Batch, Empty, Loading, Warned
from staithe.registers.rsf import AddItem, AssertRoot, Command
from staithe.registers.schema import Schema, read_schema


@dataclass
class Register:
    """What a file of RSF says; entries are numbered from 1 in each scope."""

    name: str
    log: dict[Scope, list[Entry]] = field(
        default_factory=lambda: {s: [] for s in Scope}
    )
    items: dict[bytes, bytes] = field(default_factory=dict)
    order: list[Entry] = field(default_factory=list)  # of both scopes, as appended
    warnings: list[Warned] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return how many data entries there are."""
        return len(self.log[Scope.USER])

    @property
    def schema(self) -> Schema | None:
        """Return the schema as the metadata entries now define it."""
        metadata = self.records(scope=Scope.SYSTEM)
        found = {key: self.item_of(entry) for key, entry in metadata.items()}
        return read_schema(found, name=self.name)

    def records(
        self, *, size: int | None = None, scope: Scope = Scope.USER
    ) -> dict[str, Entry]:
        """Return the last entry of each key among the first `size`: a snapshot."""
        return {each.key: each for each in self.log[scope][:size]}

    def record(self, key: str, *, size: int | None = None) -> Item:
        """Return what a record holds, now or at a size; NotFound."""
        trail = [
            each for each in self.trail(key) if size is None or each.number <= size
        ]
        if not trail:
            raise NotFound(f"{self.name} has no record {key}.")
        return self.item_of(trail[-1])

    def trail(self, key: str) -> list[Entry]:
        """Return every entry of a key, oldest first."""
        return [each for each in self.log[Scope.USER] if each.key == key]

    def item_of(self, of: Entry) -> Item:
        """Return the (first) item of an entry."""
        return item.read_known(self.items[of.items[0]])

    def root(self, *, size: int | None = None, scope: Scope = Scope.USER) -> bytes:
        """Return the root of the first `size` entries of a scope."""
        edge = tree.Frontier()
        for each in self.log[scope][:size]:
            edge.append(leaf_hash(leaf_of(each)))
        return edge.root()

    def commands(self) -> Iterator[Command]:
        """Yield the whole register as RSF, from the empty root to the last."""
        yield AssertRoot(tree.EMPTY_ROOT)
        written: set[bytes] = set()
        for each in self.order:
            for digest in each.items:
                if digest not in written:
                    written.add(digest)
                    yield AddItem(self.items[digest])
            yield rsf.append_of(each)
        yield AssertRoot(self.root())

    def take(self, batch: Batch) -> None:
        """Add what a loading made."""
        self.items.update((new.hash, new.data) for new in batch.items)
        for new in batch.entries:
            each = Entry(new.scope, new.number, new.key, new.timestamp, new.items)
            self.log[new.scope].append(each)
            self.order.append(each)


def leaf_of(of: Entry) -> bytes:
    """Return the version 1 leaf data of an entry."""
    return entry.leaf_data(
        number=of.number, timestamp=of.timestamp, key=of.key, items=of.items
    )


def read_register(name: str, lines: Iterable[bytes]) -> Register:
    """Read a whole register from lines of RSF; BadLine names the first bad one."""
    register = Register(name)
    loading = Loading(Empty(name), history=True)
    for batch in loading.apply(rsf.read(lines)):
        register.take(batch)
    register.warnings = loading.warnings
    return register
