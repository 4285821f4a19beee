"""The clock of a decision counts working days and takes its steps in order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from staithe.base.clock import add_working_days
from staithe.sharing.ladder import (
    DECISION_DAYS,
    STEP_AFTER,
    due_at,
    find_next_step,
    step_at,
    working_days,
)
from staithe.sharing.models import Flow
from staithe.sharing.states import STEP


MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
TIMES = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    timezones=st.just(UTC),
)


def test_a_decision_is_due_two_weeks_of_working_days_after_it_was_asked():
    assert due_at(MONDAY) == datetime(2026, 1, 19, 9, tzinfo=UTC)


def test_the_ladder_has_a_time_for_each_of_its_steps():
    assert {"none", *STEP_AFTER} == set(STEP.table) == set(Flow.Step.values)


def test_steps_come_at_due_five_and_ten_working_days_later():
    due = due_at(MONDAY)
    assert [step_at(step, due=due) - due for step in STEP_AFTER] == [
        timedelta(0),
        timedelta(days=7),
        timedelta(days=14),
    ]


def test_no_step_is_taken_a_moment_early_and_none_is_skipped():
    due = due_at(MONDAY)
    moment = timedelta(microseconds=1)
    assert find_next_step("none", due=due, at=due - moment) is None
    assert find_next_step("none", due=due, at=due) == "facilitate"
    late = due + timedelta(days=365)
    assert find_next_step("none", due=due, at=late) == "facilitate"
    assert find_next_step("facilitate", due=due, at=late) == "encourage"
    assert find_next_step("encourage", due=due, at=late) == "enforce"
    assert find_next_step("enforce", due=due, at=late) is None


@given(start=TIMES, days=st.integers(0, 300))
def test_counting_working_days_undoes_adding_them(start, days):
    assert working_days(start, add_working_days(start, days)) == days


@given(start=TIMES, seconds=st.integers(0, 10**8))
def test_working_days_agree_with_a_count_of_each_day(start, seconds):
    end = start + timedelta(seconds=seconds)
    whole = (end - start).days
    weekdays = sum(
        (start + timedelta(days=n)).weekday() < 5 for n in range(1, whole + 1)
    )
    assert working_days(start, end) == weekdays


@given(start=TIMES)
def test_a_decision_made_when_due_took_ten_working_days(start):
    assert working_days(start, due_at(start)) == DECISION_DAYS
