"""One line of a register's log, and the two rules that make tree leaves of it.

Version 1 leaves reproduce the roots of the historical service. No version 2 root was
ever published; its rule follows the specification's worked example.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

from staithe.registers.item import PREFIX


class Scope(StrEnum):
    """Data (`user`) and metadata (`system`) are numbered apart."""

    SYSTEM = "system"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Entry:
    """Entry `number` (from 1) of its scope; `items` are 32-byte item hashes."""

    scope: Scope
    number: int
    key: str
    timestamp: str
    items: tuple[bytes, ...]


def leaf_data(
    *, number: int, timestamp: str, key: str, items: tuple[bytes, ...]
) -> bytes:
    """Return the bytes of a version 1 leaf: compact JSON in this very order.

    Keys and timestamps hold nothing that JSON escapes.
    """
    hashes = PREFIX + '","sha-256:'.join([value.hex() for value in items])
    return (
        f'{{"index-entry-number":"{number}","entry-number":"{number}",'
        f'"entry-timestamp":"{timestamp}","key":"{key}","item-hash":["{hashes}"]}}'
    ).encode()


_ENTRY = b"\x6c"  # l, a list of what follows
_NUMBER = b"\x69"  # i
_TEXT = b"\x75"  # u
_TIME = b"\x74"  # t
_BYTES = b"\x72"  # r
_MULTIHASH = bytes.fromhex("1220")


@lru_cache(maxsize=65_536)
def _time_hash(timestamp: str) -> bytes:
    return sha256(_TIME + timestamp.encode()).digest()


def entry_hash(*, number: int, timestamp: str, key: str, blob: bytes) -> bytes:
    """Return the 32-byte hash of a version 2 entry (RFC0009 as RFC0024 changed it).

    It is also the data of the entry's leaf in the version 2 tree.
    """
    return sha256(
        _ENTRY
        + sha256(_NUMBER + b"%d" % number).digest()
        + sha256(_TEXT + key.encode()).digest()
        + _time_hash(timestamp)
        + sha256(_BYTES + _MULTIHASH + blob).digest()
    ).digest()
