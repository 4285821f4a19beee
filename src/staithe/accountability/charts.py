"""The charts of the progress page, each with a headline that says what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.ui.charts import Chart, series_of
from staithe.ui.wording import MONTHS, number, plural


if TYPE_CHECKING:
    from datetime import date

    from staithe.accountability.progress import Progress, StepDays

MOST_MONTHS = 24  # what a line can show and a reader can tell apart
MOST_BARS = 12


def days_chart(progress: Progress, *, scope: str, csv_url: str) -> Chart:
    """Draw the median working days of each step that anything has finished."""
    known = [step for step in progress.steps if step.count]
    return Chart(
        kind="bar",
        title=_days_headline(progress.decision),
        subtitle=f"Median working days for each step, {scope}",
        summary=_days_summary(progress),
        category="Step",
        categories=tuple(step.label for step in known),
        series=series_of({"Median working days": [step.median for step in known]}),
        csv_url=csv_url,
    )


def reasons_chart(progress: Progress, *, scope: str, csv_url: str) -> Chart:
    """Draw how often each reason for refusing was given."""
    most = progress.reasons[0]
    total = sum(reason.count for reason in progress.reasons)
    return Chart(
        kind="bar",
        title=f"The most frequent reason: {most.label[:1].lower()}{most.label[1:]}",
        subtitle=f"Refusals by coded reason, {scope}",
        summary=f"{plural(most.count, 'refusal')} of {number(total)} "
        f"{'gives' if most.count == 1 else 'give'} this reason.",
        category="Reason",
        categories=tuple(_short(reason.code) for reason in progress.reasons),
        series=series_of({"Refusals": [r.count for r in progress.reasons]}),
        csv_url=csv_url,
    )


def months_chart(progress: Progress, *, scope: str, csv_url: str) -> Chart:
    """Draw the answers of each month, the newest two years."""
    months = progress.months[-MOST_MONTHS:]
    counts = progress.counts
    said_yes = counts.agreed + counts.agreed_in_part
    return Chart(
        kind="stacked" if len(months) <= MOST_BARS else "line",
        title=f"{number(said_yes)} of {plural(counts.decided, 'answer')} "
        f"{'was' if said_yes == 1 else 'were'} yes, in full or in part",
        subtitle=f"Answers of holders by month, {scope}",
        summary=f"{number(counts.agreed)} agreed in full, "
        f"{number(counts.agreed_in_part)} in part, {number(counts.refused)} refused.",
        category="Month",
        categories=tuple(_month(each.month) for each in months),
        series=series_of(
            {
                "Agreed": [each.agreed for each in months],
                "Agreed in part": [each.agreed_in_part for each in months],
                "Refused": [each.refused for each in months],
            }
        ),
        csv_url=csv_url,
    )


def days_words(days: float | None) -> str:
    """Write a number of working days: `less than 1 working day`, `2.5 working days`."""
    if days is None:
        return "not known yet"
    if days < 1:
        return "less than 1 working day"
    if days == 1:
        return "1 working day"
    return f"{number(days)} working days"


def _days_headline(decision: StepDays) -> str:
    if decision.median is None:
        return "No holder has decided yet"
    return f"Half of decisions take {days_words(decision.median)} or fewer".replace(
        "day or fewer", "day"
    )


def _days_summary(progress: Progress) -> str:
    known = [step for step in progress.steps if step.median is not None]
    parts = [step for step in known if step.code not in {"whole", "decision"}]
    if not parts:
        return "Nothing has been sent yet."
    slowest = max(parts, key=lambda step: step.median or 0)
    whole = next(step for step in progress.steps if step.code == "whole")
    sentence = (
        f"Apart from deciding, the slowest step is “{slowest.label}”: "
        f"{days_words(slowest.median)}."
    )
    if whole.median is None:
        return f"{sentence} Nothing has been released yet."
    return f"{sentence} From sending to release it takes {days_words(whole.median)}."


def _short(code: str) -> str:
    """Return a reason's code as words that fit beside a bar."""
    return code.replace("-", " ").capitalize()


def _month(day: date) -> str:
    return f"{MONTHS[day.month - 1][:3]} {day.year}"
