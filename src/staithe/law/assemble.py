"""Puts what was found into words: lists that hold only what bears on these facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.law.advice import (
    Advice,
    Branch,
    Candidate,
    Item,
    RuledOut,
    Travels,
)
from staithe.law.asking import questions_of, trials_of
from staithe.law.citations import lint
from staithe.law.gathering import Gathering, gather, holds
from staithe.law.trial import try_gateway


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from staithe.law.advise import Weighing
    from staithe.law.rows import Restriction
    from staithe.law.trial import Trial
    from staithe.law.words import Requirement

MOST_RULED_OUT = 6
MOST_REASONS = 7


def assemble(found: Weighing) -> Advice:
    """Turn a weighing into advice."""
    shown = _shown(found)
    out = _ruled_out(found, shown)
    _complete(found, out)
    gathering, finding = gather(found, out)
    findings = _citation_findings(found)
    return Advice(
        verdict=found.verdict,
        on=found.case.on,
        gateways=tuple(_candidate(found, route) for route in shown),
        ruled_out=tuple(_out(found, route) for route in out),
        conditions=_items(_bearing_conditions(found, gathering), found, "conditions"),
        documents=_items(gathering.documents, found, "documents"),
        citations=tuple(gathering.citations),
        questions=questions_of(found, gathering.questions),
        explain=tuple(dict.fromkeys(gathering.explain))[:MOST_REASONS],
        restrictions=tuple(_travels(row, found) for row in found.restrictions),
        also_consider=_also(found, shown, out),
        lawful_basis_finding=finding,
        citation_findings=findings,
        review_reasons=tuple(dict.fromkeys(gathering.reviews)),
        lists_as_of=_lists(found, (*shown, *out)),
        unverified=tuple(g for g in shown if found.best[g].gateway.status == "verify"),
        ignored=found.case.ignored,
        reasoning=_reasoning(found, (*shown, *out)),
    )


def _shown(found: Weighing) -> tuple[str, ...]:
    if found.verdict == "prohibited-as-described":
        return ()
    if found.verdict == "gateway-not-needed":
        return found.chosen
    return tuple(dict.fromkeys((*found.chosen, *found.candidates)))


def _ruled_out(found: Weighing, shown: Sequence[str]) -> tuple[str, ...]:
    names = [found.asked] if found.asked else []
    names += _near(found)
    if found.verdict == "prohibited-as-described":
        names += found.candidates[:2]
    else:
        names += [
            t.gateway.id
            for t in sorted(found.best.values(), key=_closeness)
            if t.answer is False
            and t.serves
            and _close(t)
            and t.gateway.begun(found.case.on)
        ]
    fits = {route for route, t in found.best.items() if t.answer is not False}
    if found.verdict == "prohibited-as-described":
        fits = set()
    kept = [n for n in dict.fromkeys(names) if n not in shown and n not in fits]
    if found.verdict == "gateway-not-needed":
        kept = [each for each in kept if each == found.asked]
    return tuple(kept[:MOST_RULED_OUT])


def _complete(found: Weighing, out: Sequence[str]) -> None:
    """Try in full those routes whose reasons will be shown."""
    for route in out:
        trial = found.best[route]
        if trial.serves is False:
            found.best[route] = try_gateway(
                trial.gateway, trial.flow, found.library, in_full=True
            )


def _closeness(trial: Trial) -> tuple[int, str]:
    return len(trial.failed()), trial.gateway.id


def _close(trial: Trial) -> bool:
    if trial.gateway.purposes == ("*",):
        return False
    sides = [trial.step(side).answer for side in ("holder", "recipient")]
    return False not in sides and len(trial.failed()) == 1


def _near(found: Weighing) -> list[str]:
    names: list[str] = []
    for row in found.library.near:
        if holds(row.when, found.views):
            names += row.rule_out
            if row.rule_out_origin:
                names += [
                    v.values["origin_gateway"]
                    for v in found.views
                    if v.is_given("origin_gateway")
                ]
    return names


def _candidate(found: Weighing, route: str) -> Candidate:
    trial = found.best[route]
    gateway = trial.gateway
    directions = [
        t.direction
        for flow in found.trials
        for t in flow
        if t.gateway.id == route and t.answer is not False
    ]
    unsure = [s for s in trial.steps if s.answer is None]
    open_ = dict.fromkeys(s.question.text for s in unsure if s.question is not None)
    if any(s.question is None for s in unsure):
        open_ = {found.library.words.facts["purpose.code"].ask: None} | open_
    why = (
        "Its tests fit the facts as stated."
        if not unsure
        else "Still to be found out: " + " ".join(open_)
    )
    return Candidate(
        gateway.id,
        gateway.title,
        gateway.citation,
        gateway.status,
        trial.answer,
        tuple(dict.fromkeys(directions)),
        f"{gateway.summary} {why}",
    )


def _out(found: Weighing, route: str) -> RuledOut:
    trial = found.best[route]
    reasons = [each.sentence for each in trial.failed()]
    if not reasons:
        reasons = [f"{row.title.lower()} stands in the way" for row in found.barring]
    why = "; ".join(reasons[:3])
    gateway = trial.gateway
    return RuledOut(
        gateway.id, gateway.title, gateway.citation, f"{why[:1].upper()}{why[1:]}."
    )


def _bearing_conditions(found: Weighing, gathering: Gathering) -> list[str]:
    """Leave out conditions that these facts do not call for."""
    words = found.library.words.conditions
    tests = found.library.condition_tests
    return [
        each
        for each in gathering.conditions
        if words[each].when is None or holds(tests[each], found.views)
    ]


def _items(ids: Iterable[str], found: Weighing, kind: str) -> tuple[Item, ...]:
    words: dict[str, Requirement] = getattr(found.library.words, kind)
    on = found.case.on
    return tuple(Item(i, words[i].text) for i in ids if words[i].in_force(on))


def _travels(row: Restriction, found: Weighing) -> Travels:
    words = found.library.words
    kinds = set(row.kinds)
    items = {i for view in found.views if row.when(view) is True for i in view.items}
    narrowed = {i for i in items if words.classes_of(i) & kinds}
    return Travels(
        row.id,
        row.title,
        row.text,
        tuple(sorted(narrowed or items)),
        row.cites,
        row.status,
    )


def _also(found: Weighing, shown: Sequence[str], out: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for row in found.library.near:
        if holds(row.when, found.views):
            names += [i for i in row.consider_ids if i not in shown and i not in out]
            names += row.consider
    return tuple(dict.fromkeys(names))


def _citation_findings(found: Weighing) -> tuple[str, ...]:
    text = "\n".join(
        found.case.claims[name] for name in ("citation_claimed", "power_claimed")
    )
    return tuple(each.says for each in lint(text, found.library.acts))


def _lists(found: Weighing, routes: Iterable[str]) -> dict[str, str]:
    used: dict[str, str] = {}
    for route in routes:
        gateway = found.best[route].gateway
        for name in (gateway.holders.list, gateway.recipients.list):
            if name:
                the_list = found.library.lists[name]
                used[the_list.citation] = the_list.seen_on(found.case.on).isoformat()
    used["library"] = found.library.checked_on.isoformat()
    return used


def _reasoning(found: Weighing, routes: Sequence[str]) -> tuple[Branch, ...]:
    return tuple(
        Branch(t.gateway.id, t.direction, t.answer, t.steps)
        for route in routes
        for t in trials_of(found, route)
    )
