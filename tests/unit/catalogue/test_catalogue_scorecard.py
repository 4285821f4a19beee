"""The scorecard in words: never better than it is, never a guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.catalogue.scorecard import (
    Score,
    judge_timeliness,
    scorecard,
    share_words,
)


NOW = datetime(2026, 3, 1, tzinfo=UTC)
FRESH = Score("timeliness", "100%", "Fresh.")


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_up(share):
    shown = float(share_words(share).removesuffix("%"))
    assert shown <= share * 100 + 1e-9
    assert shown > share * 100 - 0.1001
    assert (shown == 100) == (share == 1)


def test_not_measured_is_said_and_its_reason_reads_as_a_sentence():
    profile = {
        "dimensions": {
            "accuracy": {
                "score": None,
                "reason": "Not measured: there is no reference.",
                "evidence": "",
            },
            "validity": {"score": 0.5, "reason": "", "evidence": "1 of 2 fail."},
            "timeliness": {"score": 0.1, "reason": "", "evidence": "Stale."},
        }
    }
    assert scorecard(profile, timeliness=FRESH).scores == (
        Score("accuracy", "Not measured", "There is no reference."),
        Score("validity", "50%", "1 of 2 fail."),
        FRESH,
    )


def test_faults_come_before_warnings_before_notes():
    kinds = ["info", "error", "warning", "error"]
    profile = {"findings": [{"severity": kind, "n": n} for n, kind in enumerate(kinds)]}
    found = scorecard(profile, timeliness=FRESH).findings
    assert [each["n"] for each in found] == [1, 3, 2, 0]


def test_a_version_without_a_profile_has_an_empty_card():
    card = scorecard({}, timeliness=FRESH)
    assert (card.scores, card.findings, card.about_people) == ((), (), False)


@pytest.mark.parametrize(
    ("days", "every", "words", "why"),
    [
        (0, 31, "100%", "Published 0 days ago, due every 31 days: in time."),
        (31, 31, "100%", "Published 31 days ago, due every 31 days: in time."),
        (62, 31, "50%", "Published 62 days ago, due every 31 days: overdue."),
        (1, 1, "100%", "Published 1 day ago, due every 1 day: in time."),
        (9, None, "Not measured", "Its holder does not say how often it is updated."),
    ],
)
def test_timeliness_is_judged_on_the_day(days, every, words, why):
    score = judge_timeliness(NOW - timedelta(days=days), every_days=every, at=NOW)
    assert (score.words, score.why) == (words, why)
