"""The way of each flow from draft to release, told by the ledger's events alone.

Pure: a chronicle reads events in the order of their numbers, once each, and holds
one journey for each flow that was sent. Nobody reports their own progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from staithe.accountability.days import working_days


class Milestone(StrEnum):
    """What a journey reaches, in this order."""

    DRAFTED = "drafted"
    SENT = "sent"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    CUT = "cut"
    JOINED = "joined"
    ANSWERED = "answered"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of the way that is measured in working days."""

    code: str
    label: str
    start: Milestone
    end: Milestone


STEPS: tuple[Step, ...] = (
    Step("draft", "Draft to sent", Milestone.DRAFTED, Milestone.SENT),
    Step("first-review", "Sent to first review", Milestone.SENT, Milestone.REVIEWED),
    Step("decision", "Sent to decision", Milestone.SENT, Milestone.DECIDED),
    Step("offer", "Decision to offer", Milestone.DECIDED, Milestone.OFFERED),
    Step("accept", "Offer to acceptance", Milestone.OFFERED, Milestone.ACCEPTED),
    Step("cut", "Acceptance to data cut", Milestone.ACCEPTED, Milestone.CUT),
    Step("join", "Data cut to joined", Milestone.CUT, Milestone.JOINED),
    Step("answer", "Joined to first answer", Milestone.JOINED, Milestone.ANSWERED),
    Step("release", "First answer to release", Milestone.ANSWERED, Milestone.RELEASED),
    Step("whole", "Sent to release", Milestone.SENT, Milestone.RELEASED),
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One event as the ledger keeps it; `body` is None once it is erased."""

    at: datetime
    name: str
    organisation: str
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One flow: what was asked of one holder, and how far it has come.

    `days` holds working days by code of STEPS, for the steps that are over. `rung`
    is the step of the escalation ladder; `answering` the ledger id it names.
    """

    flow: str
    request: str
    project: str
    asker: str
    holder: str
    asset: str
    due_at: datetime
    times: Mapping[Milestone, datetime]
    days: Mapping[str, int]
    outcome: str = ""
    reason_code: str = ""
    review_on: date | None = None
    rung: str = "none"
    rungs: tuple[str, ...] = ()
    answering: str = ""
    withdrawn: bool = False

    @property
    def sent_at(self) -> datetime:
        """Return when the holder was asked."""
        return self.times[Milestone.SENT]

    @property
    def decided_at(self) -> datetime | None:
        """Return when the holder answered, or None."""
        return self.times.get(Milestone.DECIDED)

    @property
    def is_waiting(self) -> bool:
        """Say whether the holder still has to answer."""
        return not self.withdrawn and Milestone.DECIDED not in self.times

    def is_overdue(self, at: datetime) -> bool:
        """Say whether the answer is late."""
        return self.is_waiting and at >= self.due_at


@dataclass(slots=True)
class Chronicle:
    """Every journey so far, and what is needed to place the next event."""

    journeys: dict[str, Journey] = field(default_factory=dict)
    unreadable: int = 0  # events whose content was erased
    drafted: dict[str, datetime] = field(default_factory=dict)
    flows_of_request: dict[str, list[str]] = field(default_factory=dict)
    flow_of_agreement: dict[str, str] = field(default_factory=dict)
    flow_of_grant: dict[str, str] = field(default_factory=dict)
    flows_of_query: dict[str, list[str]] = field(default_factory=dict)


def read(chronicle: Chronicle, happenings: Iterable[Happening]) -> Chronicle:
    """Add events to a chronicle, in the order of the ledger; others are passed by."""
    for happening in happenings:
        reader = _READERS.get(happening.name)
        if reader is None:
            continue
        if happening.body is None:
            chronicle.unreadable += 1
        else:
            reader(chronicle, happening, happening.body)
    return chronicle


def _drafted(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    chronicle.drafted[body["request"]] = event.at


def _sent(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    times = {Milestone.SENT: event.at}
    drafted = chronicle.drafted.pop(body["request"], None)
    if drafted is not None:
        times[Milestone.DRAFTED] = drafted
    for each in body["flows"]:
        chronicle.journeys[each["flow"]] = Journey(
            flow=each["flow"],
            request=body["request"],
            project=body["project"],
            asker=event.organisation,
            holder=each["holder"],
            asset=each["asset"],
            due_at=datetime.fromisoformat(body["due_at"]),
            times=times,
            days=_days_ending(Milestone.SENT, times),
        )
    sent = [each["flow"] for each in body["flows"]]
    chronicle.flows_of_request[body["request"]] = sent


def _withdrawn(
    chronicle: Chronicle, _event: Happening, body: Mapping[str, Any]
) -> None:
    chronicle.drafted.pop(body["request"], None)
    for flow in chronicle.flows_of_request.get(body["request"], ()):
        journey = chronicle.journeys[flow]
        if journey.is_waiting:
            chronicle.journeys[flow] = replace(journey, withdrawn=True)


def _reviewed(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    _reach(chronicle, body["flow"], Milestone.REVIEWED, event.at)


def _escalated(
    chronicle: Chronicle, _event: Happening, body: Mapping[str, Any]
) -> None:
    journey = chronicle.journeys.get(body["flow"])
    if journey is None:
        return
    chronicle.journeys[journey.flow] = replace(
        journey,
        rung=body["step"],
        rungs=(*journey.rungs, body["step"]),
        answering=body["person"],
    )


def _decided(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    again = body["review_on"]
    _reach(
        chronicle,
        body["flow"],
        Milestone.DECIDED,
        event.at,
        outcome=body["outcome"],
        reason_code=body["reason_code"],
        review_on=date.fromisoformat(again) if again else None,
    )


def _offered(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    chronicle.flow_of_agreement[body["agreement"]] = body["flow"]
    _reach(chronicle, body["flow"], Milestone.OFFERED, event.at)


def _accepted(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    _reach(chronicle, body["flow"], Milestone.ACCEPTED, event.at)


def _cut(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    flow = chronicle.flow_of_agreement.get(body["agreement"])
    if flow is not None:
        chronicle.flow_of_grant[body["grant"]] = flow
        _reach(chronicle, flow, Milestone.CUT, event.at)


def _joined(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    for flow in _flows_of(chronicle, body["grants"]):
        _reach(chronicle, flow, Milestone.JOINED, event.at)


def _answered(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    if body["state"] != "done":  # a refused question answers nothing
        return
    asked = _flows_of(chronicle, body.get("grants", ()))  # early logs name none
    chronicle.flows_of_query[body["query"]] = asked
    for flow in asked:
        _reach(chronicle, flow, Milestone.ANSWERED, event.at)


def _released(chronicle: Chronicle, event: Happening, body: Mapping[str, Any]) -> None:
    for flow in chronicle.flows_of_query.get(body["query"], ()):
        _reach(chronicle, flow, Milestone.RELEASED, event.at)


def _flows_of(chronicle: Chronicle, grants: Iterable[str]) -> list[str]:
    known = chronicle.flow_of_grant
    return [known[grant] for grant in grants if grant in known]


def _reach(
    chronicle: Chronicle, flow: str, milestone: Milestone, at: datetime, **facts: Any
) -> bool:
    """Mark the first time that a known flow reaches a milestone; say whether it was."""
    journey = chronicle.journeys.get(flow)
    if journey is None or milestone in journey.times:
        return False
    times = {**journey.times, milestone: at}
    days = {**journey.days, **_days_ending(milestone, times)}
    chronicle.journeys[flow] = replace(journey, times=times, days=days, **facts)
    return True


def _days_ending(
    milestone: Milestone, times: Mapping[Milestone, datetime]
) -> dict[str, int]:
    return {
        step.code: working_days(times[step.start], times[milestone])
        for step in STEPS
        if step.end is milestone and step.start in times
    }


_READERS: Mapping[str, Callable[[Chronicle, Happening, Mapping[str, Any]], None]] = (
    MappingProxyType(
        {
            "sharing:request:drafted": _drafted,
            "sharing:request:submitted": _sent,
            "sharing:request:withdrawn": _withdrawn,
            "sharing:review:started": _reviewed,
            "sharing:flow:escalated": _escalated,
            "sharing:decision:recorded": _decided,
            "sharing:agreement:offered": _offered,
            "sharing:agreement:accepted": _accepted,
            "exchange:grant:materialised": _cut,
            "exchange:join:done": _joined,
            "analysis:query:answered": _answered,
            "analysis:output:released": _released,
        }
    )
)
NAMES = frozenset(_READERS)
