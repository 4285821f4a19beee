"""A proof file shows one record of a register, offline, and nothing else passes."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from staithe.base.errors import BadInput, UserError
from staithe.ledger import proof
from staithe.ledger.checkpoint import new_signing_key
from staithe.registers import receipt, signing


pytestmark = [pytest.mark.django_db, pytest.mark.data]

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def given(load, client) -> tuple[str, list]:
    """Return a proof file as served, and the keys of its register."""
    load("territory")
    answer = client.get("/registers/territory/records/GI.tlog-proof")
    assert answer["Content-Disposition"].endswith('"territory-GI.tlog-proof"')
    return answer.text, signing.verifier_keys("territory")


def test_a_proof_shows_the_record_it_is_of(given, tmp_path, client):
    text, keys = given
    path = tmp_path / "gi.tlog-proof"
    path.write_text(text, "utf-8")
    found = receipt.verify_file(path, keys=keys)
    record = client.get("/registers/territory/v1/records/GI").json()["GI"]
    assert list(found.items) == record["item"]
    assert (found.key, str(found.entry_number)) == ("GI", record["entry-number"])
    assert (found.size, found.log) == (80, "127.0.0.1:8000/registers/territory")
    assert found.items[0]["name"] == "Gibraltar"
    with pytest.raises(BadInput, match="--key"):
        receipt.verify_file(path, keys=[])
    with pytest.raises(BadInput, match="Cannot read"):
        receipt.verify_file(tmp_path / "none.tlog-proof", keys=keys)
    path.write_bytes(b"\xff")
    with pytest.raises(UserError, match="text"):
        receipt.verify_file(path, keys=keys)


def test_another_record_in_the_file_is_refused(given):
    text, keys = given
    held = proof.read(text)
    leaf, data = held.extra.split(b"\n")
    for extra in (
        None,
        leaf,
        leaf + b"\n" + data.replace(b"Gibraltar", b"Elsewhere"),
        leaf + b"\n" + data + b"\n" + data,
        data,
    ):
        forged = proof.Proof(held.index, held.path, held.checkpoint, extra)
        with pytest.raises(UserError):
            receipt.verify(proof.to_text(forged), keys=keys)
    stranger = new_signing_key(signing.origin_of("territory")).verifier
    with pytest.raises(UserError, match="No known key"):
        receipt.verify(text, keys=[stranger])


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_no_changed_byte_of_a_proof_passes(given, count):
    text, keys = given
    data, chance = text.encode(), random.Random(4)
    for _ in range(count):
        at = chance.randrange(len(data))
        flip = bytes([data[at] ^ (1 << chance.randrange(8))])
        changed = chance.choice(
            [
                data[:at] + flip + data[at + 1 :],
                data[:at] + data[at + 1 :],
                data[:at] + flip + data[at:],
            ]
        )
        if changed == data:
            continue
        try:
            receipt.verify(changed.decode(), keys=keys)
        except (UserError, UnicodeDecodeError):
            continue
        pytest.fail(f"let through: {changed[max(0, at - 40) : at + 40]!r}")
