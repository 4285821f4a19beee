"""What an entry says, version 2: objecthash, which lets a value be taken out.

A blob is hashed by its meaning (sets in any order, empty members dropped, NFC text),
value by value, so a value can be replaced by its own hash and the whole still has
the hash that the log holds: redaction (RFC0010, RFC0013, RFC0017, RFC0020).
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from staithe.base.errors import BadInput
from staithe.registers.item import Value


MULTIHASH = "1220"  # SHA-256, 32 bytes
REDACTED = "**REDACTED**"

SALT_BYTES = 32
_REDACTION = re.compile(r"\*\*REDACTED\*\*([0-9a-f]{64})")
_TEXT = b"\x75"  # u
_RARE = {"", "*"}  # empty, or perhaps a redaction
_SET = b"\x73"  # s
_DICT = b"\x64"  # d


def text_hash(text: str) -> bytes:
    """Return SHA-256(u || UTF-8 in NFC), or the hash that a redaction stands for."""
    if text.startswith(REDACTED):
        found = _REDACTION.fullmatch(text)
        if found:
            return bytes.fromhex(found[1])
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return sha256(_TEXT + text.encode()).digest()


name_hash = lru_cache(maxsize=4096)(text_hash)  # the names of fields repeat


def value_hash(value: Value) -> bytes:
    """Return the hash of a text or of a set of texts (sorted by hash, then joined)."""
    if isinstance(value, str):
        return text_hash(value)
    members = sorted({text_hash(part) for part in value if part})
    return sha256(_SET + b"".join(members)).digest()


def blob_hash(blob: Mapping[str, Value | None]) -> bytes:
    """Return the 32-byte objecthash of a blob; empty members count as missing."""
    pairs = []
    for name, value in blob.items():
        if type(value) is str and value.isascii() and value[:1] not in _RARE:
            # text_hash without its calls: most values of a million are of this kind.
            pairs.append(name_hash(name) + sha256(_TEXT + value.encode()).digest())
        elif value and (isinstance(value, str) or any(value)):
            pairs.append(name_hash(name) + value_hash(value))
    pairs.sort()
    return sha256(_DICT + b"".join(pairs)).digest()


def hash_to_text(value: bytes) -> str:
    """Write a hash as version 2 prints it: a multihash, `1220` and 64 digits."""
    return MULTIHASH + value.hex()


def read_hash(text: str) -> bytes:
    """Read `1220` and 64 lower-case hexadecimal digits, strictly; BadInput."""
    if not re.fullmatch(r"1220[0-9a-f]{64}", text):
        raise BadInput("A hash reads 1220 and 64 lower-case hexadecimal digits.")
    return bytes.fromhex(text.removeprefix(MULTIHASH))


def redact(blob: Mapping[str, Value], *, names: set[str]) -> dict[str, Value]:
    """Return the blob with the values of some fields replaced by their hashes.

    The hash of the whole stays the same. A short value so redacted can be guessed
    and checked: use `commit` beforehand for anything that may need erasing.
    """
    return {
        name: REDACTED + value_hash(value).hex() if name in names else value
        for name, value in blob.items()
    }


def new_salt() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(SALT_BYTES)


def commit(text: str, *, salt: bytes) -> str:
    """Return what stands in the log for a value that may need erasing.

    HMAC-SHA-256(salt, u || UTF-8) in the form of a redaction: without the salt no
    guess can be tested, and with salt and value anyone can check both.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    normal = unicodedata.normalize("NFC", text).encode()
    return REDACTED + hmac.digest(salt, _TEXT + normal, "sha256").hex()


def is_commitment(text: str) -> bool:
    """Tell whether a value stands for another: redacted, or committed with a salt."""
    return _REDACTION.fullmatch(text) is not None
