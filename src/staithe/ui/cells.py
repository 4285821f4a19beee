"""A cell of a CSV file that no spreadsheet runs as a formula (OWASP, CSV injection).

Without Django, so that rooms that write files without a server write them alike.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from staithe.base.clock import to_text


# Full-width forms too: some spreadsheets fold them to the ASCII sign.
FORMULA_START = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20|%")
PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def safe_cell(value: object) -> object:
    """Return a value that no spreadsheet runs; dates become ISO 8601."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = _plain_text(value)
    if text.lstrip(" ").startswith(FORMULA_START) and not PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def _plain_text(value: object) -> str:
    """Write a value as programs read it back: ISO 8601 dates, true, false, nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime) and value.tzinfo:
        return to_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)
