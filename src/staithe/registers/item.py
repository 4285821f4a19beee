"""What an entry says, version 1: a flat JSON object in its one canonical spelling.

Every value is a string or a list of strings. Missing, null, empty text and an empty
list mean the same, so only non-empty values are ever written by this program; what
history wrote is kept to the byte, because its hash is the name of the item.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256

from staithe.base.errors import BadInput, TooLarge


Value = str | list[str]
Item = dict[str, Value]

MAX_ITEM_BYTES = 1 << 20  # a record is a few lines; a megabyte is a mistake
HASH_BYTES = 32
PREFIX = "sha-256:"

# Built once: json.dumps with these options makes a new encoder for every call.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode
_HASH = re.compile(r"sha-256:[0-9a-f]{64}")


def to_canonical(item: Mapping[str, Value]) -> str:
    """Return the one way to write an item: sorted keys, no white space, UTF-8.

    The same bytes as RFC 8785 for flat objects of strings (field names are ASCII).
    """
    return _encode(item)


def hash_of(data: bytes) -> bytes:
    """Return the 32-byte name of an item, given the bytes of its canonical JSON."""
    return sha256(data).digest()


def read_item(data: bytes) -> Item:
    """Read canonical JSON of one item and nothing looser; BadInput, TooLarge."""
    if len(data) > MAX_ITEM_BYTES:
        raise TooLarge(f"An item is larger than {MAX_ITEM_BYTES:,} bytes.")
    try:
        text = data.decode()
        item = json.loads(text)
        canonical = isinstance(item, dict) and _encode(item) == text
    except (ValueError, RecursionError) as error:
        raise BadInput("An item is not JSON in UTF-8.") from error
    if not canonical:
        raise BadInput(
            "An item is not canonical JSON: one object, keys sorted and not repeated, "
            "no white space, nothing escaped that need not be."
        )
    check_values(item)
    return item  # type: ignore[no-any-return]  # json.loads gives Any


def read_known(data: bytes) -> Item:
    """Read an item that `read_item` let in before."""
    item: Item = json.loads(data)
    return item


def check_values(item: Mapping[str, object]) -> None:
    """Refuse values that are neither text nor a list of texts; BadInput."""
    for name, value in item.items():
        if type(value) is str:
            continue
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise BadInput(f"The field {name} is not text or a list of texts.")


def tidy(item: Mapping[str, Value | None]) -> Item:
    """Return an item without its empty members: how this program writes items."""
    kept: Item = {}
    for name, value in item.items():
        full = [v for v in value if v] if isinstance(value, list) else value
        if full:
            kept[name] = full
    return kept


def hash_to_text(value: bytes) -> str:
    """Write a hash as version 1 prints it: `sha-256:` and 64 hexadecimal digits."""
    return PREFIX + value.hex()


def read_hash(text: str) -> bytes:
    """Read `sha-256:` and 64 lower-case hexadecimal digits, strictly; BadInput."""
    if not _HASH.fullmatch(text):
        raise BadInput("A hash reads sha-256: and 64 lower-case hexadecimal digits.")
    return bytes.fromhex(text[len(PREFIX) :])


def as_text(values: Mapping[str, Value], name: str) -> str:
    """Return a value as a form or a cell shows it: a list is joined with semicolons."""
    value = values.get(name, "")
    return ";".join(value) if isinstance(value, list) else value


def check_size(item: Mapping[str, Value], *, key: str) -> None:
    """Refuse an item that is larger than any record; BadInput."""
    if len(to_canonical(item).encode()) > MAX_ITEM_BYTES:
        raise BadInput(f"The record {key} is larger than 1 MB.", code="too-large")
