"""A proof file and a receipt verify alone, and only as they were issued."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput, UserError
from staithe.ledger import proof, receipt
from staithe.ledger.checkpoint import BadCheckpoint, new_signing_key
from staithe.ledger.entry import to_canonical
from staithe.ledger.proof import Proof
from staithe.ledger.tree import BadProof


def test_a_proof_file_has_the_form_of_the_specification(log):
    issued = log.receipt(5).proof
    lines = proof.to_text(issued).split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 5"]
    assert [base64.b64decode(line) for line in lines[2:7]] == list(issued.path)
    assert lines[7] == ""
    assert "\n".join(lines[8:]) == log.checkpoints[20]


def test_a_proof_file_proves_its_leaf_and_no_other(log):
    issued = proof.read(proof.to_text(log.receipt(5).proof))
    keys = [log.key.verifier]
    head = proof.check(issued, data=log.lines[5].commitment, keys=keys)
    assert head.size == 20
    with pytest.raises(BadProof):
        proof.check(issued, data=log.lines[6].commitment, keys=keys)


hashes = st.binary(min_size=32, max_size=32)


@given(
    st.integers(0, 10**18),
    st.lists(hashes, max_size=63),
    st.none() | st.binary(max_size=50),
    st.text(),
)
def test_a_proof_file_is_read_back(index, path, extra, note):
    written = Proof(index, tuple(path), note, extra)
    assert proof.read(proof.to_text(written)) == written


HASH = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nnote",
        "c2sp.org/tlog-proof@v1\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nnote",
        "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nnote",
        f"c2sp.org/tlog-proof@v1\nindex 0\nextra {HASH}\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nnote",
        f"c2sp.org/tlog-proof@v1\nindex 0\n{HASH[:-2]}B=\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + f"{HASH}\n" * 64 + "\nnote",
    ],
)
def test_a_proof_file_is_read_strictly(text):
    with pytest.raises(BadProof):
        proof.read(text)


def test_a_receipt_verifies_alone_and_under_the_pinned_key(log):
    issued = receipt.read(receipt.to_json(log.receipt(5)))
    assert issued == log.receipt(5)
    assert receipt.check(issued).size == 20
    assert receipt.check(issued, keys=[log.key.verifier]).size == 20
    with pytest.raises(BadCheckpoint):
        receipt.check(issued, keys=[new_signing_key(log.key.name).verifier])


def test_a_receipt_of_another_event_proves_nothing(log):
    issued = log.receipt(5)
    with pytest.raises(BadProof, match="another entry"):
        receipt.check(replace(issued, proof=log.receipt(6).proof))
    forged = replace(issued.entry, body={**issued.entry.body, "rows": 6})
    with pytest.raises(BadProof, match="not in the log"):
        receipt.check(replace(issued, entry=forged))


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_byte_of_a_receipt_can_change(log, data):
    whole = receipt.to_json(log.receipt(5)).encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    try:
        text = (whole[:at] + bytes([byte]) + whole[at + 1 :]).decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(UserError):
        receipt.check(receipt.read(text), keys=[log.key.verifier])


def change(document: dict, part: str, value: object) -> dict:
    *above, last = part.split(".")
    inner = document
    for name in above:
        inner = inner[name]
    inner[last] = value
    return document


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("event", []),
        ("event", None),
        ("event.number", "5"),
        ("event.number", True),
        ("event.body", "text"),
        ("event.more", 1),
        ("salt", 7),
        ("salt", "00"),
        ("salt", "AB" * 32),
        ("salt", "zz" * 32),
        ("proof", None),
        ("key", ["x"]),
        ("more", 1),
    ],
)
def test_a_receipt_with_a_part_of_a_wrong_kind_is_refused(log, part, value):
    document = json.loads(receipt.to_json(log.receipt(5)))
    text = to_canonical(change(document, part, value)).decode()
    with pytest.raises(BadProof):
        receipt.read(text + "\n")


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", "null", "{", '{"format":"other"}', "x" * (1 << 21)]
)
def test_what_is_no_receipt_is_bad_input(text):
    with pytest.raises(BadInput):
        receipt.read(text)
