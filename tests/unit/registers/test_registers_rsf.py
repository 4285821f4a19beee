"""RSF: every rule is enforced with the number of the line; what is written reads back."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.ledger.tree import EMPTY_ROOT
from staithe.registers import item, rsf
from staithe.registers.entry import Scope
from staithe.registers.loading import Empty, Loading, load_lines
from staithe.registers.register import read_register
from staithe.registers.rsf import AddItem, AppendEntry, AssertRoot, BadLine


AT = "2026-01-31T09:00:00Z"


def lines_for(*items: dict, scope: str = "user", key: str | None = None) -> list[bytes]:
    """Return lines that add each item as an entry; the key is its field `town`."""
    lines = []
    for values in items:
        data = item.to_canonical(values).encode()
        digest = item.hash_to_text(item.hash_of(data))
        name = key or values["town"]
        lines += [
            b"add-item\t" + data,
            f"append-entry\t{scope}\t{name}\t{AT}\t{digest}".encode(),
        ]
    return lines


def schema_lines() -> list[bytes]:
    define = {"register": "town", "fields": ["town", "name", "since", "country"]}
    lines = lines_for(define, scope="system", key="register:town")
    for field, datatype in (
        ("town", "string"),
        ("name", "string"),
        ("since", "datetime"),
        ("country", "curie"),
    ):
        values = {"field": field, "datatype": datatype, "cardinality": "1"}
        lines += lines_for(values, scope="system", key=f"field:{field}")
    return lines


def refused(lines: list[bytes]) -> BadLine:
    with pytest.raises(BadLine) as caught:
        load_lines(Empty("town"), lines)
    return caught.value


def test_the_small_register_reads_and_writes(small):
    register = read_register("address", small)
    assert (register.size, len(register.records())) == (5, 3)
    assert register.record("12345") == {"address": "12345", "street": "ellis"}
    assert register.record("12345", size=4)["street"] == "foo"
    assert [each.number for each in register.trail("12345")] == [1, 3, 5]
    written = [rsf.write(command)[:-1] for command in register.commands()]
    assert read_register("address", written).root() == register.root()


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (3, b"add-item {}", "none of"),
        (3, b"", "none of"),
        (3, b'add-item\t{"a": 1}', "canonical"),
        (3, b'add-item\t{"address":"1"}\tx', "none of"),
        (1, b"assert-root-hash\tsha-256:00", "64 lower-case"),
        (1, b"assert-root-hash\tsha-256:" + b"0" * 64, "not the one stated"),
        (6, b"append-entry\tuser\t12345\t2017-06-01T10:13:27Z", "a scope, a key"),
        (6, b"append-entry\tboth\t12345\t2017-06-01T10:13:27Z\tsha-256:" + b"0" * 64, "user or system"),
        (6, b"append-entry\tuser\t12345\t2017-06-01T10:13:27Z\tsha-256:" + b"0" * 64, "was not added"),
        (6, b"append-entry\tuser\t12--345\t2017-06-01T10:13:27Z\tsha-256:" + b"0" * 64, "not a key"),
        (6, b"append-entry\tuser\t12345\t2017-06-31T10:13:27Z\tsha-256:" + b"0" * 64, "not a time"),
        (6, b"append-entry\tuser\t12345\xff\t2017-06-01T10:13:27Z\tsha-256:" + b"0" * 64, "ASCII"),
        (11, b"assert-root-hash\tsha-256:" + b"0" * 64, "the 5 entries"),
    ],
)  # fmt: skip
def test_a_broken_line_is_named(small, line, text, says):
    error = refused([*small[: line - 1], text, *small[line:]])
    assert error.line == line
    assert f"Line {line}: " in error.message
    assert says in error.message


def test_an_item_that_no_entry_cites_is_named(small):
    error = refused([*small[:10], b'add-item\t{"address":"7"}', small[10]])
    assert (error.line, "cites" in error.message) == (11, True)


def test_a_record_does_not_repeat_itself(small):
    error = refused([*small[:10], small[9]])
    assert (error.line, "just this already" in error.message) == (11, True)


def test_both_line_ends_are_read(small):
    windows = b"\r\n".join(small) + b"\r\n"
    for width in (1, 7, 4096):
        chunks = [windows[i : i + width] for i in range(0, len(windows), width)]
        assert load_lines(Empty("address"), rsf.lines_of(chunks)).sizes[Scope.USER] == 5


def test_a_line_without_end_is_cut_off():
    with pytest.raises(BadInput, match="Line 2: it is longer"):
        list(rsf.lines_of([b"a\n", *[b"x" * 1_000_000] * 10]))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"town": "1", "colour": "red"}, "no field colour"),
        ({"town": "1", "since": "2001-02-30"}, "since is"),
        ({"town": "1", "name": ["a"]}, "one value, not a list"),
    ],
)
def test_an_item_that_breaks_the_schema_is_named(values, says):
    error = refused([*schema_lines(), *lines_for({"town": "2"}, values)])
    assert error.line == 14
    assert says in error.message


def test_an_item_holds_its_own_key():
    error = refused([*schema_lines(), *lines_for({"town": "1"}, key="2")])
    assert error.line == 12


def test_a_link_that_never_was_one_is_told_of_in_history_and_refused_in_a_new_write():
    lines = [
        *schema_lines(),
        *lines_for({"town": "1", "country": " country:GB", "since": "2001"}),
    ]
    loading = load_lines(Empty("town"), lines)
    assert [(w.line, w.key) for w in loading.warnings] == [(12, "1")]
    with pytest.raises(BadLine, match="Line 12: country is"):
        load_lines(Empty("town"), lines, history=False)


def test_a_schema_change_that_takes_away_is_refused():
    fewer = {"register": "town", "fields": ["town", "name"]}
    error = refused(
        [*schema_lines(), *lines_for(fewer, scope="system", key="register:town")]
    )
    assert (error.line, "never removed" in error.message) == (12, True)


def test_an_entry_of_several_items_has_no_version_2(small):
    both = (
        small[5].decode().rpartition("\t")[2]
        + ";"
        + small[6].decode().rpartition("\t")[2]
    )
    line = f"append-entry\tuser\t9\t{AT}\t{both}".encode()
    loading = load_lines(Empty("address"), [*small, line])
    assert (loading.sizes[Scope.USER], loading.has_derived) == (6, False)
    many = ";".join(item.hash_to_text(n.to_bytes(32, "big")) for n in range(501))
    long = f"append-entry\tuser\t9\t{AT}\t{many}".encode()
    assert "at most 500 items" in refused([*small, long]).message
    twice = line.replace(b";", b";" + both.encode() + b";")
    assert "twice" in refused([*small, twice]).message


HASHES = st.binary(min_size=32, max_size=32)
COMMANDS = st.one_of(
    st.builds(AssertRoot, HASHES),
    st.builds(lambda v: AddItem(item.to_canonical(v).encode()), st.dictionaries(st.text(max_size=3).filter(str.isascii), st.text(st.characters(exclude_categories=["Cs"]), max_size=5))),
    st.builds(
        AppendEntry,
        st.sampled_from(Scope),
        st.from_regex(r"[A-Za-z0-9]([-_./][A-Za-z0-9]){0,5}", fullmatch=True),
        st.just(AT),
        st.lists(HASHES, min_size=1, max_size=3, unique=True).map(tuple),
    ),
)  # fmt: skip


@given(st.lists(COMMANDS, max_size=6))
def test_what_is_written_reads_back(commands):
    data = b"".join(rsf.write(command) for command in commands)
    found = list(rsf.read(rsf.lines_of([data])))
    assert found == list(enumerate(commands, 1))


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_are_read_or_refused_with_a_line(lines):
    line = 1
    with suppress(BadLine):
        try:
            load_lines(Empty("x"), rsf.lines_of([b"\n".join(lines)]))
        except BadLine as error:
            line = error.line
            raise
    assert 1 <= line <= sum(line.count(b"\n") + 1 for line in lines) + 1


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=30),
    st.randoms(use_true_random=False),
)
def test_counts_places_and_the_chain_of_entries_agree_with_a_plain_reading(
    writes, chance: random.Random
):
    """What is stored beside each entry is what counting from the start would give."""
    latest: dict[str, int] = {}
    lines: list[bytes] = []
    for key, value in writes:
        if latest.get(key) != value:
            latest[key] = value
            lines += lines_for({"town": key, "v": str(value)})
    made = []
    loading = Loading(Empty("town"), history=True)
    for batch in loading.apply(rsf.read(lines), every=chance.randint(1, 5)):
        made += batch.entries
    seen: dict[str, int] = {}
    items: set[bytes] = set()
    for number, each in enumerate(made, 1):
        assert each.number == number
        assert each.previous == seen.get(each.key, 0)
        seen[each.key] = number
        items.update(each.items)
        assert (each.records, each.blobs) == (len(seen), len(items))
        assert each.place == list(seen).index(each.key) + 1


def test_the_empty_file_is_an_empty_register():
    assert load_lines(Empty("x"), []).root() == EMPTY_ROOT
