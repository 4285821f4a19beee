"""Puts what was found into words: lists that hold only what bears on these facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from staithe.law.advice import (
    Advice,
    Branch,
    Candidate,
    Item,
    Question,
    RuledOut,
    Travels,
)
from staithe.law.asking import evidence_question, questions_of, trials_of
from staithe.law.citations import lint
from staithe.law.trial import try_gateway


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from staithe.law.advise import Weighing
    from staithe.law.case import Case
    from staithe.law.predicate import Predicate
    from staithe.law.rows import BasisRow, Bearing, Restriction
    from staithe.law.trial import Trial
    from staithe.law.words import Requirement

MOST_RULED_OUT = 6
MOST_REASONS = 7


@dataclass(slots=True)
class Gathering:
    """Lists under construction, each thing once and in the order it came."""

    conditions: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    citations: list[str] = field(default_factory=list)
    explain: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)

    def add(
        self,
        *,
        conditions: Iterable[str] = (),
        documents: Iterable[str] = (),
        cites: Iterable[str] = (),
    ) -> None:
        """Add what a row brings."""
        for into, new in (
            (self.conditions, conditions),
            (self.documents, documents),
            (self.citations, cites),
        ):
            into += [each for each in new if each not in into]


def assemble(found: Weighing) -> Advice:
    """Turn a weighing into advice."""
    gathering = Gathering()
    verdict = found.library.words.verdicts[found.verdict]
    gathering.explain.append(verdict.more)
    shown = _shown(found)
    out = _ruled_out(found, shown)
    _complete(found, out)
    _from_routes(found, gathering)
    _from_ruled_out(found, out, gathering)
    finding = _basis(found, gathering)
    _from_claims(found, gathering)
    _from_restrictions(found, gathering)
    _from_bearings(found, gathering)
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
            if t.answer is False and t.serves and _close(t)
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
        if _holds(row.when, found.views):
            names += row.rule_out
            if row.rule_out_origin:
                names += [
                    v.values["origin_gateway"]
                    for v in found.views
                    if v.is_given("origin_gateway")
                ]
    return names


def _holds(test: Predicate | None, flows: Sequence[Case]) -> bool:
    return test is None or any(test(flow) is True for flow in flows)


def _from_routes(found: Weighing, gathering: Gathering) -> None:
    for route in found.chosen:
        gateway = found.best[route].gateway
        gathering.add(
            conditions=gateway.conditions,
            documents=gateway.documents,
            cites=gateway.cites,
        )
        nation = found.best[route].step("nation")
        gathering.add(conditions=nation.conditions)
        gathering.add(
            cites=(c for s in found.best[route].steps if s.cited for c in s.cites)
        )
        if gateway.human_review:
            gathering.reviews.append(f"{gateway.title}: this route always needs one.")


def _from_ruled_out(found: Weighing, out: Sequence[str], gathering: Gathering) -> None:
    for route in out:
        trial = found.best[route]
        asked = route == found.asked
        if asked:
            gathering.add(cites=trial.gateway.cites[:1] or ())
        for step in trial.failed():
            if asked or step.express:
                gathering.add(conditions=step.conditions, cites=step.cites)


def _basis(found: Weighing, gathering: Gathering) -> str | None:
    """Return the finding about the basis claimed, and gather its reasons."""
    text = _bare(found.case.claims["lawful_basis_claimed"])
    if not text:
        return None
    fits = [
        (len(name), basis)
        for basis in found.library.bases
        for name in basis.names
        if _bare(name) in text
    ]
    if not fits:
        gathering.explain.append(
            "The basis claimed is not one that the library knows. Name the Article, "
            "such as art-6-1-e."
        )
        return None
    basis = max(fits, key=lambda pair: pair[0])[1]
    row = next((each for each in basis.rows if _applies(each, found.case)), None)
    if row is None:
        return None
    gathering.add(cites=row.cites)
    gathering.explain.append(row.explain)
    return row.finding


def _bare(text: str) -> str:
    """Return letters and digits only: Article 6(1)(f) is written in many ways."""
    return "".join(each for each in text.lower() if each.isalnum())


def _applies(row: BasisRow, case: Case) -> bool:
    return row.in_force(case.on) and row.when(case) is True


def _from_claims(found: Weighing, gathering: Gathering) -> None:
    for row in found.claims:
        gathering.explain.append(row.explain)
        gathering.add(cites=row.cites)


def _from_restrictions(found: Weighing, gathering: Gathering) -> None:
    for row in found.restrictions:
        quiet = found.verdict == "gateway-not-needed"
        cites = row.cites
        if found.chosen and row.route_cites is not None:
            cites = row.route_cites
        if not quiet:
            gathering.add(
                conditions=row.conditions, documents=row.documents, cites=cites
            )
        if row in found.barring:
            gathering.explain.append(row.text)


def _from_bearings(found: Weighing, gathering: Gathering) -> None:
    rows = [row for row in found.library.bearings if _bears(row, found)]
    for row in rows:
        gathering.add(
            conditions=row.conditions, documents=row.documents, cites=row.cites
        )
        if row.review:
            gathering.reviews.append(row.review)
        if row.ask and not row.decides and row.id not in found.case.answers:
            gathering.questions.append(evidence_question(row))
    # What these facts call for comes before what is always true of a route.
    for row in sorted(rows, key=lambda each: each.when is None):
        if row.explain:
            gathering.explain.append(row.explain)


def _bears(row: Bearing, found: Weighing) -> bool:
    if not row.in_force(found.case.on) or not _holds(row.when, found.views):
        return False
    if row.with_route and not found.chosen:
        return False
    if row.without_route:
        return not found.candidates and found.verdict in {
            "no-route-encoded",
            "not-by-this-route",
        }
    if not row.gateways and not row.asked:
        return True
    return bool(set(row.gateways) & set(found.chosen)) or found.asked in row.asked


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
    why = (
        "Its tests fit the facts as stated."
        if not unsure
        else "Not known yet: " + ", ".join(each.label for each in unsure) + "."
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
        if words[each].when is None or _holds(tests[each], found.views)
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
        if _holds(row.when, found.views):
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
