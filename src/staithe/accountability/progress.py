"""How data sharing goes, in numbers: days, answers, refusals, what is late now.

Pure: from journeys, which come from the ledger's events, to the figures that the
progress page, the API and the pages of bodies show. Days are working days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from staithe.accountability.days import working_days
from staithe.accountability.journey import STEPS, Journey, Milestone
from staithe.sharing.reasons import REFUSAL_REASONS


@dataclass(frozen=True, slots=True)
class StepDays:
    """How long one step took over the journeys that have finished it."""

    code: str
    label: str
    count: int
    median: float | None
    longest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the flows that were sent to holders."""

    asked: int
    agreed: int
    agreed_in_part: int
    refused: int
    withdrawn: int
    waiting: int
    in_review: int
    overdue: int
    escalated: int
    in_time: int
    longest_wait: int | None

    @property
    def decided(self) -> int:
        """Return how many were answered."""
        return self.agreed + self.agreed_in_part + self.refused

    def share(self, part: int) -> float | None:
        """Return a part of those answered, 0 to 1; None before the first answer."""
        return part / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class HolderProgress:
    """The numbers of one body that is asked for data."""

    holder: str
    counts: Counts
    steps: tuple[StepDays, ...]

    @property
    def decision(self) -> StepDays:
        """Return how long it takes this body to decide."""
        return next(step for step in self.steps if step.code == "decision")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often one coded reason for refusing was given."""

    code: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class MonthCount:
    """The answers of one month; `month` is its first day."""

    month: date
    agreed: int
    agreed_in_part: int
    refused: int


@dataclass(frozen=True, slots=True)
class Overdue:
    """A flow that should have been answered by now."""

    flow: str
    request: str
    holder: str
    asker: str
    due_at: datetime
    days_late: int
    rung: str
    answering: str


@dataclass(frozen=True, slots=True)
class ReviewPassed:
    """A refusal whose date to look again has passed."""

    flow: str
    holder: str
    asker: str
    reason: str
    review_on: date
    days_since: int
    asked_again: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Everything that the progress page shows, as it was at one moment."""

    at: datetime
    requests: int
    counts: Counts
    steps: tuple[StepDays, ...]
    holders: tuple[HolderProgress, ...]
    reasons: tuple[ReasonCount, ...]
    months: tuple[MonthCount, ...]
    overdue: tuple[Overdue, ...]
    reviews: tuple[ReviewPassed, ...]
    rungs: dict[str, int]

    @property
    def escalations(self) -> int:
        """Return how many steps of the ladder were taken in all."""
        return sum(self.rungs.values())

    @property
    def decision(self) -> StepDays:
        """Return how long decisions take."""
        return next(step for step in self.steps if step.code == "decision")


def choose(
    journeys: Iterable[Journey],
    *,
    holder: str = "",
    asset: str = "",
    since: date | None = None,
    until: date | None = None,
) -> list[Journey]:
    """Return the journeys of a holder or asset, sent from `since` to `until` (UTC)."""
    return [
        each
        for each in journeys
        if holder in {"", each.holder}
        and asset in {"", each.asset}
        and (since is None or each.sent_at.date() >= since)
        and (until is None or each.sent_at.date() <= until)
    ]


def measure(
    chosen: Sequence[Journey], *, at: datetime, among: Iterable[Journey] = ()
) -> Progress:
    """Return the progress of the chosen journeys at a moment.

    `among` is every journey there is: whether a refused request was made again may
    lie outside what was chosen.
    """
    return Progress(
        at=at,
        requests=len({each.request for each in chosen}),
        counts=count(chosen, at=at),
        steps=time_steps(chosen),
        holders=_by_holder(chosen, at=at),
        reasons=_by_reason(chosen),
        months=_by_month(chosen),
        overdue=_overdue(chosen, at=at),
        reviews=_reviews_passed(chosen, at=at, among=[*among] or chosen),
        rungs=dict(Counter(rung for each in chosen for rung in each.rungs)),
    )


def count(journeys: Sequence[Journey], *, at: datetime) -> Counts:
    """Return what became of some flows, as it was at a moment."""
    outcomes = Counter(each.outcome for each in journeys)
    waiting = [each for each in journeys if each.is_waiting]
    return Counts(
        asked=len(journeys),
        agreed=outcomes["agree"],
        agreed_in_part=outcomes["agree-in-part"],
        refused=outcomes["refuse"],
        withdrawn=sum(each.withdrawn for each in journeys),
        waiting=len(waiting),
        in_review=sum(Milestone.REVIEWED in each.times for each in waiting),
        overdue=sum(each.is_overdue(at) for each in waiting),
        escalated=sum(bool(each.rungs) for each in journeys),
        in_time=sum(
            each.decided_at is not None and each.decided_at <= each.due_at
            for each in journeys
        ),
        longest_wait=working_days(min(each.sent_at for each in waiting), at)
        if waiting
        else None,
    )


def time_steps(journeys: Sequence[Journey]) -> tuple[StepDays, ...]:
    """Return the median and longest of each step, in working days."""
    taken: dict[str, list[int]] = {step.code: [] for step in STEPS}
    for each in journeys:
        for code, days in each.days.items():
            taken[code].append(days)
    return tuple(
        StepDays(
            code=step.code,
            label=step.label,
            count=len(taken[step.code]),
            median=_median(taken[step.code]),
            longest=max(taken[step.code], default=None),
        )
        for step in STEPS
    )


def _median(days: Sequence[int]) -> float | None:
    """Return the middle value, as a whole number where it is one; None of nothing."""
    if not days:
        return None
    middle = median(days)
    return int(middle) if middle == int(middle) else middle


def _by_holder(
    journeys: Sequence[Journey], *, at: datetime
) -> tuple[HolderProgress, ...]:
    held: dict[str, list[Journey]] = {}
    for each in journeys:
        held.setdefault(each.holder, []).append(each)
    return tuple(
        HolderProgress(holder, count(own, at=at), time_steps(own))
        for holder, own in sorted(held.items())
    )


def _by_reason(journeys: Sequence[Journey]) -> tuple[ReasonCount, ...]:
    """Count refusals by code, most frequent first."""
    codes = Counter(each.reason_code for each in journeys if each.reason_code)
    ranked = sorted(codes.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ReasonCount(code, _reason(code), number) for code, number in ranked)


def _reason(code: str) -> str:
    known = REFUSAL_REASONS.get(code)
    return known.label if known else code


def _by_month(journeys: Sequence[Journey]) -> tuple[MonthCount, ...]:
    """Count answers from the first month with one to the last, gaps included."""
    found = Counter(
        (each.decided_at.date().replace(day=1), each.outcome)
        for each in journeys
        if each.decided_at is not None
    )
    return tuple(
        MonthCount(
            month,
            found[month, "agree"],
            found[month, "agree-in-part"],
            found[month, "refuse"],
        )
        for month in _months({month for month, _ in found})
    )


def _months(days: set[date]) -> list[date]:
    """Return the first day of every month from the earliest to the latest."""
    months: list[date] = []
    first, last = min(days, default=date.max), max(days, default=date.min)
    while first <= last:
        months.append(first)
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return months


def _overdue(journeys: Sequence[Journey], *, at: datetime) -> tuple[Overdue, ...]:
    """Return what is late, the latest first."""
    late = [
        Overdue(
            flow=each.flow,
            request=each.request,
            holder=each.holder,
            asker=each.asker,
            due_at=each.due_at,
            days_late=working_days(each.due_at, at),
            rung=each.rung,
            answering=each.answering,
        )
        for each in journeys
        if each.is_overdue(at)
    ]
    return tuple(sorted(late, key=lambda each: (each.due_at, each.flow)))


def _reviews_passed(
    journeys: Sequence[Journey], *, at: datetime, among: Iterable[Journey]
) -> tuple[ReviewPassed, ...]:
    """Return the refusals that should have been looked at again, oldest date first."""
    newest: dict[tuple[str, str], datetime] = {}
    for each in among:
        key = (each.asker, each.asset)
        newest[key] = max(newest.get(key, each.sent_at), each.sent_at)
    passed = [
        ReviewPassed(
            flow=each.flow,
            holder=each.holder,
            asker=each.asker,
            reason=_reason(each.reason_code),
            review_on=each.review_on,
            days_since=(at.date() - each.review_on).days,
            asked_again=newest[each.asker, each.asset] > each.decided_at,
        )
        for each in journeys
        if each.review_on and each.decided_at and each.review_on < at.date()
    ]
    return tuple(sorted(passed, key=lambda each: (each.review_on, each.flow)))
