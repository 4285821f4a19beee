"""What is asked: the questions that decide a verdict, then the evidence to collect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staithe.law.advice import Question


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from staithe.law.advise import Weighing
    from staithe.law.rows import Bearing
    from staithe.law.trial import Trial


def questions_of(found: Weighing, evidence: Iterable[Question]) -> tuple[Question, ...]:
    """Return what to ask, each once, those that decide the verdict first."""
    asked: dict[str, Question] = {}
    if found.verdict not in {"prohibited-as-described", "gateway-not-needed"}:
        asked = {question.id: question for question in found.questions}
        for question in _of_routes(found):
            _merge(asked, question)
        for question in _of_flows(found):
            _merge(asked, question)
    for question in evidence:
        _merge(asked, question)
    return tuple(sorted(asked.values(), key=lambda each: not each.decides))


def _of_routes(found: Weighing) -> Iterator[Question]:
    """Yield what the candidates ask; only the chosen ones' questions decide."""
    open_ = found.verdict == "may-apply-if"
    for route in dict.fromkeys((*found.chosen, *found.candidates)):
        for trial in trials_of(found, route):
            if trial.answer is None:
                for step in trial.steps:
                    if step.question is not None:
                        decides = open_ and route in found.chosen
                        yield replace(step.question, decides=decides)


def _of_flows(found: Weighing) -> Iterator[Question]:
    """Ask for a power where some flow has one and another flow has none."""
    if found.verdict != "may-apply-if" or not found.chosen:
        return
    for flow, trials in zip(found.flows, found.trials, strict=True):
        if not any(
            t.answer is not False and t.gateway.id in found.chosen for t in trials
        ):
            yield Question(
                f"power-for-{flow.flow.replace(' ', '-')}",
                f"Which power covers the flow from {flow.flow}?",
                "",
                ("text",),
                decides=True,
                hangs_on=(flow.flow,),
            )


def _merge(asked: dict[str, Question], question: Question) -> None:
    before = asked.get(question.id)
    if before is not None:
        hangs = tuple(dict.fromkeys((*before.hangs_on, *question.hangs_on)))
        decides = before.decides or question.decides
        question = replace(before, hangs_on=hangs, decides=decides)
    asked[question.id] = question


def evidence_question(row: Bearing) -> Question:
    """Return the question of a row that asks for evidence."""
    return Question(
        row.id, row.ask, "", ("yes", "no"), decides=False, hangs_on=row.gateways
    )


def trials_of(found: Weighing, route: str) -> list[Trial]:
    """Return the trials of a route, one for each direction."""
    if found.best[route].serves is False:
        return [found.best[route]]
    return [t for flow in found.trials for t in flow if t.gateway.id == route]
