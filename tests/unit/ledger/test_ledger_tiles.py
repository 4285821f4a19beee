"""Tiles are those of C2SP tlog-tiles and hold everything a proof needs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.errors import NotFound
from staithe.ledger import tiles, tree
from staithe.ledger.tiles import ENTRIES, Tile
from staithe.ledger.tree import BadProof, MemoryTree, leaf_hash


GROWN = MemoryTree()
for _number in range(70_000):
    GROWN.append(leaf_hash(_number.to_bytes(3, "big")))


def fetch(tile: Tile) -> bytes:
    return b"".join(GROWN.read(*position) for position in tiles.positions(tile))


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 1234067), "0/x001/x234/067"),
        (Tile(3, 999, 1), "3/999.p/1"),
        (Tile(1, 1000, 255), "1/x001/000.p/255"),
        (Tile(ENTRIES, 5, 12), "entries/005.p/12"),
        (Tile(63, 0), "63/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path() == path
    assert tiles.read_path(path) == tile


@given(st.integers(ENTRIES, 63), st.integers(0, 2**60), st.integers(1, tiles.WIDTH))
def test_every_path_is_read_back(level, index, width):
    tile = Tile(level, index, width)
    assert tiles.read_path(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "0/0", "0/00", "0/0000", "00/000", "64/000", "-1/000",
        "0/x000/001", "0/001/x002", "0/x1/001", "0/000.p/0", "0/000.p/256",
        "0/000.p/01", "0/000.p/", "0/000/", "/0/000", "0/../000", "0/000\n",
        "entries", "entry/000", "0/٠٠٠", "0/x001/x234", "0/000.p/1.p/1",
    ],
)  # fmt: skip
def test_no_other_spelling_of_a_path_is_read(path):
    with pytest.raises(NotFound):
        tiles.read_path(path)


@pytest.mark.parametrize(
    ("size", "published"),
    [
        (0, []),
        (1, ["entries/000.p/1", "0/000.p/1"]),
        (256, ["entries/000", "0/000", "1/000.p/1"]),
        (
            600,
            [
                *["entries/000", "entries/001", "entries/002.p/88"],
                *["0/000", "0/001", "0/002.p/88", "1/000.p/2"],
            ],
        ),
    ],
)
def test_a_log_publishes_full_tiles_and_the_partial_edge(size, published):
    assert [tile.path() for tile in tiles.tiles_of(size)] == published


def test_a_log_of_70000_has_three_levels():
    paths = [tile.path() for tile in tiles.tiles_of(70_000) if tile.level > 0]
    assert paths == ["1/000", "1/001.p/17", "2/000.p/1"]


@given(st.integers(0, 70_000), st.data())
def test_what_is_published_is_within_the_log_and_one_more_is_not(size, data):
    for tile in tiles.tiles_of(size):
        if tile.width < tiles.WIDTH:
            assert tiles.is_within(tile, size)
            wider = Tile(tile.level, tile.index, tile.width + 1)
            assert not tiles.is_within(wider, size)
    with pytest.raises(NotFound):
        tiles.tile_at(0, size // tiles.WIDTH + 1, size=size)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 70_000), st.data())
def test_roots_and_proofs_from_tiles_are_those_from_the_whole_tree(size, data):
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    read = tiles.reader(fetch, size=size)
    assert tree.root(size, read) == tree.root(size, GROWN.read)
    whole = tree.inclusion(index, size, GROWN.read)
    assert tree.inclusion(index, size, read) == whole
    whole = tree.consistency(old, size, GROWN.read)
    assert tree.consistency(old, size, read) == whole


def test_a_tile_of_the_wrong_length_is_refused():
    read = tiles.reader(lambda tile: fetch(tile)[:-1], size=300)
    with pytest.raises(BadProof, match="bytes"):
        tree.root(300, read)


entries = st.lists(st.binary(max_size=300), min_size=1, max_size=20)


@given(entries)
def test_a_bundle_is_read_back(written):
    data = tiles.encode_bundle(written)
    assert tiles.decode_bundle(data, width=len(written)) == written


@given(entries, st.data())
def test_a_bundle_that_breaks_off_or_runs_on_is_refused(written, data):
    whole = tiles.encode_bundle(written)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for spoilt in (whole[:cut], whole + b"\x00\x00", whole + b"\x00"):
        with pytest.raises(BadProof):
            tiles.decode_bundle(spoilt, width=len(written))


def test_a_bundle_holds_entries_of_65535_bytes_and_no_longer():
    longest = b"x" * 65_535
    assert tiles.decode_bundle(tiles.encode_bundle([longest]), width=1) == [longest]
    with pytest.raises(ValueError, match="does not fit"):
        tiles.encode_bundle([longest + b"x"])
