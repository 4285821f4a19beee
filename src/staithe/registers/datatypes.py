"""The datatypes of register fields: what text each admits.

Dates keep the precision that they were given (a year may be all that is known).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from staithe.base.errors import BadInput
from staithe.registers import keys
from staithe.registers.curie import PLAIN as PLAIN_CURIE
from staithe.registers.curie import read_curie
from staithe.registers.timestamps import read_timestamp


_DATETIME = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?)?Z)?)?)?"
)
ANY_TEXT = frozenset({"string", "text"})
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_HASH = re.compile(r"sha-256:[0-9a-f]{64}|1220[0-9a-f]{64}")
_DURATION = re.compile(
    r"P(?=[0-9T])(?:[0-9]+W|(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?)"
)


def _is_boolean(text: str) -> bool:
    return text in {"true", "false"}


def _is_curie(text: str) -> bool:
    if PLAIN_CURIE.fullmatch(text):
        return True
    try:
        read_curie(text)
    except BadInput:
        return False
    return True


@lru_cache(maxsize=65_536)  # dates repeat
def is_datetime(text: str) -> bool:
    """Tell whether a text is a date or time of any precision: 2001, 2001-01-31."""
    found = _DATETIME.fullmatch(text)
    if not found:
        return False
    year, month, day, hour, minute, second = found.groups()
    try:
        datetime(  # noqa: DTZ001  only whether it exists
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
        )
    except ValueError:
        return False
    return True


def _is_period(text: str) -> bool:
    start, slash, end = text.partition("/")
    if not slash:
        return _DURATION.fullmatch(text) is not None
    is_duration = [_DURATION.fullmatch(part) is not None for part in (start, end)]
    is_time = [is_datetime(part) for part in (start, end)]
    return all(d or t for d, t in zip(is_duration, is_time, strict=True)) and any(
        is_time
    )


def _is_timestamp(text: str) -> bool:
    try:
        read_timestamp(text)
    except BadInput:
        return False
    return True


def _is_url(text: str) -> bool:
    if any(character <= " " or character in '<>"{}|\\^`\x7f' for character in text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _is_integer(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None


def _is_hash(text: str) -> bool:
    return _HASH.fullmatch(text) is not None


def _is_anything(_text: str) -> bool:
    return True


TESTS: dict[str, Callable[[str], bool]] = {
    "boolean": _is_boolean,
    "curie": _is_curie,
    "datetime": is_datetime,
    "hash": _is_hash,
    "integer": _is_integer,
    "name": keys.is_name,
    "period": _is_period,
    "string": _is_anything,
    "text": _is_anything,
    "timestamp": _is_timestamp,
    "url": _is_url,
    # Named by the specification, never finished there: any text.
    "point": _is_anything,
    "polygon": _is_anything,
}

UNFINISHED = frozenset({"point", "polygon"})

EXAMPLES: dict[str, str] = {
    "boolean": "true or false",
    "curie": "a link such as country:GB",
    "datetime": "a date such as 2018, 2018-10 or 2018-10-11",
    "hash": "sha-256: and 64 hexadecimal digits",
    "integer": "a whole number such as 12",
    "name": "small letters, digits and hyphens",
    "period": "a length of time such as P1Y6M, or two dates with / between them",
    "timestamp": "a time such as 2018-10-11T12:14:05Z",
    "url": "an address that starts with https://",
}


SHORT = 100  # characters; longer values seldom repeat


@lru_cache(maxsize=65_536)  # the dates and codes of a million records repeat
def _is_valid_short(text: str, datatype: str) -> bool:
    return TESTS[datatype](text)


def is_valid(text: str, *, datatype: str) -> bool:
    """Tell whether a text is a value of a datatype (one of TESTS)."""
    if len(text) <= SHORT:
        return _is_valid_short(text, datatype)
    return TESTS[datatype](text)


def check_valid(text: str, *, datatype: str, field: str) -> None:
    """Refuse a text that is not a value of the datatype; BadInput names the field."""
    if not is_valid(text, datatype=datatype):
        raise BadInput(
            f"{field} is “{text[:80]}”: write {EXAMPLES[datatype]}.",
            code="wrong-datatype",
            field=field,
        )


def as_date(text: str) -> date | None:
    """Return the first day that a datetime means, or None where it means nothing."""
    if not is_datetime(text):
        return None
    parts = text[:10].split("-")
    return date(int(parts[0]), *(int(part) for part in [*parts[1:], "1", "1"][:2]))
