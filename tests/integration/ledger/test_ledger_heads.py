"""A checkpoint signs the whole log, once a size, and never against an earlier one."""

from __future__ import annotations

import stat
from datetime import UTC, datetime

import pytest
from django.db import connection

from staithe.base.errors import BadInput, Conflict, Damaged, NotFound
from staithe.ledger import checkpoint, guards, keys, queries, receipt, tiles
from staithe.ledger.actions import erase_event, publish_checkpoint, record, rotate_key
from staithe.ledger.models import Checkpoint, Event, Node
from staithe.ledger.proof import check as check_proof
from staithe.ledger.verify import verify


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def test_a_checkpoint_is_signed_only_when_the_log_grew(act):
    empty = queries.latest_checkpoint(at=AT)
    assert empty.size == 0
    act()
    first = queries.latest_checkpoint(at=AT)
    assert queries.latest_checkpoint(at=AT) == first
    assert publish_checkpoint(at=AT) == first
    act()
    second = publish_checkpoint(at=AT)
    assert [item.size for item in Checkpoint.objects.all()] == [0, 1, 2]
    head = checkpoint.open_checkpoint(second.text, keys=keys.verifier_keys())
    assert (head.origin, head.size) == ("data.example.gov.uk/ledger", 2)
    assert head.root == bytes(second.root)


def test_nothing_is_signed_before_it_is_committed(act, define):
    def sign(*, at):
        record(by=None, at=at, subject="thing:1")
        with pytest.raises(RuntimeError, match="inside an action"):
            queries.latest_checkpoint(at=at)
        with pytest.raises(RuntimeError, match="inside an action"):
            publish_checkpoint(at=at)

    define("sharing:thing:signed", sign)(at=AT)
    assert not Checkpoint.objects.exists()


@pytest.fixture
def tamper(act):
    """Sign a log of six, let it grow by four, and give a way past the triggers."""
    for _ in range(6):
        act()
    publish_checkpoint(at=AT)
    for _ in range(4):
        act()
    with guards.lifted(connection):
        yield


@pytest.mark.usefixtures("tamper")
class TestOfALogThatSomeoneReachedInto:
    def refused(self, message):
        with pytest.raises(Damaged, match=message):
            publish_checkpoint(at=AT)
        assert Checkpoint.objects.count() == 1

    def test_a_changed_node_under_an_old_head(self):
        Node.objects.filter(level=2, index=0).update(hash=bytes(32))
        self.refused("does not begin with the log of 6")

    def test_a_node_changed_above_the_old_head_only(self):
        """The old root still holds here; only the new one leaves it behind."""
        Node.objects.filter(level=3, index=0).update(hash=bytes(32))
        self.refused("does not begin with the log of 6")

    def test_a_missing_node(self):
        Node.objects.filter(level=2, index=0).delete()
        self.refused("missing")

    def test_a_changed_event(self):
        Event.objects.filter(number=8).update(commitment=bytes(32))
        self.refused("Entry 8 of the log is damaged")

    def test_a_missing_event(self):
        Event.objects.filter(number=8).delete()
        self.refused("Entry 8 is missing|missing")

    def test_a_log_cut_short(self):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_head SET size = 5")
        self.refused("5 entries but 6 were signed")


def test_a_receipt_verifies_with_the_key_alone(act, tmp_path):
    for number in range(5):
        act(rows=number)
    issued = queries.receipt_for(queries.get_event(3), at=AT)
    path = tmp_path / "receipt.json"
    path.write_text(receipt.to_json(issued), "utf-8")
    report = verify(str(path), keys=[keys.signing_key().verifier])
    assert (report.number, report.size) == (3, 5)
    assert issued.entry.body == {"rows": 3}


def test_after_erasure_there_is_no_receipt_but_the_log_verifies(act):
    events = [act(rows=number) for number in range(5)]
    before = queries.receipt_for(events[2], at=AT)
    erase_event(event=events[2], reason_code="request", by=None, at=AT)
    with pytest.raises(Conflict):
        queries.receipt_for(queries.get_event(2), at=AT)
    signed = queries.latest_checkpoint(at=AT)
    proof = queries.proof_of(2, signed=signed)
    data = bytes(queries.get_event(2).commitment)
    assert check_proof(proof, data=data, keys=keys.verifier_keys()).size == 6
    assert receipt.check(before).size == 5  # what was issued stays good


def test_the_signing_key_is_made_once_and_private(home):
    first = keys.signing_key()
    assert keys.signing_key() == first
    path = home / "keys" / "ledger.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["ledger.key"]


def test_a_spoilt_key_is_damage_not_a_new_key(home):
    keys.signing_key()
    path = home / "keys" / "ledger.key"
    path.write_text("nonsense")
    with pytest.raises(Damaged, match="not a signing key"):
        keys.signing_key()
    path.unlink()
    (home / "keys" / "ledger-00000000.pub").write_text("nonsense")
    with pytest.raises(Damaged, match="not a verifier key"):
        keys.verifier_keys()


def test_a_service_that_moves_keeps_signing_as_the_same_log(settings):
    name = keys.signing_key().name
    settings.BASE_URL = "https://elsewhere.gov.uk"
    assert keys.signing_key().name == name


def test_after_rotation_the_old_key_vouches_for_the_new(act):
    act()
    old = keys.signing_key().verifier
    new = rotate_key(by="person:P-1", at=AT)
    assert keys.verifier_keys() == [new, old]
    announced = queries.get_event(1)
    assert announced.name == "ledger:key:rotated"
    vouched = queries.receipt_for(announced, at=AT)
    assert receipt.check(vouched, keys=[old]).size == 2
    assert vouched.entry.body == {"old": str(old), "new": str(new)}
    act()
    signed = queries.latest_checkpoint(at=AT)
    assert checkpoint.open_checkpoint(signed.text, keys=[new]).size == 3


def test_a_rotation_cut_short_is_finished_with_the_same_key(act, monkeypatch):
    act()
    monkeypatch.setattr(keys, "rotate", lambda: None)  # the process dies here
    rotate_key(by=None, at=AT)
    announced = queries.entry_of(queries.get_event(1)).body["new"]
    monkeypatch.undo()
    assert str(keys.rotate()) == announced


def test_events_are_found_by_every_filter(act, define):
    def go(*, at):
        record(by="person:P-2", at=at, subject="thing:2", organisation="hmrc")

    act(by="person:P-1")
    later = AT.replace(hour=12)
    define("people:thing:gone", go)(at=later)
    found = {
        "name": queries.events(name="people:thing:gone"),
        "room": queries.events(room="people"),
        "actor": queries.events(actor="person:P-2"),
        "organisation": queries.events(organisation="hmrc"),
        "subject": queries.events(subject="thing:2"),
        "since": queries.events(since=later),
        "both": queries.events(since=AT, actor="person:P-2"),
    }
    for what, events in found.items():
        assert [event.number for event in events] == [1], what
    assert [event.number for event in queries.events(until=later)] == [0]
    assert [event.number for event in queries.events()] == [0, 1]


def test_what_is_not_there_is_not_found(act):
    act()
    signed = queries.latest_checkpoint(at=AT)
    with pytest.raises(NotFound):
        queries.get_event(1)
    with pytest.raises(NotFound):
        queries.get_checkpoint(7)
    with pytest.raises(NotFound):
        queries.proof_of(1, signed=signed)


def test_a_proof_between_sizes_that_never_were_is_bad_input():
    from staithe.ledger import log

    with pytest.raises(BadInput):
        log.inclusion(0, size=0)
    with pytest.raises(BadInput):
        log.consistency(2, 1)


def test_a_tile_with_a_missing_hash_is_damage(act):
    for _ in range(3):
        act()
    publish_checkpoint(at=AT)
    with guards.lifted(connection):
        Node.objects.filter(level=0, index=1).delete()
    with pytest.raises(Damaged, match=r"Tile 0/000\.p/3 lacks a hash"):
        queries.tile_bytes(tiles.read_path("0/000.p/3"))
