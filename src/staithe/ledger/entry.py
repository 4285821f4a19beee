"""What the log holds of an event: a salted commitment to its canonical JSON.

The commitment is public and the body is not: without the 32-byte salt nobody can
test a guess, and once salt and body are erased nobody can at all, yet the leaf and
every proof over it stay as they were.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785

from staithe.base import clock


SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as it was committed to; `at` is RFC 3339 text in UTC."""

    number: int
    at: str
    name: str
    actor: str
    organisation: str
    subject: str
    body: dict[str, Any]


def new_salt() -> bytes:
    """Return 32 random bytes."""
    return secrets.token_bytes(SALT_BYTES)


def to_canonical(value: Any) -> bytes:
    """Return the one way to write a JSON value (RFC 8785); ValueError."""
    return rfc8785.dumps(value)


def read_canonical(text: str) -> Any:
    """Read JSON that is written in the one way to write it; ValueError.

    So no byte of it can change without changing what it says.
    """
    try:
        value = json.loads(text)
        spelling = to_canonical(value)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if spelling != text.encode():
        raise ValueError("not canonical JSON")
    return value


def to_json(entry: Entry) -> bytes:
    """Return the canonical JSON (RFC 8785) that the commitment is made over."""
    return to_canonical(
        {
            "number": entry.number,
            "at": entry.at,
            "name": entry.name,
            "actor": entry.actor,
            "organisation": entry.organisation,
            "subject": entry.subject,
            "body": entry.body,
        }
    )


def commitment(entry: Entry, *, salt: bytes) -> bytes:
    """Return HMAC-SHA-256(salt, canonical JSON): 32 bytes, the data of the leaf."""
    return hmac.digest(salt, to_json(entry), sha256)


def to_plain(value: Any) -> Any:
    """Return a value as JSON holds it: dates, decimals and UUIDs become text.

    Floats are refused because two programs may print one in two ways: pass text.
    """
    if isinstance(value, Mapping):
        return {_key(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> str | int | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)  # the value of an enumeration, not its name
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"an event cannot hold a {type(value).__name__}: {value!r}")


def _time(at: datetime) -> str:
    if at.tzinfo is None:
        raise TypeError(f"a time in an event has a time zone, not {at!r}")
    return clock.to_text(at)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"an event's names must be text, not {key!r}")
    return str(key)
