"""The signed side file of an export: every byte of it, data and metadata.

An RSF file's own root lines cover only data entries. The seal is a C2SP checkpoint of
the data log with extension lines: the head of the metadata log, the digest of the file
(with LF line ends) and the key that signed. Any verifier of checkpoints reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from staithe.base.errors import BadInput
from staithe.ledger import checkpoint
from staithe.ledger.checkpoint import (
    BadCheckpoint,
    SigningKey,
    TreeHead,
    VerifierKey,
    from_base64,
    read_verifier_key,
    to_base64,
)


SUFFIX = ".sig"

_METADATA = re.compile(r"metadata (0|[1-9][0-9]{0,17}) ([A-Za-z0-9+/]{43}=)")
_DIGEST = re.compile(r"rsf sha-256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Seal:
    """What the signer says of a file; `digest` is over its lines, each with LF."""

    data: TreeHead
    metadata: TreeHead
    digest: bytes
    key: VerifierKey


def to_text(seal: Seal) -> str:
    """Return the lines that are signed."""
    return (
        checkpoint.head_to_text(seal.data)
        + f"metadata {seal.metadata.size} {to_base64(seal.metadata.root)}\n"
        + f"rsf sha-256:{seal.digest.hex()}\n"
        + f"key {seal.key}\n"
    )


def sign(seal: Seal, *, key: SigningKey) -> str:
    """Return the side file."""
    text = to_text(seal)
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    signature = key.verifier.key_id + private.sign(text.encode())
    return f"{text}\n— {key.name} {to_base64(signature)}\n"


def open_seal(note: str, *, keys: Sequence[VerifierKey] = ()) -> Seal:
    """Return what a key given, or else the key named in it, signed; BadCheckpoint."""
    claimed = _read(note.partition("\n\n")[0] + "\n")
    text, signer = checkpoint.open_note(note, keys=keys or [claimed.key])
    seal = _read(text)
    if to_text(seal) != text or seal.key != signer:
        raise BadCheckpoint("The side file is not in its one spelling.")
    if note.count("\n") != text.count("\n") + 2 or signer.name != seal.data.origin:
        raise BadCheckpoint("The side file has one signature, by its own log.")
    return seal


def _read(text: str) -> Seal:
    head = checkpoint.read_head(text)
    lines = text.split("\n")[3:-1]
    if len(lines) != 3:  # noqa: PLR2004  metadata, rsf, key
        raise BadCheckpoint("A side file says metadata, rsf and key after the root.")
    metadata, digest = _METADATA.fullmatch(lines[0]), _DIGEST.fullmatch(lines[1])
    if not metadata or not digest or not lines[2].startswith("key "):
        raise BadCheckpoint("A side file says metadata, rsf and key after the root.")
    try:
        root = from_base64(metadata[2])
        key = read_verifier_key(lines[2].removeprefix("key "))
    except (ValueError, BadInput) as error:
        raise BadCheckpoint("The side file holds a broken hash or key.") from error
    inner = TreeHead(metadata_origin(head.origin), int(metadata[1]), root)
    return Seal(head, inner, bytes.fromhex(digest[1]), key)


def metadata_origin(origin: str) -> str:
    """Return the name of the log of a register's metadata."""
    return f"{origin}/metadata"


class Digest:
    """SHA-256 over lines as they pass, each with LF whatever its line end was."""

    def __init__(self) -> None:
        self._hash = sha256()

    def over(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines again."""
        for line in lines:
            self._hash.update(line)
            self._hash.update(b"\n")
            yield line

    def value(self) -> bytes:
        """Return the digest so far."""
        return self._hash.digest()
