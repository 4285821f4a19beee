"""The stored registers read by plain SQL: each answer is one or a few look-ups by key.

Nothing here grows with the size of a register beyond the logarithm: past states are
found by following a key's chain of entries, pages by place and not by offset.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection

from staithe.base.errors import Damaged
from staithe.ledger import tree
from staithe.registers import growth, item
from staithe.registers.entry import Scope, leaf_data
from staithe.registers.growth import Place
from staithe.registers.loading import TREES
from staithe.registers.timestamps import to_text


HASH = item.HASH_BYTES
SCOPES = {Scope.SYSTEM: 0, Scope.USER: 1}
DATA = SCOPES[Scope.USER]
METADATA = SCOPES[Scope.SYSTEM]
CHUNK = 500  # values in one IN (...)


class StoredEntry(NamedTuple):
    """An entry as read; `data` and `blob` are of its item where it has just one."""

    number: int
    key: str
    at: int
    items: bytes
    previous: int
    place: int
    records: int
    blobs: int
    data: str | None
    blob: bytes | None

    @property
    def timestamp(self) -> str:
        """Return when it was appended, as the log spells it."""
        return to_text(self.at)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Return the hashes of its items."""
        return split(self.items)


def split(items: bytes) -> tuple[bytes, ...]:
    """Cut joined hashes apart."""
    return tuple(items[at : at + HASH] for at in range(0, len(items), HASH))


def rows(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return every row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


_moment = threading.local()  # as each thread has a connection of its own


@contextmanager
def one_moment() -> Iterator[None]:
    """Read everything in the block from one state of the database; nothing is written.

    So an answer made of several queries is of before a write or after it, never both.
    """
    # Whoever opened what is open already sees one state, or writes it.
    if connection.in_atomic_block or getattr(_moment, "is_open", False):
        yield
        return
    begin = "BEGIN"
    if connection.vendor == "postgresql":
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(begin)
        _moment.is_open = True
        try:
            yield
        finally:
            _moment.is_open = False
            cursor.execute("ROLLBACK")


_ENTRY = (
    'SELECT e.number, e."key", e.at, e.items, e.previous, e.place, e.records, e.blobs, '
    "i.data, i.blob FROM {0} "
    "LEFT JOIN registers_item i ON i.register_id = e.register_id AND i.hash = e.items "
)
_PLAIN = _ENTRY.format("registers_entry e")
_OF_RECORD = _ENTRY.format(
    "registers_record r JOIN registers_entry e ON e.register_id = r.register_id "
    "AND e.scope = r.scope AND e.number = r.number"
)


def _entry(row: tuple[Any, ...]) -> StoredEntry:
    blob = row[9]
    number, key, at, items, previous, place, records, blobs, data, _ = row
    return StoredEntry(
        number,
        key,
        at,
        bytes(items),
        previous,
        place,
        records,
        blobs,
        data,
        None if blob is None else bytes(blob),
    )


def entries(
    register: int, start: int, end: int, *, scope: int = DATA
) -> list[StoredEntry]:
    """Return the entries numbered from `start` to `end`, both included."""
    found = rows(
        _PLAIN + "WHERE e.register_id = %s AND e.scope = %s "
        "AND e.number BETWEEN %s AND %s ORDER BY e.number",
        [register, scope, start, end],
    )
    return [_entry(row) for row in found]


def entries_at(register: int, numbers: Sequence[int]) -> list[StoredEntry]:
    """Return the entries of data that have these numbers, in no order."""
    found = []
    for at in range(0, len(numbers), CHUNK):
        part = list(numbers[at : at + CHUNK])
        marks = ",".join(["%s"] * len(part))
        found += rows(
            _PLAIN + "WHERE e.register_id = %s AND e.scope = %s "
            f"AND e.number IN ({marks})",
            [register, DATA, *part],
        )
    return [_entry(row) for row in found]


def find_entry(register: int, number: int, *, scope: int = DATA) -> StoredEntry | None:
    """Return an entry by its number."""
    found = entries(register, number, number, scope=scope)
    return found[0] if found else None


def find_record(
    register: int, key: str, *, size: int | None = None, scope: int = DATA
) -> StoredEntry | None:
    """Return the newest entry of a key, or its newest among the first `size`."""
    found = rows(
        _OF_RECORD + 'WHERE r.register_id = %s AND r.scope = %s AND r."key" = %s',
        [register, scope, key],
    )
    newest = _entry(found[0]) if found else None
    return _as_of(register, newest, size, scope) if newest else None


def records(
    register: int, start: int, end: int, *, size: int | None = None, scope: int = DATA
) -> list[StoredEntry]:
    """Return the newest entries of the keys whose places are from `start` to `end`.

    With `size`, as they were after the first `size` entries; a place that was not
    taken then has no entry in the answer.
    """
    found = rows(
        _OF_RECORD + "WHERE r.register_id = %s AND r.scope = %s "
        "AND r.place BETWEEN %s AND %s ORDER BY r.place",
        [register, scope, start, end],
    )
    newest = [_entry(row) for row in found]
    past = [_as_of(register, each, size, scope) for each in newest]
    return [each for each in past if each]


_CHAIN = (
    "WITH RECURSIVE chain(number) AS (SELECT e.previous FROM registers_entry e "
    "WHERE e.register_id = %s AND e.scope = %s AND e.number = %s UNION ALL "
    "SELECT e.previous FROM chain c JOIN registers_entry e ON e.register_id = %s "
    "AND e.scope = %s AND e.number = c.number WHERE c.number > %s) "
    "SELECT MIN(number) FROM chain"
)


def _as_of(
    register: int, newest: StoredEntry, size: int | None, scope: int
) -> StoredEntry | None:
    """Return the entry of the same key that was the newest among the first `size`."""
    if size is None or newest.number <= size:
        return newest
    here = [register, scope]
    found = rows(_CHAIN, [*here, newest.number, *here, size])
    return find_entry(register, found[0][0], scope=scope)


def records_at(register: int, places: Sequence[int]) -> list[StoredEntry]:
    """Return the newest entries of the records at these places, in their order."""
    if not places:
        return []
    by_place: dict[int, StoredEntry] = {}
    for at in range(0, len(places), CHUNK):
        part = list(places[at : at + CHUNK])
        marks = ",".join(["%s"] * len(part))
        found = rows(
            _OF_RECORD + "WHERE r.register_id = %s AND r.scope = %s "
            f"AND r.place IN ({marks})",
            [register, DATA, *part],
        )
        by_place |= {each.place: each for each in map(_entry, found)}
    return [by_place[place] for place in places if place in by_place]


def trail(register: int, key: str) -> list[StoredEntry]:
    """Return every entry of a key, oldest first."""
    found = rows(
        "WITH RECURSIVE chain(number) AS (SELECT number FROM registers_record "
        'WHERE register_id = %s AND scope = %s AND "key" = %s UNION ALL '
        "SELECT e.previous FROM registers_entry e JOIN chain c "
        "ON e.register_id = %s AND e.scope = %s AND e.number = c.number "
        "WHERE e.previous > 0) "
        + _ENTRY.format(
            "chain c JOIN registers_entry e ON e.register_id = %s "
            "AND e.scope = %s AND e.number = c.number"
        )
        + "ORDER BY e.number",
        [register, DATA, key, register, DATA, register, DATA],
    )
    return [_entry(row) for row in found]


class StoredItem(NamedTuple):
    """An item as read."""

    hash: bytes
    blob: bytes
    data: str
    place: int | None


_ITEM = "SELECT hash, blob, data, place FROM registers_item WHERE register_id = %s "


def _items(sql: str, values: Sequence[Any]) -> list[StoredItem]:
    found = rows(_ITEM + sql, values)
    return [StoredItem(bytes(row[0]), bytes(row[1]), *row[2:]) for row in found]


def find_item(register: int, digest: bytes) -> StoredItem | None:
    """Return an item by its version 1 hash."""
    found = _items("AND hash = %s", [register, digest])
    return found[0] if found else None


def find_blob(register: int, digest: bytes) -> StoredItem | None:
    """Return the first item of data that has this version 2 hash."""
    found = _items(
        "AND blob = %s AND place IS NOT NULL ORDER BY place LIMIT 1", [register, digest]
    )
    return found[0] if found else None


def items(register: int, start: int, end: int) -> list[StoredItem]:
    """Return the items of data whose places are from `start` to `end`."""
    return _items("AND place BETWEEN %s AND %s ORDER BY place", [register, start, end])


def items_of(register: int, hashes: Iterable[bytes]) -> dict[bytes, StoredItem]:
    """Return items by their hashes."""
    wanted = list(set(hashes))
    found = {}
    for at in range(0, len(wanted), CHUNK):
        part = wanted[at : at + CHUNK]
        marks = ",".join(["%s"] * len(part))
        for each in _items(f"AND hash IN ({marks})", [register, *part]):
            found[each.hash] = each
    return found


def data_of(register: int, each: StoredEntry) -> list[item.Item]:
    """Return what the items of an entry say."""
    if each.data is not None:
        return [item.read_known(each.data.encode())]
    found = items_of(register, each.hashes)
    return [item.read_known(found[digest].data.encode()) for digest in each.hashes]


def leaf_of(each: StoredEntry) -> bytes:
    """Return the leaf data of an entry."""
    return leaf_data(
        number=each.number, timestamp=each.timestamp, key=each.key, items=each.hashes
    )


def existing_keys(register: int, keys: Iterable[str]) -> set[str]:
    """Return which of these keys have a record."""
    return set(newest_numbers(register, keys))


def newest_numbers(register: int, keys: Iterable[str]) -> dict[str, int]:
    """Return the number of the newest entry of each of these keys that has one."""
    wanted = list(set(keys))
    found: dict[str, int] = {}
    for at in range(0, len(wanted), CHUNK):
        part = wanted[at : at + CHUNK]
        marks = ",".join(["%s"] * len(part))
        sql = (
            'SELECT "key", number FROM registers_record WHERE register_id = %s '
            f'AND scope = %s AND "key" IN ({marks})'
        )
        found |= dict(rows(sql, [register, DATA, *part]))
    return found


def records_of(register: int, keys: Iterable[str]) -> dict[str, StoredEntry]:
    """Return the newest entry of each of these keys that has one."""
    wanted = list(set(keys))
    found: dict[str, StoredEntry] = {}
    for at in range(0, len(wanted), CHUNK):
        part = wanted[at : at + CHUNK]
        marks = ",".join(["%s"] * len(part))
        sql = (
            _OF_RECORD + "WHERE r.register_id = %s AND r.scope = %s "
            f'AND r."key" IN ({marks})'
        )
        for row in rows(sql, [register, DATA, *part]):
            each = _entry(row)
            found[each.key] = each
    return found


def metadata(register: int) -> dict[str, item.Item]:
    """Return the latest item of each metadata key."""
    found = rows(
        _OF_RECORD + "WHERE r.register_id = %s AND r.scope = %s ORDER BY r.place",
        [register, METADATA],
    )
    return {row[1]: item.read_known(row[8].encode()) for row in found}


def field_definitions() -> list[tuple[int, item.Item]]:
    """Return the latest definition of each field of every register, by register."""
    found = rows(
        _OF_RECORD.replace("SELECT ", "SELECT e.register_id, ")
        + "WHERE r.scope = %s AND r.\"key\" LIKE 'field:%%'",
        [METADATA],
    )
    return [(row[0], item.read_known(row[9].encode())) for row in found]


def metadata_after(
    register: int, *, first: int, last: int
) -> Iterator[tuple[int, StoredEntry]]:
    """Yield metadata entries appended when data had `first` to `last` entries.

    Each comes with the size of the data log at the time.
    """
    found = rows(
        _PLAIN.replace("SELECT ", "SELECT e.after, ") + "WHERE e.register_id = %s "
        "AND e.scope = %s AND e.after BETWEEN %s AND %s ORDER BY e.number",
        [register, METADATA, first, last],
    )
    for row in found:
        yield row[0], _entry(row[1:])


# ---------------------------------------------------------------- the trees


def read_row(register: int, which: int, place: Place) -> bytes:
    """Return a row of a tree; empty where there is none."""
    found = rows(
        "SELECT hashes FROM registers_row WHERE register_id = %s AND tree = %s "
        'AND level = %s AND "index" = %s',
        [register, which, *place],
    )
    return bytes(found[0][0]) if found else b""


def reader(register: int, which: int = TREES.user) -> tree.Reader:
    """Return a Reader of the nodes of a tree; each row is read once."""
    known: dict[Place, bytes] = {}

    def row(place: Place) -> bytes:
        if place not in known:
            known[place] = read_row(register, which, place)
        return known[place]

    read = growth.reader(row)

    def checked(level: int, index: int) -> bytes:
        try:
            return read(level, index)
        except LookupError as error:
            raise Damaged(
                f"Node {level}/{index} of the register is missing."
            ) from error

    return checked


def root(register: int, size: int, which: int = TREES.user) -> bytes:
    """Return the root of the first `size` entries."""
    return tree.root(size, reader(register, which))
