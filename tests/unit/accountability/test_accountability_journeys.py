"""Journeys and their numbers, from event lists made by hand and by hypothesis.

The oracle below counts straight from the list of events and shares no code with the
chronicle.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.accountability import days
from staithe.accountability.journey import (
    NAMES,
    STEPS,
    Chronicle,
    Happening,
    Milestone,
    read,
)
from staithe.accountability.progress import choose, measure
from staithe.sharing import ladder


MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def happened(name: str, at: datetime, organisation: str = "", **body: Any) -> Happening:
    return Happening(at=at, name=name, organisation=organisation, body=body)


def sent(
    request: str, *flows: tuple[str, str], at: datetime = MONDAY, asker: str = "office"
) -> Happening:
    """Return the event of sending a request: flows are (reference, holder)."""
    return happened(
        "sharing:request:submitted",
        at,
        asker,
        request=request,
        project=f"project of {request}",
        due_at=(at + 14 * DAY).isoformat(),
        flows=[
            {
                "flow": flow,
                "holder": holder,
                "asset": f"asset of {holder}",
                "route": "r",
                "columns": 2,
            }
            for flow, holder in flows
        ],
    )


def decided(flow: str, outcome: str, at: datetime, **more: Any) -> Happening:
    body = {"reason_code": "", "review_on": None} | more
    return happened("sharing:decision:recorded", at, flow=flow, outcome=outcome, **body)


def journeys_of(*events: Happening):
    return read(Chronicle(), events).journeys


def test_one_flow_told_from_draft_to_release_has_days_for_each_step():
    events = [
        happened("sharing:request:drafted", MONDAY - 3 * DAY, request="R"),  # Friday
        sent("R", ("F", "dws")),
        happened("sharing:review:started", MONDAY + 2 * DAY, flow="F"),
        decided("F", "agree", MONDAY + 7 * DAY),
        happened(
            "sharing:agreement:offered", MONDAY + 8 * DAY, flow="F", agreement="A"
        ),
        happened(
            "sharing:agreement:accepted", MONDAY + 14 * DAY, flow="F", agreement="A"
        ),
        happened(
            "exchange:grant:materialised", MONDAY + 14 * DAY, agreement="A", grant="G"
        ),
        happened(
            "exchange:join:done",
            MONDAY + 15 * DAY,
            project="project of R",
            grants=["G"],
        ),
        happened(
            "analysis:query:answered",
            MONDAY + 16 * DAY,
            query="Q0",
            grants=["G"],
            state="refused",
        ),
        happened(
            "analysis:query:answered",
            MONDAY + 17 * DAY,
            query="Q1",
            grants=["G"],
            state="done",
        ),
        happened("analysis:output:released", MONDAY + 20 * DAY, query="Q0"),
        happened("analysis:output:released", MONDAY + 21 * DAY, query="Q1"),
    ]
    journey = journeys_of(*events)["F"]
    assert dict(journey.days) == {
        "draft": 1,
        "first-review": 2,
        "decision": 5,
        "offer": 1,
        "accept": 4,
        "cut": 0,
        "join": 1,
        "answer": 2,
        "release": 2,
        "whole": 15,
    }
    assert journey.asker == "office"


def test_flow_is_waiting_until_decided_and_overdue_from_its_due_moment():
    journey = journeys_of(sent("R", ("F", "dws")))["F"]
    assert journey.is_waiting
    assert not journey.is_overdue(journey.due_at - timedelta(seconds=1))
    assert journey.is_overdue(journey.due_at)
    answered = journeys_of(
        sent("R", ("F", "dws")), decided("F", "agree", MONDAY + DAY)
    )["F"]
    assert not answered.is_overdue(MONDAY + 99 * DAY)


def test_withdrawing_ends_what_waits_and_leaves_what_was_decided():
    found = journeys_of(
        sent("R", ("F", "dws"), ("G", "rs")),
        decided("F", "agree", MONDAY + DAY),
        happened("sharing:request:withdrawn", MONDAY + 2 * DAY, request="R"),
    )
    counts = measure([*found.values()], at=MONDAY + 30 * DAY).counts
    assert (counts.agreed, counts.withdrawn, counts.waiting) == (1, 1, 0)
    assert counts.overdue == 0


def test_only_the_first_review_counts():
    found = journeys_of(
        sent("R", ("F", "dws")),
        happened("sharing:review:started", MONDAY + DAY, flow="F"),
        happened("sharing:review:started", MONDAY + 4 * DAY, flow="F"),
    )
    assert found["F"].times[Milestone.REVIEWED] == MONDAY + DAY


def test_answer_counts_only_for_the_data_that_was_asked():
    found = journeys_of(
        sent("R", ("F", "dws"), ("G", "rs")),
        happened("sharing:agreement:offered", MONDAY, flow="F", agreement="A"),
        happened("sharing:agreement:offered", MONDAY, flow="G", agreement="B"),
        happened("exchange:grant:materialised", MONDAY, agreement="A", grant="X"),
        happened("exchange:grant:materialised", MONDAY, agreement="B", grant="Y"),
        happened("exchange:join:done", MONDAY, grants=["X", "Y"]),
        happened(
            "analysis:query:answered", MONDAY, query="Q", grants=["X"], state="done"
        ),
        happened("analysis:output:released", MONDAY, query="Q"),
    )
    assert Milestone.RELEASED in found["F"].times
    assert Milestone.JOINED in found["G"].times
    assert Milestone.ANSWERED not in found["G"].times


def test_erased_events_are_counted_and_the_rest_still_read():
    chronicle = read(
        Chronicle(),
        [
            Happening(MONDAY, "sharing:request:submitted", "office", None),
            decided("F", "agree", MONDAY),  # its request is gone
            sent("S", ("G", "rs")),
        ],
    )
    assert chronicle.unreadable == 1
    assert list(chronicle.journeys) == ["G"]


def test_events_of_other_names_are_passed_by():
    event = happened("people:person:created", MONDAY, person="P")
    assert read(Chronicle(), [event]) == Chronicle()


def test_every_name_that_is_read_is_an_action_of_the_service():
    from django.utils.module_loading import autodiscover_modules

    from staithe.ledger.actions import ACTIONS

    autodiscover_modules("actions")
    assert set(ACTIONS) >= NAMES


def test_every_milestone_but_the_first_ends_a_step():
    assert {step.end for step in STEPS} == set(Milestone) - {Milestone.DRAFTED}


def test_refusals_are_counted_by_reason_in_words_most_frequent_first():
    refused = [
        decided(f, "refuse", MONDAY + DAY, reason_code=code, review_on="2026-03-01")
        for f, code in [("A", "ethics"), ("B", "not-held"), ("C", "not-held")]
    ]
    found = journeys_of(sent("R", ("A", "x"), ("B", "x"), ("C", "y")), *refused)
    reasons = measure([*found.values()], at=MONDAY).reasons
    assert [(r.label, r.count) for r in reasons] == [
        ("The holder does not have the data", 2),
        ("It would be lawful but not right", 1),
    ]


@pytest.mark.parametrize(
    ("today", "passed"), [(date(2026, 3, 1), 0), (date(2026, 3, 2), 1)]
)
def test_review_date_has_passed_only_after_the_day(today, passed):
    found = journeys_of(
        sent("R", ("F", "dws")),
        decided("F", "refuse", MONDAY, reason_code="ethics", review_on="2026-03-01"),
    )
    at = datetime(today.year, today.month, today.day, 23, 0, tzinfo=UTC)
    assert len(measure([*found.values()], at=at).reviews) == passed


def test_refusal_that_was_asked_again_says_so_even_outside_the_period():
    found = journeys_of(
        sent("R", ("F", "dws")),
        decided(
            "F", "refuse", MONDAY + DAY, reason_code="ethics", review_on="2026-03-01"
        ),
        sent("S", ("G", "dws"), at=MONDAY + 90 * DAY),
        sent("T", ("H", "dws"), at=MONDAY + 91 * DAY, asker="another office"),
    )
    january = choose(found.values(), until=date(2026, 1, 31))
    at = MONDAY + 100 * DAY
    (review,) = measure(january, at=at, among=found.values()).reviews
    assert review.asked_again
    (alone,) = measure(january, at=at).reviews
    assert not alone.asked_again


def test_months_without_an_answer_between_two_are_shown_as_zero():
    found = journeys_of(
        sent("R", ("F", "dws"), ("G", "rs")),
        decided("F", "agree", datetime(2026, 11, 30, tzinfo=UTC)),
        decided("G", "agree-in-part", datetime(2027, 2, 1, tzinfo=UTC)),
    )
    months = measure([*found.values()], at=MONDAY).months
    assert [(m.month, m.agreed, m.agreed_in_part) for m in months] == [
        (date(2026, 11, 1), 1, 0),
        (date(2026, 12, 1), 0, 0),
        (date(2027, 1, 1), 0, 0),
        (date(2027, 2, 1), 0, 1),
    ]


def test_overdue_names_the_rung_and_who_was_told_latest_first():
    found = journeys_of(
        sent("R", ("F", "dws")),
        sent("S", ("G", "rs"), at=MONDAY - 7 * DAY),
        happened(
            "sharing:flow:escalated",
            MONDAY + 14 * DAY,
            flow="G",
            step="facilitate",
            person="person:P-1",
        ),
    )
    overdue = measure([*found.values()], at=MONDAY + 15 * DAY).overdue
    assert [(o.flow, o.days_late, o.rung, o.answering) for o in overdue] == [
        ("G", 6, "facilitate", "person:P-1"),
        ("F", 1, "none", ""),
    ]


def test_nothing_sent_means_no_numbers_and_no_division_by_zero():
    progress = measure([], at=MONDAY)
    assert progress.decision.median is None
    assert progress.counts.share(0) is None
    assert progress.months == progress.reasons == progress.holders == ()


moments = st.timedeltas(timedelta(0), timedelta(days=400)).map(MONDAY.__add__)


@given(moments, moments)
def test_working_days_are_those_of_the_ladder_that_decides(start, end):
    assert days.working_days(start, end) == ladder.working_days(start, end)


# --- any order of interleaved requests -------------------------------------------

HOLDERS = ("dws", "nhb", "rs")


@st.composite
def stories(draw) -> list[list[tuple[timedelta, Happening]]]:
    """Return the events of some requests, each in its own order, with gaps before."""
    return [draw(story(f"R{n}")) for n in range(draw(st.integers(0, 6)))]


@st.composite
def story(draw, request: str) -> list[tuple[timedelta, Happening]]:
    """Return one request: sent to one to three holders, each as far as it comes."""
    holders = draw(st.lists(st.sampled_from(HOLDERS), min_size=1, max_size=3))
    flows = [(f"{request}-{n}", holder) for n, holder in enumerate(holders)]
    events = [
        happened("sharing:request:drafted", MONDAY, request=request),
        sent(request, *flows),
    ]
    for flow, _ in flows:
        events += draw(answers(flow))
    events += draw(uses(request, events))
    if draw(st.booleans()):
        events.append(happened("sharing:request:withdrawn", MONDAY, request=request))
    gap = st.timedeltas(timedelta(0), timedelta(days=12))
    return [(draw(gap), event) for event in events]


@st.composite
def answers(draw, flow: str) -> list[Happening]:
    """Return what one holder does: looks, is silent, answers, offers terms."""
    events = []
    if draw(st.booleans()):
        events.append(happened("sharing:review:started", MONDAY, flow=flow))
    events += [
        happened("sharing:flow:escalated", MONDAY, flow=flow, step=rung, person="p")
        for rung in ("facilitate", "encourage")[: draw(st.integers(0, 2))]
    ]
    outcome = draw(st.sampled_from(["", "agree", "agree-in-part", "refuse"]))
    if outcome == "refuse":
        code = draw(st.sampled_from(["ethics", "not-held"]))
        more = {"reason_code": code, "review_on": "2026-02-01"}
        return [*events, decided(flow, outcome, MONDAY, **more)]
    if not outcome:
        return events
    events.append(decided(flow, outcome, MONDAY))
    if draw(st.booleans()):
        names = {"flow": flow, "agreement": f"A{flow}"}
        made = {"agreement": f"A{flow}", "grant": f"G{flow}"}
        events += [
            happened("sharing:agreement:offered", MONDAY, **names),
            happened("sharing:agreement:accepted", MONDAY, **names),
            happened("exchange:grant:materialised", MONDAY, **made),
        ]
    return events


@st.composite
def uses(draw, request: str, before: list[Happening]) -> list[Happening]:
    """Return what a project does with what it was granted, and maybe with nothing."""
    bodies = [event.body or {} for event in before]
    grants = [body["grant"] for body in bodies if "grant" in body]
    some = st.lists(st.sampled_from(grants), unique=True) if grants else st.just([])
    events = [
        happened("exchange:join:done", MONDAY, grants=draw(some))
        for _ in range(draw(st.integers(0, 2)))
    ]
    for number, state in enumerate(
        draw(st.lists(st.sampled_from(["done", "refused"]), max_size=3))
    ):
        query = f"Q{request}-{number}"
        facts = {"query": query, "state": state, "grants": draw(some)}
        events.append(happened("analysis:query:answered", MONDAY, **facts))
        if draw(st.booleans()):
            events.append(happened("analysis:output:released", MONDAY, query=query))
    return events


def interleave(told: list[list[tuple[timedelta, Happening]]], turns: list[int]):
    """Return one log: requests take turns; each event is later than the one before."""
    left = [list(each) for each in told if each]
    at, log = MONDAY, []
    while left:
        which = (turns.pop() if turns else 0) % len(left)
        gap, event = left[which].pop(0)
        at += gap
        body = dict(event.body or {})
        if "due_at" in body:
            body["due_at"] = (at + 14 * DAY).isoformat()
        log.append(Happening(at, event.name, event.organisation, body))
        left = [each for each in left if each]
    return log


def weekdays(start: datetime, end: datetime) -> int:
    """Count whole days after `start` up to `end` that fall on a weekday (the oracle)."""
    whole = max(0, (end - start) // DAY)
    return sum((start + n * DAY).weekday() < 5 for n in range(1, whole + 1))


def first(log: list[Happening], name: str, **wanted: Any) -> int:
    """Return the place of the first matching event, or -1."""
    for place, event in enumerate(log):
        body = event.body or {}
        if event.name == name and all(
            value in body[key] if key == "grants" else body[key] == value
            for key, value in wanted.items()
        ):
            return place
    return -1


def brute_places(log: list[Happening], flow: str, request: str) -> dict[str, int]:
    """Return where in the log each milestone of a flow lies, by searching for it."""
    made, grant = {"agreement": f"A{flow}"}, f"G{flow}"
    places = {
        "drafted": first(log, "sharing:request:drafted", request=request),
        "sent": first(log, "sharing:request:submitted", request=request),
        "reviewed": first(log, "sharing:review:started", flow=flow),
        "decided": first(log, "sharing:decision:recorded", flow=flow),
        "offered": first(log, "sharing:agreement:offered", flow=flow),
        "accepted": first(log, "sharing:agreement:accepted", flow=flow),
        "cut": first(log, "exchange:grant:materialised", **made),
        "joined": first(log, "exchange:join:done", grants=grant),
        "answered": first(log, "analysis:query:answered", grants=grant, state="done"),
    }
    queries = {
        (event.body or {})["query"]
        for event in log
        if event.name == "analysis:query:answered"
        and (event.body or {})["state"] == "done"
        and grant in (event.body or {})["grants"]
    }
    released = [first(log, "analysis:output:released", query=q) for q in queries]
    return places | {"released": min([n for n in released if n >= 0], default=-1)}


@settings(deadline=None)
@given(stories(), st.lists(st.integers(0, 5), max_size=120), st.integers(0, 200))
def test_any_interleaving_of_requests_gives_the_numbers_of_a_plain_search(
    told, turns, split
):
    log = interleave(told, turns)
    chronicle = read(Chronicle(), log[:split])
    read(chronicle, log[split:])  # in two sittings, as the service does
    at = (log[-1].at if log else MONDAY) + timedelta(days=3)
    journeys = [*chronicle.journeys.values()]
    progress = measure(journeys, at=at)

    taken: dict[str, list[int]] = {step.code: [] for step in STEPS}
    outcomes: Counter[str] = Counter()
    waiting = overdue = 0
    for sending in (e for e in log if e.name == "sharing:request:submitted"):
        body = sending.body or {}
        gone = first(log, "sharing:request:withdrawn", request=body["request"]) >= 0
        for each in body["flows"]:
            places = brute_places(log, each["flow"], body["request"])
            for step in STEPS:
                start, end = places[step.start], places[step.end]
                if start >= 0 and end >= 0:
                    taken[step.code].append(weekdays(log[start].at, log[end].at))
            if places["decided"] >= 0:
                outcomes[(log[places["decided"]].body or {})["outcome"]] += 1
            elif not gone:
                waiting += 1
                overdue += at >= sending.at + 14 * DAY

    assert {s.code: (s.count, s.median, s.longest) for s in progress.steps} == {
        code: (len(each), median(each) if each else None, max(each, default=None))
        for code, each in taken.items()
    }
    counts = progress.counts
    assert counts.agreed == outcomes["agree"]
    assert counts.agreed_in_part == outcomes["agree-in-part"]
    assert counts.refused == outcomes["refuse"]
    assert (counts.waiting, counts.overdue) == (waiting, overdue)
    assert len(progress.overdue) == overdue
    rungs = Counter(
        (e.body or {})["step"] for e in log if e.name == "sharing:flow:escalated"
    )
    assert progress.rungs == rungs


@settings(deadline=None)
@given(stories(), st.lists(st.integers(0, 5), max_size=120))
def test_the_parts_by_body_add_up_to_the_whole(told, turns):
    chronicle = read(Chronicle(), interleave(told, turns))
    journeys = [*chronicle.journeys.values()]
    progress = measure(journeys, at=MONDAY + 60 * DAY)
    for name in ("asked", "agreed", "refused", "waiting", "overdue", "escalated"):
        parts = [getattr(each.counts, name) for each in progress.holders]
        assert sum(parts) == getattr(progress.counts, name)
    assert sum(m.refused for m in progress.months) == progress.counts.refused
    assert sum(r.count for r in progress.reasons) == progress.counts.refused
    for each in progress.holders:
        own = choose(journeys, holder=each.holder)
        assert measure(own, at=MONDAY + 60 * DAY).counts == each.counts
