"""The only place that asks what time it is; actions are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the time in UTC, to the microsecond."""
    return datetime.now(UTC)


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
