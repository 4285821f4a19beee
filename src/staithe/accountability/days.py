"""Working days between two times without walking them: progress counts thousands.

The same number as `sharing.ladder.working_days`, which decides; a test holds them to
each other.
"""

from __future__ import annotations

from datetime import datetime, timedelta


WEEK = 7
WORKING = 5  # Monday to Friday
DAY = timedelta(days=1)


def working_days(start: datetime, end: datetime) -> int:
    """Count the whole working days (Monday to Friday) from `start` to `end`."""
    weeks, rest = divmod(max(0, (end - start) // DAY), WEEK)
    first = start.weekday()
    return weeks * WORKING + sum(
        (first + day) % WEEK < WORKING for day in range(1, rest + 1)
    )
