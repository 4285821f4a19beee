"""Facts in, advice out: pure, deterministic, three-valued.

Every gateway is tried in every direction; restrictions that travel with the data are
applied; what is unknown is asked. The law itself is in data files: this module only
puts the answers of rows together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.law.advice import Advice, Question
from staithe.law.assemble import assemble
from staithe.law.case import read_cases
from staithe.law.citations import sections_named
from staithe.law.gathering import holds
from staithe.law.library import load_library
from staithe.law.trial import (
    YES_NO,
    Trial,
    fact_question,
    items_question,
    try_gateway,
)
from staithe.law.values import FactsApart


if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from staithe.law.case import Case
    from staithe.law.gateway import Gateway
    from staithe.law.library import Library
    from staithe.law.rows import Claim, Restriction

MOST_ROUTES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """Everything found out about some facts, before it is put into words."""

    library: Library
    case: Case
    flows: tuple[Case, ...]
    # The flows again, and once more for the items of each origin.
    views: tuple[Case, ...]
    trials: tuple[tuple[Trial, ...], ...]
    best: dict[str, Trial]
    candidates: tuple[str, ...]
    asked: str
    claims: tuple[Claim, ...]
    restrictions: tuple[Restriction, ...]
    barring: tuple[Restriction, ...]
    questions: tuple[Question, ...]
    verdict: str
    chosen: tuple[str, ...]


def advise(
    facts: object, *, on: date | None = None, library: Library | None = None
) -> Advice:
    """Say what the library makes of some facts on a day.

    `facts` is a mapping of the vocabulary, or a case with `facts` in it. Without a
    day, theirs is used, or else the day the library was last checked, so that the
    same facts always have the same answer. BadInput names the field at fault.
    """
    the_library = library or load_library()
    return assemble(_weigh(read_facts(facts, on=on, library=the_library), the_library))


def read_facts(
    facts: object, *, on: date | None = None, library: Library | None = None
) -> list[Case]:
    """Read facts into cases; BadInput names a field at fault, or two that disagree."""
    the_library = library or load_library()
    cases = read_cases(
        facts,
        words=the_library.words,
        on=on,
        begins=the_library.begins,
        checked_on=the_library.checked_on,
    )
    for row in the_library.contradictions:
        if any(row.when(case) for case in cases):
            raise FactsApart(
                f"{row.field}: {row.text}", field=row.field, plain=row.plain
            )
    return cases


def _weigh(cases: Sequence[Case], library: Library) -> Weighing:
    case = cases[0]
    flows = tuple(each for one in cases for each in _directions(one))
    views = tuple(view for flow in flows for view in flow.views())
    trials = tuple(
        tuple(try_gateway(g, flow, library) for g in library.routes_on(case.on))
        for flow in flows
    )
    best = _best(trials)
    claims = _claims(case, library)
    restrictions = tuple(
        row
        for row in library.restrictions
        if row.in_force(case.on) and holds(row.when, views)
    )
    barring, open_ = _bars(restrictions, views)
    candidates = _candidates(best)
    asked = _asked(case, claims, library)
    basics = [
        fact_question(path, library, ("every route",))
        for path in library.words.basics
        if any(flow.values.get(path) is None for flow in flows)
    ]
    questions = (*basics, *open_, *_open_items(case.on, views, library))
    found = Weighing(
        library=library, case=case, flows=flows, views=views, trials=trials, best=best,
        candidates=candidates, asked=asked, claims=claims, restrictions=restrictions,
        barring=barring, questions=questions, verdict="", chosen=(),
    )  # fmt: skip
    verdict, chosen, why = _verdict(found)
    return _with(found, verdict, chosen, why)


def _with(
    found: Weighing,
    verdict: str,
    chosen: tuple[str, ...],
    bars: tuple[Restriction, ...],
) -> Weighing:
    return Weighing(
        library=found.library, case=found.case.with_verdict(verdict),
        flows=found.flows, views=found.views, trials=found.trials, best=found.best,
        candidates=found.candidates, asked=found.asked, claims=found.claims,
        restrictions=found.restrictions, barring=bars, questions=found.questions,
        verdict=verdict, chosen=chosen,
    )  # fmt: skip


def _directions(case: Case) -> list[Case]:
    return [case, case.reversed()] if case.values["reciprocal"] else [case]


def _rank(trial: Trial) -> tuple[int, int, str]:
    order = {True: 0, None: 1, False: 2}[trial.answer]
    unsure = sum(each.answer is not True for each in trial.steps)
    return order, unsure, trial.gateway.id


def _best(trials: Sequence[Sequence[Trial]]) -> dict[str, Trial]:
    found: dict[str, Trial] = {}
    for flow in trials:
        for trial in flow:
            before = found.get(trial.gateway.id)
            if before is None or _rank(trial) < _rank(before):
                found[trial.gateway.id] = trial
    return found


def _candidates(best: dict[str, Trial]) -> tuple[str, ...]:
    fits = [
        trial
        for trial in best.values()
        if trial.answer is not False and trial.serves and _known_side(trial)
    ]
    return tuple(t.gateway.id for t in sorted(fits, key=_rank)[:MOST_ROUTES])


def _known_side(trial: Trial) -> bool:
    """A route for any purpose is a candidate only for a holder known to have it."""
    return trial.gateway.purposes != ("*",) or trial.step("holder").answer is True


def _claims(case: Case, library: Library) -> tuple[Claim, ...]:
    text = case.claims["power_claimed"].lower()
    return tuple(
        row
        for row in library.claims
        if any(re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text) for n in row.names)
    )


def _asked(case: Case, claims: Sequence[Claim], library: Library) -> str:
    """Return the route that was named: outright, or by the power claimed."""
    asked: str | None = case.stated.get("route_asked")
    if asked:
        return asked
    named = next((row.gateway for row in claims if row.gateway), "")
    if named or not case.claims["power_claimed"]:
        return named
    sections = sections_named(case.claims["power_claimed"], library.acts)
    fits = [g.id for g in library.routes if _home(g) in sections]
    return fits[0] if len(fits) == 1 else ""


def _home(gateway: Gateway) -> str:
    """Return the section a gateway is in, without its subsections."""
    return re.sub(r"( s\d+[A-Z]*)\(.*", r"\1", gateway.citation)


def _bars(
    restrictions: Sequence[Restriction], views: Sequence[Case]
) -> tuple[tuple[Restriction, ...], list[Question]]:
    barring: list[Restriction] = []
    open_: list[Question] = []
    for row in restrictions:
        bars, asks = _bites(row, views)
        answer = views[0].answers.get(row.id)
        if bars or (asks and answer is False):
            barring.append(row)
        elif asks and answer is None:
            question = Question(
                row.id,
                row.ask,
                row.fact,
                YES_NO,
                decides=True,
                hangs_on=(f"restriction:{row.id}",),
            )
            open_.append(question)
    return tuple(barring), open_


def _bites(row: Restriction, views: Sequence[Case]) -> tuple[bool, bool]:
    """Say whether a restriction bars in some view, and whether it may in some."""
    held = [view for view in views if row.when(view) is True]
    bars = row.bars_when is not None and any(row.bars_when(v) for v in held)
    asks = row.asks_when is not None and any(
        row.asks_when(v) is not False for v in held
    )
    return bars, asks


def _open_items(on: date, views: Sequence[Case], library: Library) -> list[Question]:
    """Ask what the data is about where a restriction that may bar turns on it."""
    rows = [
        f"restriction:{row.id}"
        for row in library.restrictions
        if row.in_force(on)
        and (row.bars_when is not None or row.asks_when is not None)
        and "kinds" in row.when.paths
        and any(v.values["kinds"] is None and row.when(v) is None for v in views)
    ]
    return [items_question(library, tuple(rows))] if rows else []


Found = tuple[str, tuple[str, ...], tuple["Restriction", ...]]


def _verdict(found: Weighing) -> Found:
    if found.barring:
        return "prohibited-as-described", (), found.barring
    if _nobody(found):
        opened = [g for g in found.candidates if not found.best[g].gateway.is_power]
        return "gateway-not-needed", tuple(opened), ()
    asked = found.best.get(found.asked)
    if asked is not None and asked.answer is False:
        return _asked_in_vain(found)
    if asked is not None:
        return _among(found, (found.asked,))
    return _among(found, found.candidates)


def _nobody(found: Weighing) -> bool:
    """Say whether the facts need no gateway: about nobody, and nothing restricts."""
    rows = [row for row in found.library.no_gateway if row.in_force(found.case.on)]
    if found.questions or not any(holds(row.when, found.views) for row in rows):
        return False
    if any(row.covers_all for row in found.restrictions):
        return False
    fits = [found.best[g] for g in found.candidates if found.best[g].answer]
    if any(each.gateway.kind == "requires" for each in fits):
        return False
    powers = any(each.gateway.is_power for each in fits)
    return not (powers and any(holds(r.not_with_power_when, found.views) for r in rows))


def _asked_in_vain(found: Weighing) -> Found:
    bars = _bars_without_route(found)
    if bars and not found.candidates:
        return "prohibited-as-described", (), bars
    return "not-by-this-route", (), ()


def _bars_without_route(found: Weighing) -> tuple[Restriction, ...]:
    return tuple(
        row
        for row in found.restrictions
        if row.bars_if_no_route is not None and holds(row.bars_if_no_route, found.views)
    )


def _among(found: Weighing, routes: tuple[str, ...]) -> Found:
    certain = tuple(
        route
        for route in routes
        if any(t.answer for flow in found.trials for t in flow if t.gateway.id == route)
    )
    covered = all(
        any(t.answer and t.gateway.id in routes for t in flow) for flow in found.trials
    )
    if covered and certain and not found.questions:
        duty = [g for g in certain if found.best[g].gateway.kind == "requires"]
        return ("duty", tuple(duty), ()) if duty else ("may-apply", certain, ())
    if certain and covered:
        return "may-apply-if", certain, ()
    if routes:
        return "may-apply-if", routes, ()
    return _without_route(found)


def _without_route(found: Weighing) -> Found:
    """Answer where no route fits: it depends only on what could still open one."""
    rows = {row.id: row for row in found.restrictions}
    facts = [q for q in found.questions if q.id not in rows]
    bars = _bars_without_route(found)
    if bars and not facts:
        return "prohibited-as-described", (), bars
    exceptions = [q for q in found.questions if q.id in rows and rows[q.id].exceptions]
    if facts or exceptions:
        return "may-apply-if", (), ()
    return "no-route-encoded", (), ()
