"""The log is published as files that a verifier elsewhere can rely on."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from staithe.ledger import checkpoint, keys, proof, tiles, tree
from staithe.ledger.actions import erase_event
from staithe.ledger.models import Checkpoint, Event
from staithe.ledger.verify import verify


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def web(client: Client):
    """Return what fetches a path of the log and expects an answer."""

    def get(path: str, *, status: int = 200):
        answer = client.get(path)
        assert answer.status_code == status, answer.content
        return answer

    return get


def test_the_checkpoint_is_signed_text_and_hardly_cached(act, web):
    act()
    answer = web("/ledger/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=3"
    head = checkpoint.open_checkpoint(answer.text, keys=[keys.signing_key().verifier])
    assert head.size == 1
    act()
    assert checkpoint.read_unverified(web("/ledger/checkpoint").text).size == 2


def test_keys_are_published_one_a_line(web):
    answer = web("/ledger/key")
    assert answer.text == f"{keys.signing_key().verifier}\n"


def test_every_tile_of_the_log_is_served_and_they_give_its_root(act, web):
    for _ in range(300):
        act()
    head = checkpoint.read_unverified(web("/ledger/checkpoint").text)
    for tile in tiles.tiles_of(head.size):
        answer = web(f"/ledger/tile/{tile.path()}")
        assert answer["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer["Cache-Control"]
    read = tiles.reader(
        lambda tile: web(f"/ledger/tile/{tile.path()}").content, size=head.size
    )
    assert tree.root(head.size, read) == head.root
    bundle = web("/ledger/tile/entries/001.p/44").content
    entries = tiles.decode_bundle(bundle, width=44)
    events = Event.objects.filter(number__gte=256)
    assert entries == [bytes(event.commitment) for event in events]


def test_a_tile_beyond_the_signed_log_is_not_there(act, web):
    for _ in range(3):
        act()
    web("/ledger/tile/0/000.p/3", status=404)  # nothing is signed yet
    web("/ledger/checkpoint")
    act()
    web("/ledger/tile/0/000.p/2")  # as of an earlier size
    for path in ("0/000.p/4", "0/000", "0/001.p/1", "1/000.p/1", "entries/000.p/4"):
        web(f"/ledger/tile/{path}", status=404)
    for path in ("0/0", "x", "64/000.p/1", "0/x999/x999/x999/x999/x999/x999/x999/999"):
        web(f"/ledger/tile/{path}", status=404)


def test_the_published_log_holds_no_word_of_any_event(act, web):
    for number in range(5):
        act(by="person:P-7", secret=f"hush-{number}")
    seen = web("/ledger/checkpoint").content
    for path in ("entries/000.p/5", "0/000.p/5"):
        seen += web(f"/ledger/tile/{path}").content
    seen += web("/api/v1/ledger/events/0/proof").content
    for word in (b"hush", b"P-7", b"thing", b"ons"):
        assert word not in seen
    for salt in Event.objects.values_list("salt", flat=True):
        assert bytes(salt) not in seen


def test_only_reading_is_allowed(client):
    for path in ("/ledger/checkpoint", "/ledger/key", "/ledger/tile/0/000"):
        assert client.post(path).status_code == 405


def test_the_api_gives_the_checkpoint(act, web):
    act()
    answer = web("/api/v1/ledger/checkpoint").json()
    key = checkpoint.read_verifier_key(answer["key"])
    head = checkpoint.open_checkpoint(answer["text"], keys=[key])
    assert (head.origin, head.size, head.root.hex()) == (
        answer["origin"], answer["size"], answer["root"],
    )  # fmt: skip


def test_the_api_proves_an_event(act, web):
    for _ in range(6):
        act()
    answer = web("/api/v1/ledger/events/4/proof").json()
    tree.check_inclusion(
        leaf=bytes.fromhex(answer["leaf"]),
        index=4,
        size=6,
        proof=[bytes.fromhex(value) for value in answer["path"]],
        root=bytes.fromhex(answer["root"]),
    )
    data = bytes.fromhex(answer["commitment"])
    head = proof.check(
        proof.read(answer["proof"]), data=data, keys=keys.verifier_keys()
    )
    assert head.size == 6
    act()
    assert web("/api/v1/ledger/events/4/proof?size=6").json() == answer
    assert web("/api/v1/ledger/events/4/proof").json()["size"] == 7


def test_the_api_proves_that_the_log_only_grew(act, web):
    for _ in range(5):
        act()
    first = web("/api/v1/ledger/checkpoint").json()
    for _ in range(8):
        act()
    answer = web("/api/v1/ledger/consistency?old=5").json()
    assert answer["old_root"] == first["root"]
    tree.check_consistency(
        old=5,
        new=answer["new"],
        proof=[bytes.fromhex(value) for value in answer["path"]],
        old_root=bytes.fromhex(answer["old_root"]),
        new_root=bytes.fromhex(answer["new_root"]),
    )
    assert answer["new"] == 13


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("events/7/proof", 404),
        (f"events/{10**30}/proof", 404),
        ("events/0/proof?size=2", 404),
        (f"events/0/proof?size={10**30}", 404),
        (f"events/0/proof?size=-{10**30}", 404),
        ("events/0/proof?size=x", 422),
        ("consistency?old=2", 400),
        ("consistency?old=-1", 400),
        (f"consistency?old={10**30}", 400),
        ("consistency?old=0&new=9", 404),
        ("consistency", 422),
    ],
)
def test_the_api_refuses_numbers_that_no_log_has(act, web, path, status):
    act()
    web("/api/v1/ledger/checkpoint")
    web(f"/api/v1/ledger/{path}", status=status)


@pytest.mark.django_db(transaction=True)
def test_a_running_service_is_verified_over_http(act, live_server):
    for _ in range(270):
        act()
    erase_event(event=Event.objects.get(number=3), reason_code="x", by=None, at=AT)
    address = f"{live_server.url}/ledger"
    report = verify(address, keys=[keys.signing_key().verifier])
    assert (report.kind, report.size) == ("tiles", 271)
    assert Checkpoint.objects.get().size == 271
