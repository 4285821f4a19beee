"""The tables of the progress page: the same rows on the page, as CSV and in the API.

Pure. A missing number is None: an empty cell in CSV, “not given” on the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from staithe.accountability.journey import STEPS
from staithe.base.errors import NotFound


if TYPE_CHECKING:
    from staithe.accountability.progress import Progress

Names = Callable[[str], str]
Cell = object

RUNGS: Mapping[str, str] = MappingProxyType(
    {
        "none": "Not escalated",
        "facilitate": "Facilitate",
        "encourage": "Encourage",
        "enforce": "Enforce",
    }
)


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, the columns and the rows under them; the first column is words."""

    code: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def table_of(code: str, progress: Progress, *, name: Names) -> Table:
    """Return a table by its code, with bodies named by `name`; NotFound."""
    if code not in _TABLES:
        raise NotFound(f"There is no such table. Ask for one of {', '.join(_TABLES)}.")
    caption, header, rows = _TABLES[code]
    return Table(code, caption, header, rows(progress, name))


def all_tables(progress: Progress, *, name: Names) -> dict[str, Table]:
    """Return every table by its code."""
    return {code: table_of(code, progress, name=name) for code in _TABLES}


def who_answers(rung: str, body: str) -> str:
    """Say who has to answer at a step of the ladder, without naming a person."""
    if rung == "enforce":
        return f"The person who answers for {body}"
    return f"The people who decide for {body}"


def _steps(progress: Progress, _name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (step.label, step.count, step.median, step.longest) for step in progress.steps
    )


def _holders(progress: Progress, name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            name(each.holder),
            each.counts.asked,
            each.counts.agreed,
            each.counts.agreed_in_part,
            each.counts.refused,
            each.counts.withdrawn,
            each.counts.waiting,
            each.counts.in_review,
            each.counts.overdue,
            each.counts.escalated,
            each.decision.median,
            each.decision.longest,
        )
        for each in progress.holders
    )


def _holder_steps(progress: Progress, name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (name(each.holder), *(step.median for step in each.steps))
        for each in progress.holders
    )


def _reasons(progress: Progress, _name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple((each.label, each.code, each.count) for each in progress.reasons)


def _months(progress: Progress, _name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (f"{each.month:%Y-%m}", each.agreed, each.agreed_in_part, each.refused)
        for each in progress.months
    )


def _overdue(progress: Progress, name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            each.flow,
            name(each.holder),
            name(each.asker),
            each.due_at.date(),
            each.days_late,
            RUNGS.get(each.rung, each.rung),
            who_answers(each.rung, name(each.holder)),
        )
        for each in progress.overdue
    )


def _reviews(progress: Progress, name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            each.flow,
            name(each.holder),
            name(each.asker),
            each.reason,
            each.review_on,
            each.days_since,
            each.asked_again,
        )
        for each in progress.reviews
    )


def _escalations(progress: Progress, _name: Names) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (RUNGS[rung], progress.rungs.get(rung, 0)) for rung in RUNGS if rung != "none"
    )


_Rows = Callable[["Progress", Names], tuple[tuple[Cell, ...], ...]]

_TABLES: Mapping[str, tuple[str, tuple[str, ...], _Rows]] = MappingProxyType(
    {
        "steps": (
            "Working days for each step",
            ("Step", "Finished", "Median days", "Longest days"),
            _steps,
        ),
        "holders": (
            "Answers by body",
            (
                "Body",
                "Asked",
                "Agreed",
                "Agreed in part",
                "Refused",
                "Withdrawn",
                "Waiting",
                "In review",
                "Overdue",
                "Escalated",
                "Median days",
                "Longest days",
            ),
            _holders,
        ),
        "holder-steps": (
            "Median working days for each step, by body",
            ("Body", *(step.label for step in STEPS)),
            _holder_steps,
        ),
        "reasons": (
            "Reasons for refusing",
            ("Reason", "Code", "Refusals"),
            _reasons,
        ),
        "months": (
            "Answers by month",
            ("Month", "Agreed", "Agreed in part", "Refused"),
            _months,
        ),
        "overdue": (
            "What is overdue now",
            (
                "Flow",
                "Holder",
                "Asked by",
                "Due",
                "Working days late",
                "Step of the ladder",
                "Who answers",
            ),
            _overdue,
        ),
        "reviews": (
            "Refusals whose review date has passed",
            (
                "Flow",
                "Holder",
                "Asked by",
                "Reason",
                "Review date",
                "Days since",
                "Asked again",
            ),
            _reviews,
        ),
        "escalations": (
            "Steps of the ladder taken",
            ("Step", "Times"),
            _escalations,
        ),
    }
)
CODES = tuple(_TABLES)
