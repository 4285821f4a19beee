"""The law beside a request: questions answered, gaps reported, advice kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import BadInput
from staithe.law.preview import parts_of
from staithe.law.routes import load_routes
from staithe.ledger.actions import action, record
from staithe.sharing.advice import (
    Answer,
    check_answer,
    facts_of_flow,
    find_advice,
    questions_to_answer,
)
from staithe.sharing.models import Decision, Flow, LegalAdvice
from staithe.sharing.permissions import check_change_request
from staithe.sharing.policies import check_draft, check_text


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from staithe.people.models import Person


@action("sharing:questions:answered")
def answer_questions(
    *, flow: Flow, answers: Mapping[str, Answer | None], by: Person, at: datetime
) -> Flow:
    """Answer questions of the law library about a draft; None takes an answer back."""
    flow.refresh_from_db()
    check_change_request(by, flow.request)
    check_draft(flow.request)
    kept = dict(flow.legal_answers)
    advice = find_advice(flow, on=at.date())
    asked = {q.id: q for q in questions_to_answer(advice)}
    for question, answer in answers.items():
        if question not in asked and question not in kept:
            raise BadInput(
                "The law library does not ask this about the request. Read its "
                "questions again.",
                field="answers",
            )
        if answer is not None and question in asked:
            check_answer(asked[question], answer)
        kept.pop(question, None)
        if answer is not None:
            kept[question] = answer
    flow.legal_answers = kept
    flow.save(update_fields=["legal_answers"])
    _record(flow, by=by, at=at, answered=len(answers))
    return flow


@action("sharing:gap:reported")
def report_gap(*, flow: Flow, note: str, by: Person, at: datetime) -> LegalAdvice:
    """Report that the law does not let a draft be asked for, as evidence for reform."""
    flow.refresh_from_db()
    check_change_request(by, flow.request)
    note = check_text(
        note, field="note", ask="Say what the law stops, and what that costs people."
    )
    kept = keep_advice(
        flow=flow, occasion=LegalAdvice.Occasion.GAP, note=note, by=by, at=at
    )
    _record(flow, by=by, at=at, verdict=kept.verdict)
    return kept


def keep_advice(
    *,
    flow: Flow,
    occasion: LegalAdvice.Occasion,
    decision: Decision | None = None,
    note: str = "",
    by: Person,
    at: datetime,
) -> LegalAdvice:
    """Keep today’s advice on a flow, and the conditions of the route it chose.

    Part of an action, in its transaction: it has no event of its own.
    """
    advice = find_advice(flow, on=at.date())
    route = load_routes().find(flow.route_id, on=at.date()) if flow.route_id else None
    return LegalAdvice.objects.create(
        occasion=occasion,
        flow=flow,
        decision=decision,
        holder=flow.holder,
        recipient=flow.request.project.organisation,
        purpose_code=flow.request.project.purpose_code,
        route_id=flow.route_id,
        route_citation=flow.route_citation,
        verdict=advice.verdict if advice else "",
        facts=facts_of_flow(flow),
        answer=parts_of(advice) if advice else {},
        conditions=list(route.condition_texts.values()) if route else [],
        note=note,
        by=by,
        at=at,
    )


def _record(flow: Flow, *, by: Person, at: datetime, **body: object) -> None:
    record(
        by=by,
        at=at,
        subject=flow.ledger_id,
        organisation=flow.request.project.organisation.slug,
        flow=flow.reference,
        request=flow.request.reference,
        holder=flow.holder.slug,
        **body,
    )
