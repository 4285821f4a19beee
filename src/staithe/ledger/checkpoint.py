"""Signed heads of a log: C2SP signed-note and tlog-checkpoint, Ed25519 only.

Decoding is strict: any text but the one that `sign` would write is refused, so that
two readers cannot see two things in the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from staithe.base.errors import AnswerIsNo, BadInput
from staithe.ledger.tree import HASH_BYTES


if TYPE_CHECKING:
    from collections.abc import Iterable


MAX_NOTE_BYTES = 65_536  # far above any checkpoint with its witnesses

_ALGORITHM = b"\x01"  # Ed25519, C2SP signed-note
_KEY_ID_BYTES = 4
_ED25519_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_MAX_SIZE = 2**63 - 1
_PRIVATE = "PRIVATE+KEY+"

_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE = re.compile(r"— ([^ ]+) ([A-Za-z0-9+/=]+)")
_SIZE = re.compile(r"0|[1-9][0-9]*")


class BadCheckpoint(AnswerIsNo):
    """A checkpoint that is not well formed or not signed by a known key."""

    code = "bad-checkpoint"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What a checkpoint says: the log's origin, its size and its 32-byte root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name of its log; its text form is safe to publish."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the first 4 bytes of SHA-256(name || LF || 0x01 || public key)."""
        message = self.name.encode() + b"\n" + _ALGORITHM + self.public
        return sha256(message).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        key = to_base64(_ALGORITHM + self.public)
        return f"{self.name}+{self.key_id.hex()}+{key}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under the name of its log; never printed by accident."""

    name: str
    seed: bytes

    def __repr__(self) -> str:
        return f"SigningKey(name={self.name!r})"

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, private.public_key().public_bytes_raw())

    def to_text(self) -> str:
        """Write the key as Go's note package does: PRIVATE+KEY+name+id+base64."""
        key = to_base64(_ALGORITHM + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{key}"


def new_signing_key(name: str) -> SigningKey:
    """Make a random key for a log of this name (no white space, no plus sign)."""
    if not _NAME.fullmatch(name):
        raise BadInput(f"A log's name has no spaces and no plus sign: {name!r}.")
    return SigningKey(name, Ed25519PrivateKey.generate().private_bytes_raw())


def read_signing_key(text: str) -> SigningKey:
    """Read what `SigningKey.to_text` wrote; BadInput."""
    name, key_id, seed = _key_parts(text.removeprefix(_PRIVATE))
    key = SigningKey(name, seed)
    if not text.startswith(_PRIVATE) or key.verifier.key_id != key_id:
        raise BadInput("This is not a signing key: PRIVATE+KEY+name+id+key.")
    return key


def read_verifier_key(text: str) -> VerifierKey:
    """Read `name+8 hex digits+base64`, checking that the id fits the key; BadInput."""
    name, key_id, public = _key_parts(text)
    key = VerifierKey(name, public)
    if key.key_id != key_id:
        raise BadInput("The verifier key was mistyped: its id does not fit it.")
    return key


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)
    try:
        name, key_id, key = parts
        raw = from_base64(key)
        fits = bytes.fromhex(key_id).hex() == key_id and _NAME.fullmatch(name)
    except ValueError as error:
        raise BadInput("A verifier key reads name+id+key on one line.") from error
    if not fits or raw[:1] != _ALGORITHM or len(raw) != 1 + _ED25519_KEY_BYTES:
        raise BadInput("A verifier key reads name+id+key, and the key is Ed25519.")
    return name, bytes.fromhex(key_id), raw[1:]


def to_base64(data: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Read standard base64 in its one canonical spelling; ValueError."""
    data = base64.b64decode(text, validate=True)
    if to_base64(data) != text:
        raise binascii.Error("not canonical base64")
    return data


def head_to_text(head: TreeHead) -> str:
    """Return the three lines that are signed."""
    return f"{head.origin}\n{head.size}\n{to_base64(head.root)}\n"


def read_head(text: str) -> TreeHead:
    """Read the signed lines; extension lines after the root are let be."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):  # noqa: PLR2004  3 lines, end
        raise BadCheckpoint("A checkpoint has an origin, a size and a root.")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size) or int(size) > _MAX_SIZE:
        raise BadCheckpoint(f"The size of a checkpoint is a number, not {size!r}.")
    try:
        digest = from_base64(root)
    except ValueError as error:
        raise BadCheckpoint("The root of a checkpoint is not base64.") from error
    if len(digest) != HASH_BYTES:
        raise BadCheckpoint("The root of a checkpoint is not 32 bytes.")
    return TreeHead(origin, int(size), digest)


def sign(head: TreeHead, *, key: SigningKey) -> str:
    """Return the checkpoint: the head, a blank line and one signature line."""
    text = head_to_text(head)
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    blob = key.verifier.key_id + private.sign(text.encode())
    return f"{text}\n— {key.name} {to_base64(blob)}\n"


def open_note(note: str, *, keys: Iterable[VerifierKey]) -> tuple[str, VerifierKey]:
    """Return the signed text of a note and the first given key that signed it.

    Signatures by other keys are passed over (C2SP signed-note); a wrong signature
    by a given key is refused. BadCheckpoint.
    """
    text, signatures = _split(note)
    known = {(key.name, key.key_id): key for key in keys}
    signers = []
    for name, blob in signatures:
        key = known.get((name, blob[:_KEY_ID_BYTES]))
        if key:
            _check_signature(text, blob[_KEY_ID_BYTES:], key=key)
            signers.append(key)
    if not signers:
        raise BadCheckpoint("No known key signed this checkpoint.")
    return text, signers[0]


def open_checkpoint(note: str, *, keys: Iterable[VerifierKey]) -> TreeHead:
    """Return the head that one of the keys, named as its log, signed; BadCheckpoint."""
    text, key = open_note(note, keys=keys)
    head = read_head(text)
    if head.origin != key.name:
        raise BadCheckpoint(f"{key.name} does not speak for the log {head.origin}.")
    return head


def read_unverified(note: str) -> TreeHead:
    """Return what a checkpoint claims, without asking who signed it."""
    return read_head(_split(note)[0])


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note.encode("utf-8", "surrogatepass")) > MAX_NOTE_BYTES:
        raise BadCheckpoint("This is too long to be a checkpoint.")
    if any(character < " " and character != "\n" for character in note):
        raise BadCheckpoint("A checkpoint holds no control characters.")
    text, blank, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not blank or lines.pop() or not lines:
        raise BadCheckpoint("A checkpoint ends with a blank line and its signatures.")
    return text + "\n", [_read_signature(line) for line in lines]


def _read_signature(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE.fullmatch(line)
    if not match or not _NAME.fullmatch(match[1]):
        raise BadCheckpoint("A signature line reads: dash, name, base64.")
    try:
        blob = from_base64(match[2])
    except ValueError as error:
        raise BadCheckpoint("A signature is not base64.") from error
    if len(blob) <= _KEY_ID_BYTES:
        raise BadCheckpoint("A signature is too short.")
    return match[1], blob


def _check_signature(text: str, signature: bytes, *, key: VerifierKey) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise BadCheckpoint("The signature of the checkpoint is wrong.") from error
