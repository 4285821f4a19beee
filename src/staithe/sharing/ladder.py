"""The clock of a decision: when it is due, and what silence leads to.

Ten working days to decide (the target for shares that follow a precedent), then
three steps, each at a stated day: facilitate, encourage, enforce.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from staithe.base.clock import add_working_days
from staithe.sharing.states import STEP


if TYPE_CHECKING:
    from collections.abc import Mapping


DECISION_DAYS = 10

# Working days after the decision was due.
STEP_AFTER: Mapping[str, int] = MappingProxyType(
    {"facilitate": 0, "encourage": 5, "enforce": 10}
)


def due_at(submitted_at: datetime) -> datetime:
    """Return when a decision on a request sent at this time is due."""
    return add_working_days(submitted_at, DECISION_DAYS)


def step_at(step: str, *, due: datetime) -> datetime:
    """Return when a step of the ladder is taken if nobody has decided."""
    return add_working_days(due, STEP_AFTER[step])


def find_next_step(step: str, *, due: datetime, at: datetime) -> str | None:
    """Return the step to take now, or None where the next is not yet due."""
    following = STEP.table[step].get("escalate")
    if following is None or at < step_at(following, due=due):
        return None
    return following


def working_days(start: datetime, end: datetime) -> int:
    """Count the whole working days (Monday to Friday) from `start` to `end`."""
    days = 0
    moved = start + timedelta(days=1)
    while moved <= end:
        days += moved.weekday() < 5  # noqa: PLR2004  Monday to Friday
        moved += timedelta(days=1)
    return days
