"""A stored register is the register that the file says, at every size."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from django.db import DatabaseError, connection, transaction

from staithe.base.errors import BadInput, Conflict
from staithe.ledger.checkpoint import open_checkpoint
from staithe.ledger.models import Event
from staithe.registers import export, heads, reading, rsf, signing
from staithe.registers.actions import (
    append_entries,
    change_schema,
    create_register,
    load_rsf,
    schema_of,
)
from staithe.registers.models import Entry, Item, Record, Register, Row
from staithe.registers.register import read_register
from staithe.registers.rsf import BadLine
from staithe.registers.schema import MANY, Field
from staithe.registers.verify import verify_lines


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
NAMES = ["country", "field", "register", "government-organisation", "territory"]


def counts() -> dict[str, int]:
    return {m.__name__: m.objects.count() for m in (Entry, Item, Record, Row, Event)}


def exported(register: Register) -> tuple[bytes, str]:
    pieces = list(export.sealed(register))
    return b"".join(piece for piece, _ in pieces), pieces[-1][1]


def town_change(key: str, **values) -> tuple[str, dict]:
    return key, {"town": key, **values}


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_a_stored_register_is_the_one_in_the_file(load, shared_data, name):
    stored = load(name).register
    data = (shared_data / f"registers/{name}.rsf").read_bytes()
    register = read_register(name, rsf.lines_of([data]))
    assert (stored.size, stored.records) == (register.size, len(register.records()))
    for size in random.Random(3).sample(range(register.size + 1), k=5):
        assert reading.root(stored.pk, size) == register.root(size=size)
        found = reading.records(stored.pk, 1, stored.records, size=size)
        assert {each.key: each.number for each in found} == {
            key: entry.number for key, entry in register.records(size=size).items()
        }
    for key in random.Random(4).sample(sorted(register.records()), k=3):
        trail = reading.trail(stored.pk, key)
        assert [each.number for each in trail] == [
            e.number for e in register.trail(key)
        ]
        newest = reading.find_record(stored.pk, key)
        assert reading.data_of(stored.pk, newest) == [register.record(key)]


@pytest.mark.data
@pytest.mark.parametrize("name", NAMES)
def test_an_export_verifies_and_loads_again_to_the_same_roots(load, name):
    stored = load(name).register
    data, note = exported(stored)
    keys = signing.verifier_keys(name)
    report = verify_lines(rsf.lines_of([data]), note=note, keys=keys, name=name)
    assert report.root == reading.root(stored.pk, stored.size).hex()
    copy = create_register(name="copy", title="copy", owner=None, by=None, at=AT)
    again = load_rsf(register=copy, lines=rsf.lines_of([data]), by=None, at=AT)
    assert again.root.hex() == report.root
    assert exported(again.register)[0] == data


@pytest.mark.data
def test_an_export_in_two_parts_is_the_whole(load):
    stored = load("territory").register
    copy = create_register(name="copy", title="copy", owner=None, by=None, at=AT)
    for start, end, known in ((0, 40, 0), (40, 40, 15), (40, stored.size, 15)):
        parts = export.commands(stored, start=start, end=end, metadata_start=known)
        lines = rsf.lines_of(export.lines(parts))
        load_rsf(register=copy, lines=lines, by=None, at=AT)
        copy.refresh_from_db()
    assert reading.root(copy.pk, 80) == reading.root(stored.pk, 80)
    assert copy.metadata_size == stored.metadata_size
    for start, end in ((-1, 2), (3, 2), (0, 81), (81, 81)):
        with pytest.raises(BadInput, match="80 entries"):
            list(export.commands(stored, start=start, end=end))


@pytest.mark.data
def test_a_load_is_one_event_and_links_that_lead_nowhere_are_told(load):
    loaded = load("statistical-geography")
    event = Event.objects.get(name="registers:register:loaded")
    assert (event.subject, '"entries":175' in event.body) == (
        "register:statistical-geography",
        True,
    )
    reasons = {broken.reason for broken in loaded.broken}
    assert "no register government-organisation is here" in reasons
    keys = set()
    for name in ("government-organisation", "territory"):
        other = load(name).register
        places = reading.records(other.pk, 1, other.records)
        keys.update(f"{name}:{each.key}" for each in places)
    present = keys.__contains__
    assert "government-organisation:D2" in keys
    stored = loaded.register
    from staithe.registers.links import broken_links, links_of

    newest = reading.records(stored.pk, 1, stored.records)
    found = schema_of(stored)
    for each in newest:
        values = reading.data_of(stored.pk, each)[0]
        broken = broken_links(found, links_of(found, values))
        # What still leads nowhere is not in the published files either.
        assert not [b for b in broken if b.field != "register" and present(b.value)]


@pytest.mark.data
def test_a_file_with_one_bad_line_leaves_nothing_behind(load, shared_data, db):
    register = create_register(name="country", title="c", owner=None, by=None, at=AT)
    before = counts()
    lines = (shared_data / "registers/country.rsf").read_bytes().splitlines()
    for bad in (250, 400, 452):
        broken = [*lines[: bad - 1], lines[bad - 1] + b"x", *lines[bad:]]
        with pytest.raises(BadLine) as caught:
            load_rsf(register=register, lines=broken, by=None, at=AT)
        assert caught.value.line >= bad
        assert counts() == before


def test_entries_are_appended_and_the_clock_never_goes_back(town):
    append_entries(
        register=town,
        changes=[town_change("1", name="Ayr"), town_change("2", name="Bala")],
        by=None,
        at=AT,
    )
    register = append_entries(
        register=town, changes=[town_change("1", name="Ayr", tags=["sea", ""])], by=None, at=AT - timedelta(days=1)
    )  # fmt: skip
    assert (register.size, register.records, register.blobs) == (3, 2, 3)
    newest = reading.find_record(town.pk, "1")
    assert newest.timestamp == "2026-01-31T09:00:00Z"
    assert reading.data_of(town.pk, newest) == [
        {"name": "Ayr", "tags": ["sea"], "town": "1"}
    ]
    event = Event.objects.filter(name="registers:entry:appended").last()
    assert '"first":3,"last":3' in event.body
    assert "Ayr" not in event.body


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ([], "nothing to change"),
        ([town_change("1", colour="red")], "no field colour"),
        ([town_change("1", tags="red")], "a list"),
        ([town_change("1", **{"start-date": "soon"})], "start-date is"),
        ([("1", {"town": "2"})], "does not hold"),
        ([("a b", {"town": "a b"})], "not a key"),
        ([town_change("1", twin="town:9")], "no record 9"),
        ([town_change("1", twin="city:9")], "no register city"),
        ([town_change("1", twin="nowhere")], "twin is"),
        ([town_change("1", name="x"), town_change("1", name="x")], "just this already"),
        ([town_change("1", name="x" * 10_000_000)], "larger than 1 MB"),
        ([town_change("1", name=7)], "not text"),
    ],
)
def test_a_bad_change_is_refused_in_a_sentence_and_leaves_nothing(town, changes, says):
    before = counts()
    with pytest.raises(BadInput, match=says) as caught:
        append_entries(
            register=town,
            changes=[town_change("0"), *changes] if changes else [],
            by=None,
            at=AT,
        )
    assert "Line" not in caught.value.message
    assert counts() == before


def test_records_may_link_to_each_other_in_one_change(town):
    changes = [town_change("1", twin="town:2"), town_change("2", twin="town:1")]
    assert append_entries(register=town, changes=changes, by=None, at=AT).size == 2


def test_a_schema_grows_and_never_shrinks(town):
    change_schema(
        register=town, fields=[Field("population", datatype="integer")], by=None, at=AT
    )
    assert list(schema_of(town).fields)[-1] == "population"
    append_entries(
        register=town, changes=[town_change("1", population="12")], by=None, at=AT
    )
    for field in (
        Field("population"),
        Field("population", datatype="integer", cardinality=MANY),
    ):
        with pytest.raises(BadInput, match="never changes"):
            change_schema(register=town, fields=[field], by=None, at=AT)
    with pytest.raises(BadInput, match="nothing to change"):
        change_schema(
            register=town,
            fields=[Field("population", datatype="integer")],
            by=None,
            at=AT,
        )


def test_names_are_taken_once_and_well_formed(town):
    with pytest.raises(Conflict, match="already"):
        create_register(name="town", title="x", owner=None, by=None, at=AT)
    for name in ("Town", "a b", "", "a--b"):
        with pytest.raises(BadInput):
            create_register(name=name, title="x", owner=None, by=None, at=AT)


def test_checkpoints_are_signed_once_for_each_size_and_follow_each_other(town):
    def head(scope):
        signed = heads.latest_checkpoint(Register.objects.get(), at=AT, scope=scope)
        keys = signing.verifier_keys("town", scope=scope)
        return open_checkpoint(signed.text, keys=keys)

    assert (head(reading.DATA).size, head(reading.METADATA).size) == (0, 9)
    append_entries(register=town, changes=[town_change("1")], by=None, at=AT)
    assert head(reading.DATA) == head(reading.DATA)
    assert head(reading.DATA).size == 1
    assert head(reading.DATA).origin == "127.0.0.1:8000/registers/town"
    assert head(reading.METADATA).origin == "127.0.0.1:8000/registers/town/metadata"


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM registers_entry",
        "UPDATE registers_entry SET at = at + 1",
        "UPDATE registers_item SET data = 'x'",
        "DELETE FROM registers_record",
        "UPDATE registers_row SET hashes = substr(hashes, 2)",
        "UPDATE registers_register SET size = size - 1",
    ],
)
def test_the_database_refuses_to_rewrite_history(town, sql):
    append_entries(register=town, changes=[town_change("1")], by=None, at=AT)
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_a_long_file_is_read_by_a_second_process(db, monkeypatch):
    """It gives the same register, and the line of a fault there too."""
    from staithe.registers import item, reading_ahead

    monkeypatch.setattr(reading_ahead, "ALONE", 10)
    monkeypatch.setattr(reading_ahead, "LINES_IN_FRAME", 7)
    lines = []
    for number in range(100):
        data = item.to_canonical({"thing": str(number)}).encode()
        digest = item.hash_to_text(item.hash_of(data))
        lines.append(b"add-item\t" + data)
        lines.append(
            f"append-entry\tuser\t{number}\t2026-01-31T09:00:00Z\t{digest}".encode()
        )
    register = create_register(name="thing", title="t", owner=None, by=None, at=AT)
    with pytest.raises(BadLine, match="Line 151: "):
        load_rsf(
            register=register, lines=[*lines[:150], b"?", *lines[150:]], by=None, at=AT
        )
    long = rsf.lines_of([b"\n".join(lines) + b"\n", b"\n", b"x" * 3_000_000])
    with pytest.raises(BadInput, match=r"Line 20[12]: "):
        load_rsf(register=register, lines=long, by=None, at=AT)
    loaded = load_rsf(register=register, lines=lines, by=None, at=AT)
    assert loaded.root == read_register("thing", lines).root()


@pytest.mark.parametrize("held", [0, 60])
@pytest.mark.parametrize("items_first", [False, True])
def test_every_tree_is_the_same_by_either_process(db, monkeypatch, held, items_first):
    """Both versions' and the metadata's, also after what is held already."""
    from staithe.registers import item, reading_ahead
    from staithe.registers.loading import TREES, Empty, load_lines
    from staithe.registers.storage import Stored

    added, appended = [], []
    for number in range(100):
        scope = "system" if number % 10 == 3 else "user"
        # Few different items, so that most are cited again, and long before.
        data = item.to_canonical({"custodian": f"Office {number % 7}"}).encode()
        digest = item.hash_to_text(item.hash_of(data))
        key = "custodian" if scope == "system" else str(number)
        added.append(b"add-item\t" + data)
        appended.append(
            f"append-entry\t{scope}\t{key}\t2026-01-31T09:00:00Z\t{digest}".encode()
        )
    pairs = zip(added, appended, strict=True)
    lines = [*added[:7], *appended] if items_first else [*chain.from_iterable(pairs)]
    register = create_register(name="thing", title="t", owner=None, by=None, at=AT)
    begun = list(rsf.lines_of(export.lines(export.commands(register))))
    if held:
        load_rsf(register=register, lines=lines[:held], by=None, at=AT)
        register.refresh_from_db()
    monkeypatch.setattr(reading_ahead, "ALONE", 10)
    monkeypatch.setattr(reading_ahead, "LINES_IN_FRAME", 7)
    load_rsf(register=register, lines=lines[held:], by=None, at=AT)
    register.refresh_from_db()
    alone = load_lines(Empty("thing"), [*begun, *lines])
    for which in TREES:
        assert Stored(register).tree(which).root() == alone.root(which)
