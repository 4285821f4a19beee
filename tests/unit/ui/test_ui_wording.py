"""Values read on pages in the house forms, and a missing one never as nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.ui import wording


LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("hour", "minute", "words"),
    [
        (0, 0, "midnight"),
        (0, 5, "12:05am"),
        (9, 5, "9:05am"),
        (11, 0, "11am"),
        (12, 0, "noon"),
        (12, 30, "12:30pm"),
        (23, 59, "11:59pm"),
    ],
)
def test_clock_time_has_twelve_hours_and_names_noon(hour, minute, words):
    at = datetime(2026, 1, 31, hour, minute, tzinfo=UTC)
    assert wording.time_words(at) == words


def test_date_is_day_month_in_words_year():
    assert wording.date_words(date(2026, 1, 31)) == "31 January 2026"


def test_time_near_midnight_takes_the_date_of_the_zone_shown():
    at = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert wording.date_words(at, zone=LONDON) == "1 July 2026"
    assert wording.datetime_words(at, zone=LONDON) == "1 July 2026 at 12:30am"


def test_time_shown_in_utc_says_so():
    at = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert wording.datetime_words(at) == "30 June 2026 at 11:30pm UTC"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 3, 10), "today"),
        (date(2026, 3, 9), "yesterday"),
        (date(2026, 3, 11), "tomorrow"),
        (date(2026, 3, 1), "9 days ago"),
        (date(2026, 3, 20), "in 10 days"),
    ],
)
def test_ago_counts_days(day, words):
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert wording.ago_words(day, now=now, zone=UTC) == words


def test_ago_counts_calendar_days_not_spans_of_24_hours():
    now = datetime(2026, 3, 10, 0, 5, tzinfo=UTC)
    late = datetime(2026, 3, 9, 23, 55, tzinfo=UTC)
    assert wording.ago_words(late, now=now, zone=UTC) == "yesterday"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 KB"),
        (12_345, "12 KB"),
        (1_234_567, "1.2 MB"),
        (5 * 10**15, "5,000 TB"),
    ],
)
def test_file_size_has_two_figures(size, words):
    assert wording.file_size(size) == words


@given(st.integers(min_value=0, max_value=10**9))
def test_plural_agrees_with_its_number(count):
    words = wording.plural(count, "body", "bodies")
    assert words.replace(",", "") == f"{count} {'body' if count == 1 else 'bodies'}"


def test_unknown_reads_as_words():
    now = datetime(2026, 3, 10, tzinfo=UTC)
    shown = {
        wording.date_words(None),
        wording.datetime_words(None),
        wording.ago_words(None, now=now, zone=UTC),
        wording.number(None),
        wording.percent(None),
        wording.file_size(None),
    }
    assert shown == {"Not given"}
    assert wording.yes_no(None) == "Not known"


def test_numbers_and_shares_have_commas_and_fixed_places():
    assert wording.number(1234567) == "1,234,567"
    assert wording.number(1234.5, 2) == "1,234.50"
    assert wording.percent(0.1234) == "12.3%"
