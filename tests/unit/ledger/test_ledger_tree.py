"""The tree gives the roots and proofs of RFC 6962, by four independent answers."""

from __future__ import annotations

import json
import warnings
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from staithe.ledger import tree
from staithe.ledger.tree import BadProof, Frontier, MemoryTree, leaf_hash


LEAVES = [leaf_hash(bytes([n])) for n in range(140)]

# The eight leaves and roots that Certificate Transparency implementations share.
CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

# A register's log in RSF: item and key of each entry, one timestamp for all.
REGISTER = [
    ({"address": "12345", "street": "ellis"}, "12345"),
    ({"address": "6789", "street": "presley"}, "6789"),
    ({"address": "12345", "street": "foo"}, "12345"),
    ({"address": "145678", "street": "ellis"}, "145678"),
    ({"address": "12345", "street": "ellis"}, "12345"),
]
REGISTER_ROOTS = [
    "1ff5df752df3070a48c52fb6b203f4c2f83a6962484f8d20c911260736d13eb0",
    "7cdec03e9aba7810340596079a18b495dbc93f22a8d051d3417fb4a79b1f6124",
    "fb9abd8d4866ba933ece23de2d7a05dcdab96a1160aa9c0240f3dbb73d25b1ef",
    "f1619388f950130ae6fbbe71626ec6f8c22a66605be3cd2844871a025c2449b4",
    "a0aa6dace50e47c68fd4a79e3d94ba525f827e0a44bb64ed2e5f75cfe051b71c",
]
REGISTER_PATH = [
    "9a4a3fca445ab8439397d3fc292c9fd6e48c56925ca941a187c2acbcde3f3939",
    "23c5af4f4fab13fb3a6c9601853baef9f548fb70dcf14cde22d703a078b12a41",
    "c793376fbe2573d303b26e6d93a1698ddf440d738f479ec84323c3b2c6acbd53",
]


def grow(leaves: list[bytes]) -> MemoryTree:
    grown = MemoryTree()
    for leaf in leaves:
        grown.append(leaf)
    return grown


GROWN = grow(LEAVES)


def defined_root(leaves: list[bytes]) -> bytes:
    """Return MTH by its definition in RFC 6962 section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return tree.node_hash(defined_root(leaves[:k]), defined_root(leaves[k:]))


def defined_subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """Return SUBPROOF by its definition in RFC 6962 section 2.1.2."""
    n = len(leaves)
    if m == n:
        return [] if whole else [defined_root(leaves)]
    k = 1
    while 2 * k < n:
        k *= 2
    if m <= k:
        left = defined_subproof(m, leaves[:k], whole=whole)
        return [*left, defined_root(leaves[k:])]
    right = defined_subproof(m - k, leaves[k:], whole=False)
    return [*right, defined_root(leaves[:k])]


def v1_leaf(number: int, item: dict[str, str], key: str) -> bytes:
    """Return the bytes of a V1 register entry (a leaf rule other than ours)."""
    canonical = json.dumps(item, sort_keys=True, separators=(",", ":"))
    entry = {
        "index-entry-number": str(number),
        "entry-number": str(number),
        "entry-timestamp": "2017-06-01T10:13:27Z",
        "key": key,
        "item-hash": ["sha-256:" + sha256(canonical.encode()).hexdigest()],
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def test_roots_are_those_of_certificate_transparency():
    grown = grow([leaf_hash(bytes.fromhex(text)) for text in CT_LEAVES])
    roots = [tree.root(size, grown.read).hex() for size in range(1, 9)]
    assert roots == CT_ROOTS


def test_roots_and_proofs_are_those_of_the_published_register():
    leaves = [
        leaf_hash(v1_leaf(number, item, key))
        for number, (item, key) in enumerate(REGISTER, 1)
    ]
    grown = grow(leaves)
    assert tree.root(0, grown.read).hex() == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    roots = [tree.root(size, grown.read).hex() for size in range(1, 6)]
    assert roots == REGISTER_ROOTS
    path = [value.hex() for value in tree.inclusion(0, 5, grown.read)]
    assert path == REGISTER_PATH
    consistency = [value.hex() for value in tree.consistency(2, 5, grown.read)]
    assert consistency == REGISTER_PATH[1:]


@pytest.mark.parametrize("size", [*range(34), 63, 64, 65, 127, 128, 129, 140])
def test_every_way_to_a_root_agrees(size):
    """Definition, stored nodes, frontier and pymerkle give one root."""
    frontier = Frontier()
    oracle = InmemoryTree(algorithm="sha256")
    for number in range(size):
        frontier.append(LEAVES[number])
        oracle.append_entry(bytes([number]))
    root = tree.root(size, GROWN.read)
    assert root == defined_root(LEAVES[:size])
    assert root == frontier.root()
    if size:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            assert root == oracle.get_state(size)


def test_audit_paths_are_those_of_pymerkle():
    oracle = InmemoryTree(algorithm="sha256")
    for number in range(40):
        oracle.append_entry(bytes([number]))
    for size in (1, 2, 7, 33, 40):
        for index in range(size):
            path = oracle.prove_inclusion(index + 1, size).serialize()["path"]
            ours = tree.inclusion(index, size, GROWN.read)
            assert [value.hex() for value in ours] == path[1:]  # theirs has the leaf


def test_consistency_proofs_are_those_of_the_definition():
    for new in range(1, 40):
        for old in range(1, new + 1):
            defined = defined_subproof(old, LEAVES[:new], whole=True)
            assert tree.consistency(old, new, GROWN.read) == defined


sizes = st.integers(1, len(LEAVES))


@given(sizes, st.data())
def test_a_path_proves_its_leaf_there_and_nothing_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    root = tree.root(size, GROWN.read)
    path = tree.inclusion(index, size, GROWN.read)
    good = {"index": index, "size": size, "proof": path, "root": root}
    tree.check_inclusion(leaf=LEAVES[index], **good)
    if other != index:
        with pytest.raises(BadProof):
            tree.check_inclusion(leaf=LEAVES[other], **good)
        with pytest.raises(BadProof):
            tree.check_inclusion(leaf=LEAVES[index], **{**good, "index": other})
    for spoilt in spoil(path, data):
        with pytest.raises(BadProof):
            tree.check_inclusion(leaf=LEAVES[index], **{**good, "proof": spoilt})


@given(sizes, st.data())
def test_a_consistency_proof_proves_those_two_logs_and_no_others(new, data):
    old = data.draw(st.integers(0, new))
    roots = {
        "old_root": tree.root(old, GROWN.read),
        "new_root": tree.root(new, GROWN.read),
    }
    proof = tree.consistency(old, new, GROWN.read)
    tree.check_consistency(old=old, new=new, proof=proof, **roots)
    for which in roots:
        if which == "new_root" and old == 0:
            continue  # every log begins with the empty one
        forged = {**roots, which: sha256(b"other").digest()}
        with pytest.raises(BadProof, match=r"fork|short|long"):
            tree.check_consistency(old=old, new=new, proof=proof, **forged)
    for spoilt in spoil(proof, data):
        with pytest.raises(BadProof):
            tree.check_consistency(old=old, new=new, proof=spoilt, **roots)


def spoil(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """Return the proof one hash longer, one shorter, and with one bit flipped."""
    spoilt = [[*proof, LEAVES[0]], [LEAVES[0], *proof]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        spoilt += [proof[:-1], proof[1:], [*proof[:at], flipped, *proof[at + 1 :]]]
    return spoilt


def test_an_empty_proof_of_growth_is_too_short():
    roots = {"old_root": LEAVES[0], "new_root": LEAVES[1]}
    with pytest.raises(BadProof, match="short"):
        tree.check_consistency(old=3, new=4, proof=[], **roots)


def test_a_proof_of_growth_does_not_prove_a_taller_tree():
    """The roots fit, but a tree of five leaves is a level higher than one of four."""
    roots = {
        "old_root": tree.root(2, GROWN.read),
        "new_root": tree.root(4, GROWN.read),
    }
    proof = tree.consistency(2, 4, GROWN.read)
    tree.check_consistency(old=2, new=4, proof=proof, **roots)
    with pytest.raises(BadProof, match="short"):
        tree.check_consistency(old=2, new=5, proof=proof, **roots)


@given(sizes)
def test_a_proof_reads_no_more_than_two_nodes_a_level(size):
    """So one query fetches what any proof needs, at any size."""
    plans = [
        lambda read: tree.root(size, read),
        lambda read: tree.inclusion(size // 2, size, read),
        lambda read: tree.consistency((size + 1) // 2, size, read),
    ]
    for plan in plans:
        asked = tree.positions_read(plan)
        assert len(asked) <= 2 * size.bit_length()
        assert all((index + 1) << level <= size for level, index in asked)


def test_peaks_cover_the_log_without_gap_or_overlap():
    for size in range(300):
        covered = []
        for level, index in tree.peaks(size):
            covered += range(index << level, (index + 1) << level)
        assert covered == list(range(size))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_path_of_a_leaf_outside_the_log_is_refused(index, size):
    with pytest.raises(ValueError, match="not in a tree"):
        tree.inclusion(index, size, GROWN.read)
    with pytest.raises(BadProof):
        tree.root_from_inclusion(leaf=LEAVES[0], index=index, size=size, proof=[])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_larger_log_begins_no_smaller_one(old, new):
    with pytest.raises(ValueError, match="does not begin"):
        tree.consistency(old, new, GROWN.read)
    with pytest.raises(BadProof):
        tree.check_consistency(old=old, new=new, proof=[], old_root=b"", new_root=b"")
