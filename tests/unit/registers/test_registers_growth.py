"""Rows that only grow hold the same tree as one kept whole in memory."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.ledger import tiles, tree
from staithe.registers import growth
from staithe.registers.growth import Growth


LEAVES = [sha256(b"%d" % n).digest() for n in range(70_000)]


def grown(size: int, *stops: int) -> tuple[Growth, dict]:
    """Grow a tree to `size`, stored and taken up again at each stop."""
    rows: dict = {}
    edge = Growth()
    for stop in (*sorted(stops), size):
        for leaf in LEAVES[edge.size : stop]:
            edge.append(leaf)
        for place, row in [*edge.take_full(), *edge.partial()]:
            assert row.startswith(rows.get(place, b"")), "a row only grows"
            rows[place] = row
        edge = Growth(edge.size, rows.__getitem__)
    return edge, rows


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1200), st.lists(st.integers(0, 1200), max_size=4), st.data())
def test_roots_and_proofs_are_those_of_a_tree_in_memory(size, stops, data):
    edge, rows = grown(size, *(stop for stop in stops if stop < size))
    held = tree.MemoryTree()
    for leaf in LEAVES[:size]:
        held.append(leaf)
    read = growth.reader(rows.__getitem__)
    assert edge.root() == tree.root(size, held.read)
    if size:
        index, old = (
            data.draw(st.integers(0, size - 1)),
            data.draw(st.integers(0, size)),
        )
        assert tree.inclusion(index, size, read) == tree.inclusion(
            index, size, held.read
        )
        assert tree.consistency(old, size, read) == tree.consistency(
            old, size, held.read
        )


def test_public_tiles_are_read_from_rows():
    size = 66_000
    edge, rows = grown(size, 256, 65_536)
    served = {}
    for tile in tiles.tiles_of(size):
        if tile.level != tiles.ENTRIES:
            row = rows[tile.level, tile.index]
            served[tile] = b"".join(growth.leaf_hashes(row, width=tile.width))
    assert tree.root(size, tiles.reader(served.__getitem__, size=size)) == edge.root()
    assert served[tiles.Tile(0, 0)] == b"".join(LEAVES[:256])


def test_a_missing_node_is_not_made_up():
    with pytest.raises(LookupError):
        growth.reader(lambda _place: b"")(0, 0)
