"""The key of a record (type ID of the specification) and the name of a register."""

from __future__ import annotations

import re

from staithe.base.errors import BadInput


MAX_KEY = 255
MAX_NAME = 80

_KEY = re.compile(r"[A-Za-z0-9]+(?:[-_./][A-Za-z0-9]+)*")
# Metadata keys of real registers read name, register-name, field:start-date.
_SYSTEM_KEY = re.compile(r"[A-Za-z0-9]+(?:[-_./:][A-Za-z0-9]+)*")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def is_key(text: str) -> bool:
    """Tell whether a text is a key: letters and digits joined by single - _ . or /."""
    return len(text) <= MAX_KEY and _KEY.fullmatch(text) is not None


def check_key(text: str) -> None:
    """Refuse a text that is not a key; BadInput."""
    if not is_key(text):
        raise BadInput(
            f"“{text[:80]}” is not a key: letters and digits, with single "
            "- _ . or / between them.",
            field="key",
        )


def is_system_key(text: str) -> bool:
    """Tell whether a text may be the key of a metadata entry."""
    return len(text) <= MAX_KEY and _SYSTEM_KEY.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Tell whether a text may name a register or a field."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def check_name(text: str) -> None:
    """Refuse a text that cannot name a register or a field; BadInput."""
    if not is_name(text):
        raise BadInput(
            f"“{text[:80]}” cannot be a name: small letters and digits, "
            "single hyphens between them, a letter first.",
            field="name",
        )
