"""Gathers what an answer holds: conditions, documents, citations, reasons, questions.

Each row adds what it brings, once, in the order in which it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from staithe.law.asking import evidence_question


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from staithe.law.advice import Question
    from staithe.law.advise import Weighing
    from staithe.law.case import Case
    from staithe.law.predicate import Predicate
    from staithe.law.rows import BasisRow, Bearing


FINAL = {"prohibited-as-described", "gateway-not-needed"}
OPEN_ENDED = {"no-route-encoded", "not-by-this-route"}


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


def gather(found: Weighing, out: Sequence[str]) -> tuple[Gathering, str | None]:
    """Return what the rows bring, and the finding about the basis claimed."""
    gathering = Gathering()
    gathering.explain.append(found.library.words.verdicts[found.verdict].more)
    _from_routes(found, gathering)
    _from_ruled_out(found, out, gathering)
    finding = _basis(found, gathering)
    _from_claims(found, gathering)
    _from_restrictions(found, gathering)
    _from_bearings(found, gathering)
    return gathering, finding


def holds(test: Predicate | None, flows: Sequence[Case]) -> bool:
    """Say whether a test holds in some flow; a row without one always does."""
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
    rows = [row for row in found.library.bearings if _bears(row, found, found.chosen)]
    for row in rows:
        gathering.add(
            conditions=row.conditions, documents=row.documents, cites=row.cites
        )
        if row.review:
            gathering.reviews.append(row.review)
    # Evidence is asked for every route that may fit, so that settling one route
    # leaves the questions of the others.
    may_fit = () if found.verdict in FINAL else (*found.chosen, *found.candidates)
    gathering.questions += [
        evidence_question(row)
        for row in found.library.bearings
        if row.ask
        and not row.decides
        and row.id not in found.case.answers
        and _bears(row, found, may_fit or found.chosen)
    ]
    # What these facts call for comes before what is always true of a route.
    for row in sorted(rows, key=lambda each: each.when is None):
        if row.explain:
            gathering.explain.append(row.explain)


def _bears(row: Bearing, found: Weighing, routes: Sequence[str]) -> bool:
    if not row.in_force(found.case.on) or not holds(row.when, found.views):
        return False
    if row.with_route and not found.chosen:
        return False
    if row.without_route:
        return not found.candidates and found.verdict in OPEN_ENDED
    if not row.gateways and not row.asked:
        return True
    return bool(set(row.gateways) & set(routes)) or found.asked in row.asked
