"""Identifiers that people can read out and programs can sort."""

from __future__ import annotations

import re
import secrets
import unicodedata


# Crockford base 32: no I, L, O, U, so a reference survives a telephone call.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference(prefix: str, length: int = 8) -> str:
    """Return a random reference such as `REQ-7F3K2M9Q` (5 bits a character)."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return f"{prefix}-{body}"


def new_token() -> str:
    """Return a secret of 256 bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def to_slug(text: str, limit: int = 60) -> str:
    """Turn a title into lower-case words joined by hyphens, for URLs."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return slug[:limit].strip("-") or "untitled"
