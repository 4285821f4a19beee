"""Hashes of items, blobs, entries and trees are the published ones."""

from __future__ import annotations

import unicodedata

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.ledger import tree
from staithe.ledger.tree import leaf_hash
from staithe.registers import blob, entry, item
from staithe.registers.loading import TREES, Empty, load_lines
from staithe.registers.register import leaf_of, read_register


BOTH = "12202b90b5d4a714f5fd5f7c670067f090f972dd7be8a472965c90572699249672aa"
FIELDS = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
ITEMS = st.dictionaries(FIELDS, TEXTS | st.lists(TEXTS, min_size=1, max_size=4))


def test_an_item_has_the_published_name():
    data = item.to_canonical({"foo": "abc", "bar": "xyz"}).encode()
    assert data == b'{"bar":"xyz","foo":"abc"}'
    assert item.hash_to_text(item.hash_of(data)) == (
        "sha-256:5dd4fe3b0de91882dae86b223ca531b5c8f2335d9ee3fd0ab18dfdc2871d0c61"
    )


@given(ITEMS)
def test_canonical_items_are_those_of_rfc_8785(values):
    data = item.to_canonical(values).encode()
    assert data == rfc8785.dumps(values)
    assert item.read_item(data) == values


@pytest.mark.parametrize(
    "text",
    [
        '{"b":"1","a":"2"}', '{"a": "1"}', '{"a":"1","a":"1"}', '{"a":"\\u0041"}',
        '{"a":1}', '{"a":["x",1]}', '{"a":{"b":"c"}}', '["a"]', '{"a":"\\ud800"}', '{"a":"1"} ',
        '{"a":"1"', "", '{"a":"\\/"}', '{"a":null}', '{"a":NaN}', "[" * 100_000,
    ],
)  # fmt: skip
def test_other_spellings_of_an_item_are_refused(text):
    with pytest.raises(BadInput):
        item.read_item(text.encode())


def test_an_item_that_is_not_utf_8_or_too_long_is_refused():
    with pytest.raises(BadInput):
        item.read_item(b'{"a":"\xff"}')
    with pytest.raises(BadInput, match="larger"):
        item.read_item(b'{"a":"' + b"x" * 10_000_000 + b'"}')


@pytest.mark.parametrize(
    "text", ["sha-256:" + "A" * 64, "sha-256:" + "a" * 63, "a" * 64, "sha-256:" + "a" * 64 + "\n"]
)  # fmt: skip
def test_hexadecimal_is_read_strictly(text):
    with pytest.raises(BadInput):
        item.read_hash(text)
    with pytest.raises(BadInput):
        blob.read_hash(text.replace("sha-256:", "1220"))


@pytest.mark.parametrize(
    ("value", "digest"),
    [
        ({"foo": "abc", "bar": "xyz"}, BOTH),
        ({"foo": "**REDACTED**2a42a9c91b74c0032f6b8000a2c9c5bcca5bb298f004e8eff533811004dea511", "bar": "xyz"}, BOTH),
        ({"foo": "abc", "bar": "xyz", "no": "", "none": [], "null": None, "blank": [""]}, BOTH),
        ({"foo": "bar"}, "12207ef5237c3027d6c58100afadf37796b3d351025cf28038280147d42fdc53b960"),
        ({"foo": ["bar", "baz"]}, "1220e64c38241421a64d3cbe3e0f1a7b1a429bd7b9b5ce3bb4d0840f70ecee3cd460"),
        ({"foo": ["baz", "bar", ""]}, "1220e64c38241421a64d3cbe3e0f1a7b1a429bd7b9b5ce3bb4d0840f70ecee3cd460"),
        (
            {
                "id": "GB",
                "official-name": "The United Kingdom of Great Britain and Northern Ireland",
                "name": "United Kingdom",
                "citizen-names": ["Briton", "British citizen"],
            },
            "122045d9392ad17cead3fa46501eba3e5ac237cb46a39f1e175905f00ef6a6667257",
        ),
    ],
)  # fmt: skip
def test_a_blob_has_the_published_hash(value, digest):
    assert blob.hash_to_text(blob.blob_hash(value)) == digest


@given(ITEMS)
def test_the_spelling_of_accents_does_not_change_a_blob(values):
    def decomposed(value):
        if isinstance(value, str):
            return unicodedata.normalize("NFD", value)
        return [decomposed(part) for part in value]

    other = {name: decomposed(value) for name, value in values.items()}
    assert blob.blob_hash(values) == blob.blob_hash(other)


@given(ITEMS, st.data())
def test_a_value_can_be_taken_out_without_changing_the_hash(values, data):
    names = data.draw(st.sets(st.sampled_from(sorted(values)))) if values else set()
    redacted = blob.redact(values, names=names)
    assert blob.blob_hash(redacted) == blob.blob_hash(values)
    assert all(blob.is_commitment(redacted[name]) for name in names)


def test_a_salted_value_cannot_be_found_by_guessing_without_the_salt():
    """Two salts give two commitments, and a plain redaction is neither."""
    one, two = blob.new_salt(), blob.new_salt()
    made = {blob.commit("Smith", salt=one), blob.commit("Smith", salt=two)}
    plain = blob.redact({"name": "Smith"}, names={"name"})["name"]
    assert len(made | {plain}) == 3
    assert blob.commit("Smith", salt=one) in made
    with pytest.raises(ValueError, match="32"):
        blob.commit("Smith", salt=b"short")


def test_a_version_2_entry_has_the_published_hash():
    digest = entry.entry_hash(
        number=6,
        timestamp="2016-04-05T13:23:05Z",
        key="GB",
        blob=blob.read_hash("12206b18693874513ba13da54d61aafa7cad0c8f5573f3431d6f1c04b07ddb27d6bb"),
    )  # fmt: skip
    assert blob.hash_to_text(digest) == (
        "122002f78a0faf50516849602399b6be7b1a0775fccc3ea0318fda9c6fcf7a4000cb"
    )


def test_roots_and_proofs_of_the_small_register_are_the_published_ones(small):
    register = read_register("address", small)
    assert [register.root(size=size).hex()[:16] for size in range(1, 6)] == [
        "1ff5df752df3070a", "7cdec03e9aba7810", "fb9abd8d4866ba93", "f1619388f950130a",
        "a0aa6dace50e47c6",
    ]  # fmt: skip
    held = tree.MemoryTree()
    for each in register.log["user"]:
        held.append(leaf_hash(leaf_of(each)))
    nodes = [
        "9a4a3fca445ab8439397d3fc292c9fd6e48c56925ca941a187c2acbcde3f3939",
        "23c5af4f4fab13fb3a6c9601853baef9f548fb70dcf14cde22d703a078b12a41",
        "c793376fbe2573d303b26e6d93a1698ddf440d738f479ec84323c3b2c6acbd53",
    ]
    assert [node.hex() for node in tree.inclusion(0, 5, held.read)] == nodes
    assert [node.hex() for node in tree.consistency(2, 5, held.read)] == nodes[1:]


def test_the_version_2_root_of_the_small_register_follows_the_specification(small):
    loading = load_lines(Empty("address"), small)
    assert blob.hash_to_text(loading.root(TREES.derived)) == (
        "122047b5f93880d3f9a9f618233501c2d4615ff6d747d400d51697550709c5489248"
    )
