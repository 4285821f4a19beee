"""Checkpoints are C2SP signed notes: read strictly, checked by a second verifier."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.ledger import checkpoint
from staithe.ledger.checkpoint import (
    BadCheckpoint,
    SigningKey,
    TreeHead,
    new_signing_key,
    read_signing_key,
    read_verifier_key,
)


KEY = SigningKey("example.gov.uk/ledger", bytes(range(32)))
HEAD = TreeHead("example.gov.uk/ledger", 42, hashlib.sha256(b"root").digest())

# The worked example of Go's golang.org/x/mod/sumdb/note: keys, text, signature.
GO_PRIVATE = (
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
)
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSN"
    "XgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def verify_by_the_specification(note: str, vkey: str) -> list[str]:
    """Check a checkpoint from the text of C2SP signed-note alone; return its lines.

    Nothing of the program is used here, so that a mistake is not made twice.
    """
    name, key_id, key = vkey.split("+", 2)
    raw = base64.b64decode(key)
    assert raw[0] == 1
    assert hashlib.sha256(f"{name}\n".encode() + raw).digest()[:4].hex() == key_id
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        assert dash == "\u2014"
        signature = base64.b64decode(blob)
        if signer == name and signature[:4].hex() == key_id:
            message = f"{text}\n".encode()
            Ed25519PublicKey.from_public_bytes(raw[1:]).verify(signature[4:], message)
            return text.splitlines()
    raise AssertionError("not signed by this key")


def test_an_independent_verifier_accepts_what_we_sign():
    note = checkpoint.sign(HEAD, key=KEY)
    lines = verify_by_the_specification(note, str(KEY.verifier))
    assert lines == [HEAD.origin, "42", base64.b64encode(HEAD.root).decode()]


def test_the_worked_example_of_go_is_read():
    key = read_verifier_key(GO_VERIFIER)
    text, signer = checkpoint.open_note(GO_NOTE, keys=[key])
    assert text.endswith("what your problem is.\n")
    assert signer == key
    assert verify_by_the_specification(GO_NOTE, GO_VERIFIER)


def test_keys_are_written_as_go_writes_them():
    key = read_signing_key(GO_PRIVATE)
    assert str(key.verifier) == GO_VERIFIER
    assert key.to_text() == GO_PRIVATE
    known = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
    assert str(read_verifier_key(known)) == known


def test_a_signing_key_does_not_print_itself():
    assert "01020304" not in repr(KEY)
    assert "seed" not in repr(KEY)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_what_is_signed_is_read_back(root, size):
    head = TreeHead(KEY.name, size, root)
    note = checkpoint.sign(head, key=KEY)
    assert checkpoint.open_checkpoint(note, keys=[KEY.verifier]) == head
    assert checkpoint.read_unverified(note) == head


@given(st.data())
def test_no_byte_of_a_checkpoint_can_change(data):
    note = checkpoint.sign(HEAD, key=KEY).encode()
    at = data.draw(st.integers(0, len(note) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != note[at]))
    try:
        text = (note[:at] + bytes([byte]) + note[at + 1 :]).decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(BadCheckpoint):
        checkpoint.open_checkpoint(text, keys=[KEY.verifier])


def test_another_key_of_the_same_name_is_not_enough():
    stranger = new_signing_key(KEY.name)
    note = checkpoint.sign(HEAD, key=stranger)
    with pytest.raises(BadCheckpoint, match="No known key"):
        checkpoint.open_checkpoint(note, keys=[KEY.verifier])


def test_a_key_speaks_only_for_the_log_of_its_name():
    head = replace(HEAD, origin="elsewhere.gov.uk/ledger")
    note = checkpoint.sign(head, key=KEY)
    with pytest.raises(BadCheckpoint, match="does not speak for"):
        checkpoint.open_checkpoint(note, keys=[KEY.verifier])


def test_signatures_of_unknown_keys_are_passed_over():
    """So a log may rotate its key and have witnesses (C2SP signed-note)."""
    witness = checkpoint.sign(HEAD, key=new_signing_key("witness.example"))
    note = checkpoint.sign(HEAD, key=KEY) + witness.splitlines()[-1] + "\n"
    assert checkpoint.open_checkpoint(note, keys=[KEY.verifier]) == HEAD


def test_a_wrong_signature_by_a_known_key_is_refused_even_beside_a_right_one():
    line = checkpoint.sign(replace(HEAD, size=41), key=KEY).splitlines()[-1]
    note = checkpoint.sign(HEAD, key=KEY) + line + "\n"
    with pytest.raises(BadCheckpoint, match="signature of the checkpoint is wrong"):
        checkpoint.open_checkpoint(note, keys=[KEY.verifier])


@pytest.mark.parametrize("character", ["\x00", "\x07", "\t", "\r", "\x1b"])
def test_control_characters_are_refused_even_when_signed(character):
    """A terminal that shows them could show another checkpoint than the signed one."""
    text = checkpoint.head_to_text(HEAD) + f"extension{character}\n"
    private = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    blob = base64.b64encode(KEY.verifier.key_id + private.sign(text.encode())).decode()
    with pytest.raises(BadCheckpoint, match="control"):
        checkpoint.open_note(f"{text}\n— {KEY.name} {blob}\n", keys=[KEY.verifier])


def test_extension_lines_are_let_be():
    head = checkpoint.read_head(checkpoint.head_to_text(HEAD) + "time 2026\n")
    assert head == HEAD


ROOT = base64.b64encode(HEAD.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1_0\n{ROOT}\n",
        f"origin\n\u0661\n{ROOT}\n",  # a digit, but not of ASCII
        f"origin\n{2**63}\n{ROOT}\n",
        f"origin\n1\n{ROOT[:-1]}\n",
        f"origin\n1\n{ROOT[:-2]}h=\n",  # bits left over in the last character
        f"origin\n1\n{ROOT} \n",
        "origin\n1\nAAAA\n",
        f"\n1\n{ROOT}\n",
        f"origin\n1\n{ROOT}",
        f"origin\n1\n{ROOT}\n\nmore\n",
    ],
)
def test_a_head_is_read_strictly(text):
    with pytest.raises(BadCheckpoint):
        checkpoint.read_head(text)


NOTE = checkpoint.sign(HEAD, key=KEY)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("—", "-"),
        NOTE.replace("— ", "—  "),
        NOTE.partition("— ")[0],
        NOTE.replace("42", "42\t"),
        NOTE[:-5] + "\n",
        "x" * 70_000 + NOTE,
        checkpoint.head_to_text(HEAD) + "\n— name AAAA\n",
        checkpoint.head_to_text(HEAD) + "\n— name A=AAAAAA\n",
        checkpoint.head_to_text(HEAD) + "\n— na+me AAAAAAAA\n",
    ],
)
def test_a_note_is_read_strictly(note):
    with pytest.raises(BadCheckpoint):
        checkpoint.open_checkpoint(note, keys=[KEY.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        str(KEY.verifier)[:-4],
        str(KEY.verifier).replace("example", "exempla"),
        str(KEY.verifier) + "\n",
        f"name+zz+{ROOT}",
        KEY.to_text(),
        "a b" + str(KEY.verifier),
    ],
)
def test_a_mistyped_verifier_key_is_refused(text):
    with pytest.raises(BadInput):
        read_verifier_key(text)


def test_a_verifier_key_is_not_a_signing_key():
    with pytest.raises(BadInput):
        read_signing_key(str(KEY.verifier))


@pytest.mark.parametrize("name", ["", "two words", "a+b", "tab\there"])
def test_a_log_has_a_name_that_fits_on_a_signature_line(name):
    with pytest.raises(BadInput):
        new_signing_key(name)
