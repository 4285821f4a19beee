"""What a loading made, written in bulk: COPY on PostgreSQL, executemany on SQLite.

A load is worked out first, outside any transaction, into a spool; then it is written
in one. So other writers wait only for the writing, and a bad line costs nothing.
"""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from django.db import connection

from staithe.base.errors import Conflict
from staithe.registers import reading
from staithe.registers.entry import Scope
from staithe.registers.growth import Growth
from staithe.registers.item import Item
from staithe.registers.loading import Batch, Known, Latest, Loading, Warned
from staithe.registers.models import Register
from staithe.registers.reading import SCOPES
from staithe.registers.rsf import Command
from staithe.registers.timestamps import read_timestamp


SPOOL_IN_MEMORY = 8 << 20
CACHE_KB = 160_000  # of SQLite while a large load fills its indexes
LARGE = 20_000
_LENGTH = 8

_ITEM = ("register_id", "hash", "blob", "data", "place")
_ENTRY = (
    *("register_id", "scope", "number", "key", "at", "items"),
    *("previous", "place", "records", "blobs", "after"),
)
_RECORD = ("register_id", "scope", "key", "place", "number")
_ROW = ("register_id", "tree", "level", "index", "hashes")


class Stored:
    """A stored register as a loading starts from it (loading.Held)."""

    def __init__(self, register: Register) -> None:
        self.name = register.name
        self.sizes = {
            Scope.SYSTEM: register.metadata_size,
            Scope.USER: register.size,
        }
        self.records = {
            Scope.SYSTEM: register.metadata_records,
            Scope.USER: register.records,
        }
        self.blobs = register.blobs
        self.has_derived = register.has_derived
        self._id = register.pk

    def tree(self, which: int) -> Growth:
        """Return the edge of one of the three trees."""
        size = self.sizes[Scope.SYSTEM if which == 0 else Scope.USER]
        if which == 2 and not self.has_derived:  # noqa: PLR2004  TREES.derived
            size = 0
        return Growth(size, lambda place: reading.read_row(self._id, which, place))

    def find_item(self, hash_: bytes) -> Known | None:
        """Return an item by its hash."""
        found = reading.find_item(self._id, hash_)
        return Known(found.data.encode(), found.place or 0) if found else None

    def find_latest(self, scope: Scope, key: str) -> Latest | None:
        """Return the newest entry of a key."""
        found = reading.find_record(self._id, key, scope=SCOPES[scope])
        return Latest(found.number, found.place, found.hashes) if found else None

    def metadata(self) -> dict[str, Item]:
        """Return the latest item of each metadata key."""
        return reading.metadata(self._id)


@dataclass(frozen=True)
class Plan:
    """What is to be written to a register of just these sizes, and what it leads to.

    The register itself may be made later than the plan.
    """

    before: dict[Scope, int]
    sizes: dict[Scope, int]
    records: dict[Scope, int]
    blobs: int
    has_derived: bool
    root: bytes
    last_entry_at: int | None
    links: dict[str, set[str]]
    warnings: tuple[Warned, ...]
    spool: IO[bytes]

    @property
    def added(self) -> int:
        """Return how many data entries it adds."""
        return self.sizes[Scope.USER] - self.before[Scope.USER]

    @property
    def added_metadata(self) -> int:
        """Return how many metadata entries it adds."""
        return self.sizes[Scope.SYSTEM] - self.before[Scope.SYSTEM]


@contextmanager
def planned(
    register: Register,
    commands: Iterable[tuple[int, Command]],
    *,
    history: bool,
    until: str = "",
) -> Iterator[Plan]:
    """Work out what commands would add; BadLine, and nothing is written here.

    To what is there, nothing later than `until` is appended where that is given.
    """
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_IN_MEMORY) as spool:
        loading = Loading(Stored(register), history=history, until=until)
        yield _plan(loading, commands, spool=spool)


def _plan(
    loading: Loading,
    commands: Iterable[tuple[int, Command]],
    *,
    spool: IO[bytes],
) -> Plan:
    for batch in loading.apply(commands):
        data = marshal.dumps(_rows_of(batch))
        spool.write(len(data).to_bytes(_LENGTH, "big") + data)
    last = loading.last_timestamp
    return Plan(
        before=dict(loading.held.sizes),
        sizes=loading.sizes,
        records=loading.records,
        blobs=loading.blobs,
        has_derived=loading.has_derived,
        root=loading.root(),
        last_entry_at=read_timestamp(last) if last else None,
        links=loading.links,
        warnings=tuple(loading.warnings),
        spool=spool,
    )


def _rows_of(batch: Batch) -> dict[str, list[tuple[Any, ...]]]:
    first: dict[tuple[int, str], tuple[int, int]] = {}
    later: dict[tuple[int, str], tuple[int, int]] = {}
    entries = []
    for each in batch.entries:
        scope = SCOPES[each.scope]
        key = (scope, each.key)
        # An upsert costs four times an insert, and most keys are new in a large load.
        newest = later if each.previous and key not in first else first
        newest[key] = (each.place, each.number)
        entries.append(
            (
                scope,
                each.number,
                each.key,
                read_timestamp(each.timestamp),
                b"".join(each.items),
                each.previous,
                each.place,
                each.records,
                each.blobs,
                each.after,
            )
        )
    return {
        # By hash, as their index holds them.
        "items": sorted(
            (new.hash, new.blob, new.data.decode(), new.place or None)
            for new in batch.items
        ),
        "places": list(batch.places),
        "entries": entries,
        "records": [(*key, *value) for key, value in first.items()],
        "later": [(*key, *value) for key, value in later.items()],
        "rows": [(which, *place, row) for which, place, row in batch.rows],
    }


def write(register: Register, plan: Plan) -> None:
    """Write a plan in the transaction under way; Conflict if the register grew.

    The caller holds the log's head, so nobody else writes meanwhile.
    """
    if (register.metadata_size, register.size) != (
        plan.before[Scope.SYSTEM],
        plan.before[Scope.USER],
    ):
        raise Conflict(
            f"{register.name} grew while this was prepared. Try again.", code="grew"
        )
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite" and plan.added > LARGE:
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        for batch in _batches(plan.spool):
            whole = {
                name: [(register.pk, *row) for row in rows]
                for name, rows in batch.items()
            }
            _insert(cursor, "registers_item", _ITEM, whole["items"])
            _set_places(cursor, whole["places"])
            _insert(cursor, "registers_entry", _ENTRY, whole["entries"])
            _insert(cursor, "registers_record", _RECORD, whole["records"])
            _upsert(cursor, "registers_record", _RECORD, whole["later"], keys=3)
            _upsert(cursor, "registers_row", _ROW, whole["rows"], keys=4)
    register.size = plan.sizes[Scope.USER]
    register.metadata_size = plan.sizes[Scope.SYSTEM]
    register.records = plan.records[Scope.USER]
    register.metadata_records = plan.records[Scope.SYSTEM]
    register.blobs = plan.blobs
    register.has_derived = plan.has_derived
    if plan.last_entry_at is not None:
        register.last_entry_at = max(register.last_entry_at or 0, plan.last_entry_at)
    register.save(
        update_fields=[
            "size",
            "metadata_size",
            "records",
            "metadata_records",
            "blobs",
            "has_derived",
            "last_entry_at",
        ]
    )


def _batches(spool: IO[bytes]) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    spool.seek(0)
    while head := spool.read(_LENGTH):
        yield marshal.loads(spool.read(int.from_bytes(head, "big")))  # noqa: S302  our own temporary file


def _names(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _insert(
    cursor: Any, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]
) -> None:
    if not rows:
        return
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY {table} ({_names(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ",".join(["%s"] * len(columns))
    cursor.executemany(
        f"INSERT INTO {table} ({_names(columns)}) VALUES ({marks})", rows
    )


def _upsert(
    cursor: Any,
    table: str,
    columns: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    *,
    keys: int,
) -> None:
    marks = ",".join(["%s"] * len(columns))
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in columns[keys:])
    cursor.executemany(
        f"INSERT INTO {table} ({_names(columns)}) VALUES ({marks}) "
        f"ON CONFLICT ({_names(columns[:keys])}) DO UPDATE SET {changed}",
        rows,
    )


def _set_places(cursor: Any, places: list[tuple[Any, ...]]) -> None:
    for register, digest, place in places:
        cursor.execute(
            "UPDATE registers_item SET place = %s WHERE register_id = %s AND hash = %s",
            [place, register, digest],
        )


def insert_new(
    cursor: Any,
    table: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Insert rows, leaving those that are there already."""
    marks = ",".join(["%s"] * len(columns))
    cursor.executemany(
        f"INSERT INTO {table} ({_names(columns)}) VALUES ({marks}) "
        "ON CONFLICT DO NOTHING",
        list(rows),
    )
