"""When an entry was appended: UTC, whole seconds, one spelling."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from staithe.base.errors import BadInput


_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@lru_cache(maxsize=65_536)  # thousands of entries share a second
def read_timestamp(text: str) -> int:
    """Return seconds since 1970 of `YYYY-MM-DDThh:mm:ssZ`; BadInput."""
    if _TIMESTAMP.fullmatch(text):
        try:
            moment = datetime.strptime(text, _FORMAT).replace(tzinfo=UTC)
        except ValueError:
            pass
        else:
            return int(moment.timestamp())
    raise BadInput(f"“{text[:40]}” is not a time such as 2018-10-11T12:14:05Z.")


@lru_cache(maxsize=65_536)
def to_text(seconds: int) -> str:
    """Write seconds since 1970 as `YYYY-MM-DDThh:mm:ssZ`."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")
