"""The law beside asking, for programs; the routes stand on the room’s one router."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import StrictBool

from staithe.base.clock import now
from staithe.people.tokens import signed_in_person
from staithe.sharing import actions, queries, queries_law
from staithe.sharing.advice import find_advice
from staithe.sharing.api_agree import router
from staithe.sharing.permissions import check_see_requests
from staithe.sharing.schemas import FlowOut
from staithe.sharing.shapes import flow_shape


__all__ = ["router"]


class AnswersIn(Schema):
    """Answers to questions of the law library; null takes one back.

    An answer is a yes or a no, a word that the question accepts, or a list of them
    where it asks what the data is about.
    """

    answers: dict[str, StrictBool | str | list[str] | None]


class GapIn(Schema):
    """What the law stops."""

    note: str


class GapOut(Schema):
    """Like facts for which the law gave no way, with the evidence."""

    facts: list[str]
    times: int
    bodies: list[str]
    verdicts: list[str]
    working_days: int
    notes: list[str]


class ApartOut(Schema):
    """Like facts that bodies decided differently: outcome, then body and flow."""

    facts: list[str]
    outcomes: dict[str, list[tuple[str, str]]]


class TouchedOut(Schema):
    """A live agreement, and what the library says otherwise than when it was decided."""

    agreement: str
    changed: dict[str, tuple[Any, Any]]


@router.get("/flows/{reference}/advice")
def show_advice(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Say what the law library makes of a flow today, with its reasoning."""
    flow = queries.get_flow(reference, person=signed_in_person(request))
    advice = find_advice(flow, on=now().date())
    return advice.to_plain(reasoning=True) if advice else {}


@router.put("/flows/{reference}/legal-answers", response=FlowOut)
def answer_questions(request: HttpRequest, reference: str, body: AnswersIn) -> FlowOut:
    """Answer questions of the law library about a draft."""
    by = signed_in_person(request)
    flow = queries.get_flow(reference, person=by)
    return flow_shape(
        actions.answer_questions(flow=flow, answers=body.answers, by=by, at=now())
    )


@router.post("/flows/{reference}/legal-gaps", response={201: None})
def report_gap(request: HttpRequest, reference: str, body: GapIn) -> Status[None]:
    """Report that the law does not let this be asked for."""
    by = signed_in_person(request)
    flow = queries.get_flow(reference, person=by)
    actions.report_gap(flow=flow, note=body.note, by=by, at=now())
    return Status(201, None)


@router.get("/legal-gaps", response=list[GapOut])
def list_gaps(request: HttpRequest) -> list[GapOut]:
    """List facts for which the law gave no way, those met most often first."""
    person = signed_in_person(request)
    check_see_requests(person)
    return [
        GapOut(
            facts=list(gap.facts),
            times=gap.times,
            bodies=gap.bodies,
            verdicts=gap.verdicts,
            working_days=gap.days_lost,
            notes=gap.notes,
        )
        for gap in queries_law.legal_gaps(person, at=now())
    ]


@router.get("/legal-inconsistencies", response=list[ApartOut])
def list_inconsistencies(request: HttpRequest) -> list[ApartOut]:
    """List like facts that bodies decided differently."""
    person = signed_in_person(request)
    check_see_requests(person)
    return [
        ApartOut(
            facts=list(found.facts),
            outcomes={
                outcome: [(a.body, a.reference) for a in answers]
                for outcome, answers in found.outcomes.items()
            },
        )
        for found in queries_law.inconsistencies(person)
    ]


@router.get("/agreements-touched-by-law", response=list[TouchedOut])
def list_touched(request: HttpRequest) -> list[TouchedOut]:
    """List live agreements whose advice today is not what it was when decided."""
    person = signed_in_person(request)
    check_see_requests(person)
    return [
        TouchedOut(
            agreement=each.agreement.reference,
            changed={part: (then, today) for part, then, today in each.parts},
        )
        for each in queries_law.touched_agreements(person, on=now().date())
    ]
