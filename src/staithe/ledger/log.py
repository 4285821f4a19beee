"""The stored log read through the tree: each root or proof is one query."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from django.db import connection

from staithe.base.errors import BadInput, Damaged
from staithe.ledger import tree
from staithe.ledger.models import Event, Head, Node


if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from staithe.ledger.tiles import Tile
    from staithe.ledger.tree import Position, Reader

T = TypeVar("T")


def size() -> int:
    """Return how many events are recorded."""
    head = Head.objects.filter(id=Head.ONLY).first()
    return head.size if head else 0


def root_at(size: int) -> bytes:
    """Return the root of the first `size` events; Damaged when nodes are missing."""
    return _run(lambda read: tree.root(size, read))


def inclusion(number: int, *, size: int) -> list[bytes]:
    """Return the audit path of an event in the first `size`; BadInput."""
    if not 0 <= number < size:
        raise BadInput(f"Entry {number} is not among the first {size}.")
    return _run(lambda read: tree.inclusion(number, size, read))


def consistency(old: int, new: int) -> list[bytes]:
    """Return the proof that the first `old` events begin the first `new`; BadInput."""
    if not 0 <= old <= new:
        raise BadInput(f"A log of {old} entries does not begin one of {new}.")
    return _run(lambda read: tree.consistency(old, new, read))


def tile_hashes(tile: Tile) -> list[bytes]:
    """Return the hashes of a tile of level 0 or more; Damaged when any is missing."""
    rows = Node.objects.filter(
        level=tile.tree_level, index__gte=tile.start, index__lt=tile.end
    )
    values = rows.order_by("index").values_list("hash", flat=True)
    hashes = [bytes(value) for value in values]
    if len(hashes) != tile.width:
        raise Damaged(f"Tile {tile.path()} lacks a hash: the log is damaged.")
    return hashes


def check_leaves(start: int, end: int) -> None:
    """Refuse nodes that are not the leaves of the events there; Damaged."""
    events = Event.objects.filter(number__gte=start, number__lt=end)
    nodes = Node.objects.filter(level=0, index__gte=start, index__lt=end)
    stored = dict(nodes.values_list("index", "hash"))
    for number, data in events.values_list("number", "commitment"):
        if tree.leaf_hash(bytes(data)) != bytes(stored.pop(number, b"")):
            raise Damaged(f"Entry {number} of the log is damaged: it is not its leaf.")
        start += number == start
    if start != end or stored:
        raise Damaged(f"Entry {start} is missing from the log.")


def read_nodes(positions: Collection[Position]) -> dict[Position, bytes]:
    """Return the stored hashes at these positions; those missing are left out.

    Plain SQL: the ORM takes far longer to build a query of many pairs than the
    database to answer it.
    """
    if not positions:
        return {}
    pairs = ",".join(["(%s,%s)"] * len(positions))
    sql = (
        f'WITH wanted("level", "index") AS (VALUES {pairs}) '
        'SELECT "level", "index", "hash" FROM wanted '
        'JOIN "ledger_node" USING ("level", "index")'
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, list(chain.from_iterable(positions)))
        rows = cursor.fetchall()
    return {(level, index): bytes(value) for level, index, value in rows}


def _run(plan: Callable[[Reader], T]) -> T:
    known = read_nodes(tree.positions_read(plan))

    def read(level: int, index: int) -> bytes:
        try:
            return known[level, index]
        except KeyError as error:
            raise Damaged(f"Node {level}/{index} of the log is missing.") from error

    return plan(read)
