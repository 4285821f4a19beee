"""The key of a record (type ID of the specification) and the name of a register."""

from __future__ import annotations

import re

from staithe.base.errors import BadInput


MAX_KEY = 255
MAX_NAME = 80

# What follows a key in addresses: formats, and pages about the record.
PAGES = ("/entries", "/edit", "/mend", "/propose")
SUFFIXES = (".json", ".csv", ".tsv", ".ttl", ".xlsx", ".yaml", ".tlog-proof")
TAKEN_ENDINGS = PAGES + SUFFIXES

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


def check_new_key(text: str) -> None:
    """Refuse a text that is not a key, or one whose address means something else.

    Older records may have such a key: they are found before the other meaning.
    """
    check_key(text)
    ending = next((end for end in TAKEN_ENDINGS if text.endswith(end)), "")
    if ending:
        raise BadInput(
            f"“{text[:80]}” cannot be a new key: an address that ends with {ending} "
            "means something else.",
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
