"""What is signed and hashed here is accepted by programs that are not ours."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest
from pymerkle import InmemoryTree

from staithe.registers import reading


pytestmark = [pytest.mark.django_db, pytest.mark.data]

# SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410).
SPKI = bytes.fromhex("302a300506032b6570032100")


def test_openssl_accepts_the_signature_of_a_checkpoint(load, client, tmp_path):
    """And refuses it once a byte of the signed text is another."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here: this claim is NOT tested in this run")
    load("country")
    note = client.get("/registers/country/checkpoint").text
    key = base64.b64decode(client.get("/registers/country/key").text.split("+", 2)[2])
    text, _, signatures = note.partition("\n\n")
    signature = base64.b64decode(signatures.split()[2])[4:]
    files = {"key": SPKI + key[1:], "text": (text + "\n").encode(), "sig": signature}

    def verifies() -> bool:
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
        command = [
            *(openssl, "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"),
            *("-inkey", tmp_path / "key", "-in", tmp_path / "text"),
            *("-sigfile", tmp_path / "sig"),
        ]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    assert verifies()
    files["text"] = files["text"].replace(b"210", b"211")
    assert not verifies()
    assert text.split("\n")[1:] == [
        "210",
        "YEE8oBURMAOVUW3LxACaJgIsqitpDEbsrhLTzAmfca8=",
    ]


def test_another_merkle_tree_gives_the_same_root_over_the_published_bundles(
    load, client
):
    register = load("territory").register
    client.get("/registers/territory/checkpoint")
    bundle = client.get("/registers/territory/tile/entries/000.p/80").content
    peer = InmemoryTree(algorithm="sha256")
    at = 0
    while at < len(bundle):
        length = int.from_bytes(bundle[at : at + 2], "big")
        peer.append_entry(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    assert peer.get_root() == reading.root(register.pk, 80)
