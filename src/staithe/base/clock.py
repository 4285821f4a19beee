"""The only place that asks what time it is; actions are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta


_SET: ContextVar[datetime | None] = ContextVar("set_clock", default=None)


def now() -> datetime:
    """Return the time in UTC, to the microsecond."""
    return _SET.get() or datetime.now(UTC)


@contextmanager
def set_to(at: datetime) -> Iterator[None]:
    """Let this thread's clock stand at `at`: the demo tells a story of many weeks."""
    token = _SET.set(at)
    try:
        yield
    finally:
        _SET.reset(token)


def to_text(at: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC, for example 2026-01-31T09:00:00Z."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return text.replace(".000000Z", "Z")


def add_working_days(start: datetime, days: int) -> datetime:
    """Move `days` working days (Monday to Friday) on from `start`."""
    moved = start
    while days > 0:
        moved += timedelta(days=1)
        if moved.weekday() < 5:  # noqa: PLR2004  Monday to Friday
            days -= 1
    return moved
