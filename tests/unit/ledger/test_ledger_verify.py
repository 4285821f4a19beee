"""Verification finds any change, says where, and never trusts the copy's own key."""

from __future__ import annotations

import functools
import http.server
import json
import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from staithe.base.errors import BadInput, Damaged, UserError
from staithe.ledger import receipt
from staithe.ledger.checkpoint import BadCheckpoint, new_signing_key
from staithe.ledger.entry import commitment, to_canonical
from staithe.ledger.export import Line
from staithe.ledger.tiles import Tile
from staithe.ledger.tree import BadProof, leaf_hash
from staithe.ledger.verify import UNPINNED, verify


MUTATIONS = 1000


def rewrite(path: str, change) -> str:
    """Write an export again with its lines changed."""
    lines = Path(path).read_text("utf-8").splitlines(keepends=True)
    Path(path).write_text("".join(change(lines)), "utf-8", newline="\n")
    return path


def edit(line: str, **members: object) -> str:
    """Return a line of an export with some members changed, canonically."""
    return to_canonical({**json.loads(line), **members}).decode() + "\n"


def verifies(path: Path) -> bool:
    """Tell whether an export verifies; anything but a clear refusal is an error."""
    try:
        verify(str(path))
    except UserError:
        return False
    return True


def test_an_export_verifies_under_the_pinned_key(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    report = verify(path, keys=[log.key.verifier])
    assert (report.kind, report.size, report.checkpoints, report.bodies) == (
        "export", 20, 3, 20,
    )  # fmt: skip
    assert report.warnings == ()


def test_without_a_pinned_key_the_report_warns(log, tmp_path):
    assert verify(log.write_export(tmp_path / "x")).warnings == (UNPINNED,)
    assert verify(log.write_tiles(tmp_path / "t")).warnings == (UNPINNED,)


def test_a_log_made_anew_by_another_key_does_not_pass_for_the_real_one(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    with pytest.raises(BadCheckpoint):
        verify(path, keys=[new_signing_key(log.key.name).verifier])


def test_an_erased_event_leaves_the_log_whole(log, tmp_path):
    log.erase(3)
    log.add(name="ledger:event:erased", subject="event:3").sign()
    report = verify(log.write_export(tmp_path / "log.jsonl"))
    assert (report.size, report.bodies) == (21, 20)


def test_events_that_were_emptied_in_silence_are_named(log, tmp_path):
    """Body and salt set to nothing in the database, and no event that says so."""
    for number in (3, *range(5, 17)):
        log.erase(number)
    log.add(name="ledger:event:erased", subject="event:3").sign()
    words = r"12 entries is gone \(5, 6, 7, 8, 9, 10, 11, 12, 13, 14 and 2 more\)"
    with pytest.raises(Damaged, match=words):
        verify(log.write_export(tmp_path / "log.jsonl"))


def test_an_erasure_that_was_emptied_itself_accounts_for_nothing(log, tmp_path):
    log.erase(3)
    log.add(name="ledger:event:erased", subject="event:3").sign()
    log.erase(20)
    with pytest.raises(Damaged, match=r"\(3, 20\)"):
        verify(log.write_export(tmp_path / "log.jsonl"))


def test_an_empty_log_verifies(log, tmp_path):
    empty = type(log)().sign()
    assert verify(empty.write_export(tmp_path / "x")).size == 0
    assert verify(empty.write_tiles(tmp_path / "t")).size == 0


@pytest.mark.parametrize("with_bodies", [True, False])
def test_no_byte_of_an_export_can_change(log, tmp_path, with_bodies):
    if not with_bodies:
        for number in range(20):
            log.erase(number)
    path = tmp_path / "log.jsonl"
    whole = Path(log.write_export(path)).read_bytes()
    verify(str(path))
    chance = random.Random(20260131)
    for _ in range(MUTATIONS):
        at = chance.randrange(len(whole))
        byte = chance.choice([value for value in range(256) if value != whole[at]])
        path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
        assert not verifies(path), f"byte {at} changed to {byte} was not noticed"


def test_an_export_that_breaks_off_anywhere_is_refused(log, tmp_path):
    path = tmp_path / "log.jsonl"
    whole = Path(log.write_export(path)).read_bytes()
    for cut in range(0, len(whole), 17):
        path.write_bytes(whole[:cut])
        with pytest.raises(UserError):
            verify(str(path))


def test_a_changed_event_is_named(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    rewrite(path, lambda lines: [line.replace("REQ-11", "REQ-12") for line in lines])
    with pytest.raises(Damaged, match="Entry 11 was changed"):
        verify(path)


def test_a_changed_commitment_is_named(log, tmp_path):
    log.erase(11)
    other = log.lines[12].commitment.hex()
    path = log.write_export(tmp_path / "log.jsonl")
    good = log.lines[11].commitment.hex()
    rewrite(path, lambda lines: [line.replace(good, other) for line in lines])
    with pytest.raises(Damaged, match="Entry 11 was changed"):
        verify(path)


def test_a_missing_entry_is_named(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    rewrite(
        path,
        lambda lines: [
            line for line in lines if '"subject":"request:REQ-11"' not in line
        ],
    )
    with pytest.raises(Damaged, match="Entry 11 is missing"):
        verify(path)


def test_an_event_that_claims_another_place_is_named(log, tmp_path):
    """Signed as it stands: the operator itself gave one event the number of another."""
    honest = log.lines[11]
    entry = replace(honest.entry, number=3)
    data = commitment(entry, salt=honest.salt)
    forged = type(log)(key=log.key).add(11)
    forged.lines.append(Line(11, data, entry, honest.salt))
    forged.tree.append(leaf_hash(data))
    with pytest.raises(Damaged, match="Entry 11 was changed"):
        verify(forged.sign().write_export(tmp_path / "x"))


def test_a_rewritten_entry_is_placed_between_its_checkpoints(log, tmp_path):
    """One who rewrites commitment and leaf alike is caught by the next checkpoint."""
    forged = type(log)(key=log.key).add(12).add(1, word="forged")
    log.lines[12] = forged.lines[12]
    path = log.write_export(tmp_path / "log.jsonl")
    with pytest.raises(BadProof, match=r"20 entries.*from 7 to 19"):
        verify(path)


def test_entries_after_the_last_checkpoint_are_refused(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    rewrite(path, lambda lines: [edit(lines[0], size=19), *lines[1:]])
    with pytest.raises(Damaged, match="breaks off"):
        verify(path)
    rewrite(path, lambda lines: [edit(lines[0], size=20), *lines[1:-1]])
    with pytest.raises(Damaged, match="breaks off"):
        verify(path)


def test_a_checkpoint_in_the_wrong_place_is_refused(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    rewrite(path, lambda lines: [*lines[:9], lines[1], *lines[9:]])
    with pytest.raises(Damaged, match="after 7 entries is amiss"):
        verify(path)


def test_a_listed_key_that_signed_nothing_is_refused(log, tmp_path):
    path = log.write_export(tmp_path / "log.jsonl")
    keys = [str(log.key.verifier), str(new_signing_key(log.key.name).verifier)]
    rewrite(path, lambda lines: [edit(lines[0], keys=keys), *lines[1:]])
    with pytest.raises(BadCheckpoint, match="signed nothing"):
        verify(path)


def test_after_a_rotation_the_new_key_is_the_one_to_pin(log, tmp_path):
    old = log.key
    log.key = new_signing_key(old.name)
    log.add(2).sign()
    path = log.write_export(tmp_path / "log.jsonl")
    assert verify(path, keys=[log.key.verifier]).checkpoints == 4
    with pytest.raises(BadCheckpoint, match="last checkpoint"):
        verify(path, keys=[old.verifier])


def test_a_log_still_begins_with_a_kept_checkpoint(log, tmp_path):
    kept = [log.checkpoints[7]]
    log.add(3).sign()
    assert verify(log.write_export(tmp_path / "x"), kept=kept).size == 23
    assert verify(log.write_tiles(tmp_path / "t"), kept=kept).size == 23


def test_a_fork_is_told_by_a_kept_checkpoint(log, tmp_path):
    kept = [log.checkpoints[7]]
    other = type(log)(key=log.key).add(5, word="other").add(20).sign()
    for path in (other.write_export(tmp_path / "x"), other.write_tiles(tmp_path / "t")):
        with pytest.raises(BadProof, match=r"7 entries.*forked"):
            verify(path, kept=kept, keys=[log.key.verifier])


def test_two_heads_of_one_size_are_a_fork(log, tmp_path):
    """Whichever of the two the entries lead to."""
    right = log.checkpoints[20]
    other = type(log)(key=log.key).add(20, word="other").sign().checkpoints[20]
    path = log.write_export(tmp_path / "x")
    with pytest.raises(BadProof, match="two signed checkpoints of 20"):
        verify(path, kept=[other])
    log.checkpoints[20] = other
    path = log.write_export(tmp_path / "x")
    with pytest.raises(BadProof, match="two signed checkpoints of 20"):
        verify(path, kept=[right])


def test_a_log_shorter_than_a_kept_checkpoint_lost_entries(log, tmp_path):
    path = log.write_export(tmp_path / "x")
    log.add(1).sign()
    with pytest.raises(BadProof, match="of 21 entries and here are 20"):
        verify(path, kept=[log.checkpoints[21]])


def test_a_folder_of_tiles_verifies(long_log, tmp_path):
    path = long_log.write_tiles(tmp_path)
    report = verify(path, keys=[long_log.key.verifier])
    assert (report.kind, report.size, report.warnings) == ("tiles", 600, ())


def test_full_tiles_stand_in_for_partial_ones_that_are_gone(long_log, tmp_path):
    """A log may drop partial tiles once the full tile is there (tlog-tiles)."""
    long_log.write_tiles(tmp_path)
    (tmp_path / "checkpoint").write_text(long_log.checkpoints[300], "utf-8")
    edge = long_log.tile(Tile(1, 0, 1))
    (tmp_path / "tile/1/000.p/1").write_bytes(edge)
    assert verify(str(tmp_path)).size == 300  # 44 of tile 1 come from the whole of it


@pytest.mark.parametrize(
    ("name", "at", "message"),
    [
        ("tile/entries/001", 20 * 34 + 2, "Entry 276 was changed"),
        ("tile/0/001", 20 * 32, "Entry 276 was changed"),
        ("tile/1/000.p/2", 40, "Tile 1/000.p/2 does not fit"),
    ],
)
def test_a_flipped_bit_in_a_tile_is_named(long_log, tmp_path, name, at, message):
    path = long_log.write_tiles(tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[at] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Damaged, match=message):
        verify(path)


def test_every_file_of_a_published_log_is_needed(long_log, tmp_path):
    path = long_log.write_tiles(tmp_path)
    for file in sorted(tmp_path.rglob("*")):
        if file.is_file():
            data = file.read_bytes()
            for spoilt in (None, data[1:], data + b"\0"):
                file.unlink()
                if spoilt is not None:
                    file.write_bytes(spoilt)
                with pytest.raises(UserError):
                    verify(path)
                file.write_bytes(data)
    verify(path)


def test_a_forged_tail_of_tiles_is_told_by_the_checkpoint(long_log, tmp_path):
    forged = type(long_log)(key=long_log.key).add(600).sign()
    forged.checkpoints[600] = long_log.checkpoints[600]
    with pytest.raises(BadProof, match="600 entries signs"):
        verify(forged.write_tiles(tmp_path))


def test_a_file_larger_than_any_of_a_log_is_not_read_on(long_log, tmp_path):
    path = long_log.write_tiles(tmp_path)
    with (tmp_path / "tile/0/000").open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no room on the disk
    with pytest.raises(Damaged, match="larger than any file"):
        verify(path)


def test_a_line_without_end_is_not_read_on(log, tmp_path):
    path = log.write_export(tmp_path / "x")
    with (tmp_path / "x").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError):
        verify(path)


def test_a_checkpoint_that_is_no_text_is_refused(log, tmp_path):
    path = log.write_tiles(tmp_path)
    (tmp_path / "checkpoint").write_bytes(b"\xff\xfe")
    with pytest.raises(BadCheckpoint, match="UTF-8"):
        verify(path)


@pytest.fixture
def serve(tmp_path):
    """Serve a folder on a free port of this machine."""
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_a_log_is_verified_over_http(long_log, tmp_path, serve):
    long_log.write_tiles(tmp_path / "ledger")
    for address in (
        f"{serve}/ledger",
        f"{serve}/ledger/",
        f"{serve}/ledger/checkpoint",
    ):
        assert verify(address, keys=[long_log.key.verifier]).size == 600


def test_an_address_without_a_log_is_bad_input(serve):
    with pytest.raises(BadInput, match="not a published log"):
        verify(f"{serve}/nothing")
    with pytest.raises(BadInput, match="cannot be read"):
        verify("http://127.0.0.1:1/ledger")


def test_a_receipt_is_verified_from_its_file(log, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(receipt.to_json(log.receipt(5)), "utf-8")
    report = verify(str(path), keys=[log.key.verifier])
    assert (report.kind, report.number, report.size) == ("receipt", 5, 20)
    with pytest.raises(BadInput, match="kept"):
        verify(str(path), kept=[log.checkpoints[7]])
    with path.open("a") as file:
        file.write("more\n")
    with pytest.raises(UserError):
        verify(str(path))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"PK\x03\x04",
        b"\xff\xfe",
        b"{}\n",
        b"[]\n",
        b"a,b\n1,2\n",
        b"null\n",
    ],
)
def test_what_is_no_export_is_bad_input(tmp_path, data):
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(BadInput):
        verify(str(path))


def test_a_path_with_nothing_is_bad_input(tmp_path):
    with pytest.raises(BadInput, match="Cannot read"):
        verify(str(tmp_path / "absent"))
    with pytest.raises(BadInput, match="not a published log"):
        verify(str(tmp_path))


@pytest.mark.parametrize(
    "members", [{"size": -1}, {"size": True}, {"keys": "x"}, {"more": 1}]
)
def test_a_header_of_a_wrong_kind_is_damage(log, tmp_path, members):
    path = log.write_export(tmp_path / "x")
    rewrite(path, lambda lines: [edit(lines[0], **members), *lines[1:]])
    with pytest.raises(UserError):
        verify(path)


def test_progress_reaches_the_whole(long_log, tmp_path):
    for path in (
        long_log.write_export(tmp_path / "x"),
        long_log.write_tiles(tmp_path / "t"),
    ):
        seen = []
        verify(path, progress=lambda done, total, seen=seen: seen.append((done, total)))
        assert seen[-1] == (600, 600)
        assert len(seen) > 2
