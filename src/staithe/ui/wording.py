"""How values read on a page: dates, times, numbers, counts.

Pure, so a test can state each form. The house form of a date is the GOV.UK one:
31 January 2026, 9:05am. Missing values never read as an empty cell.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal


MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
NOT_GIVEN = "Not given"
UNITS = ("bytes", "KB", "MB", "GB", "TB")


def date_words(value: date | datetime | None, *, zone: tzinfo = UTC) -> str:
    """Write a date as `31 January 2026`; a time is first moved to `zone`."""
    if value is None:
        return NOT_GIVEN
    if isinstance(value, datetime):
        value = value.astimezone(zone)
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def time_words(value: datetime, *, zone: tzinfo = UTC) -> str:
    """Write a clock time as `9:05am`, `noon` or `midnight`."""
    local = value.astimezone(zone)
    if local.minute == 0 and local.hour in {0, 12}:
        return "noon" if local.hour else "midnight"
    minutes = f":{local.minute:02d}" if local.minute else ""
    return f"{(local.hour - 1) % 12 + 1}{minutes}{'am' if local.hour < 12 else 'pm'}"  # noqa: PLR2004  noon


def datetime_words(value: datetime | None, *, zone: tzinfo = UTC) -> str:
    """Write `31 January 2026 at 9:05am`, naming UTC where that is the clock shown."""
    if value is None:
        return NOT_GIVEN
    suffix = " UTC" if zone is UTC or str(zone) == "UTC" else ""
    when = time_words(value, zone=zone)
    return f"{date_words(value, zone=zone)} at {when}{suffix}"


def ago_words(value: date | datetime | None, *, now: datetime, zone: tzinfo) -> str:
    """Write how many days lie between a day and today: `3 days ago`, `in 2 days`."""
    if value is None:
        return NOT_GIVEN
    day = value.astimezone(zone).date() if isinstance(value, datetime) else value
    apart = (now.astimezone(zone).date() - day).days
    near = {0: "today", 1: "yesterday", -1: "tomorrow"}
    if apart in near:
        return near[apart]
    return f"{plural(apart, 'day')} ago" if apart > 0 else f"in {plural(-apart, 'day')}"


def number(value: float | Decimal | None, places: int | None = None) -> str:
    """Write a number with commas; `places` fixes the decimals shown."""
    if value is None:
        return NOT_GIVEN
    if places is None:
        return f"{value:,}"
    return f"{value:,.{places}f}"


def percent(share: float | None, places: int = 1) -> str:
    """Write a share from 0 to 1 as a percentage."""
    return NOT_GIVEN if share is None else f"{share * 100:,.{places}f}%"


def plural(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: `1 request`, `1,200 requests`, `2 bodies`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def yes_no(value: bool | None) -> str:  # noqa: FBT001  a filter takes its value first
    """Write Yes, No or Not known: unknown is a value here."""
    return {True: "Yes", False: "No", None: "Not known"}[value]


def file_size(size: int | None) -> str:
    """Write a size in bytes as people read it: `14 KB`, `1.2 GB`."""
    if size is None:
        return NOT_GIVEN
    power = 0
    amount = float(size)
    while amount >= 1000 and power < len(UNITS) - 1:  # noqa: PLR2004  decimal units, as file managers show them
        amount /= 1000
        power += 1
    places = 0 if amount >= 10 or power == 0 else 1  # noqa: PLR2004  two figures
    return f"{amount:,.{places}f} {UNITS[power]}"
