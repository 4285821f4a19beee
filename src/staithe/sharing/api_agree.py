"""Deciding and agreeing for programs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from staithe.base.clock import now
from staithe.people.tokens import API_AUTH, signed_in_person
from staithe.sharing import actions, queries
from staithe.sharing.models import Agreement, Flow
from staithe.sharing.permissions import check_see_requests
from staithe.sharing.reasons import REFUSAL_REASONS
from staithe.sharing.schemas import (
    AcceptIn,
    AgreementOut,
    DecisionIn,
    FlowOut,
    OfferIn,
    PageOut,
    PrecedentOut,
    ReasonIn,
    ReasonOut,
)
from staithe.sharing.shapes import (
    agreement_shape,
    flow_shape,
    page_of,
    precedent_shape,
)
from staithe.sharing.terms import canonical, get_stored_terms


router = Router(tags=["sharing"], auth=API_AUTH)


@router.get("/refusal-reasons", response=list[ReasonOut], auth=None)
def list_reasons(
    request: HttpRequest,  # noqa: ARG001  ninja passes it by name
) -> list[ReasonOut]:
    """List the only grounds on which a holder may refuse."""
    return [
        ReasonOut(
            code=reason.code,
            label=reason.label,
            applies_when=reason.applies_when,
            way_forward=reason.way_forward,
        )
        for reason in REFUSAL_REASONS.values()
    ]


@router.get("/flows", response=PageOut[FlowOut])
def list_queue(
    request: HttpRequest, step: str = "", page: int = 1, size: int = 50
) -> PageOut[FlowOut]:
    """List what waits for my decision, the longest waiting first."""
    person = signed_in_person(request)
    check_see_requests(person)
    known = step if step in Flow.Step.values else ""
    found = queries.to_decide(person, step=known)
    return page_of(found, flow_shape, page=page, size=size)


@router.get("/flows/{reference}", response=FlowOut)
def show_flow(request: HttpRequest, reference: str) -> FlowOut:
    """Show what is asked of one holder and what became of it."""
    return flow_shape(_flow(request, reference))


@router.get("/flows/{reference}/precedents", response=list[PrecedentOut])
def list_precedents(request: HttpRequest, reference: str) -> list[PrecedentOut]:
    """List earlier decisions on the same data or kind of purpose."""
    flow = _flow(request, reference)
    return [precedent_shape(each) for each in queries.precedents(flow)]


@router.post("/flows/{reference}/review", response=FlowOut)
def start_review(request: HttpRequest, reference: str) -> FlowOut:
    """Take a flow into review."""
    flow = _flow(request, reference)
    return flow_shape(
        actions.start_review(flow=flow, by=signed_in_person(request), at=now())
    )


@router.post("/flows/{reference}/decision", response={201: FlowOut})
def decide(request: HttpRequest, reference: str, body: DecisionIn) -> Status[FlowOut]:
    """Answer a flow; with `ends_on` a yes also offers its terms, or neither is kept."""
    flow = _flow(request, reference)
    by = signed_in_person(request)
    answer = body.dict(exclude={"ends_on", "output", "rows_may_leave"})
    if body.ends_on is None:
        actions.decide_flow(flow=flow, by=by, at=now(), **answer)
    else:
        actions.decide_and_offer(
            flow=flow,
            ends_on=body.ends_on,
            output_policy=body.output,
            rows_may_leave=body.rows_may_leave,
            by=by,
            at=now(),
            **answer,
        )
    return Status(201, flow_shape(flow))


@router.post("/flows/{reference}/agreement", response={201: AgreementOut})
def offer(request: HttpRequest, reference: str, body: OfferIn) -> Status[AgreementOut]:
    """Offer terms for a flow that was agreed."""
    agreement = actions.offer_agreement(
        flow=_flow(request, reference),
        ends_on=body.ends_on,
        output_policy=body.output,
        onward=body.onward,
        rows_may_leave=body.rows_may_leave,
        by=signed_in_person(request),
        at=now(),
    )
    return Status(201, agreement_shape(agreement))


@router.get("/agreements", response=PageOut[AgreementOut])
def list_agreements(
    request: HttpRequest, state: str = "", page: int = 1, size: int = 50
) -> PageOut[AgreementOut]:
    """List the agreements that I may see."""
    person = signed_in_person(request)
    check_see_requests(person)
    known = state if state in Agreement.State.values else ""
    found = queries.find_agreements(person, state=known)
    return page_of(found, agreement_shape, page=page, size=size)


@router.get("/agreements/{reference}", response=AgreementOut)
def show_agreement(request: HttpRequest, reference: str) -> AgreementOut:
    """Show an agreement and its terms."""
    return agreement_shape(_agreement(request, reference))


@router.get("/agreements/{reference}/terms")
def show_terms(request: HttpRequest, reference: str) -> HttpResponse:
    """Return the canonical terms: the very bytes whose SHA-256 was accepted."""
    agreement = _agreement(request, reference)
    terms = get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)
    return HttpResponse(canonical(terms), content_type="application/json")


@router.post("/agreements/{reference}/accept", response=AgreementOut)
def accept(request: HttpRequest, reference: str, body: AcceptIn) -> AgreementOut:
    """Accept the terms whose SHA-256 is sent."""
    agreement = actions.accept_agreement(
        agreement=_agreement(request, reference),
        seen_sha256=body.terms_sha256,
        by=signed_in_person(request),
        at=now(),
    )
    return agreement_shape(agreement)


@router.post("/agreements/{reference}/revoke", response=AgreementOut)
def revoke(request: HttpRequest, reference: str, body: ReasonIn) -> AgreementOut:
    """Take back what was granted: every door closes at once."""
    agreement = actions.revoke_agreement(
        agreement=_agreement(request, reference),
        reason=body.reason,
        by=signed_in_person(request),
        at=now(),
    )
    return agreement_shape(agreement)


@router.post("/agreements/{reference}/end", response=AgreementOut)
def end(request: HttpRequest, reference: str, body: ReasonIn) -> AgreementOut:
    """Hand data back early, or decline an offer."""
    agreement = actions.end_agreement(
        agreement=_agreement(request, reference),
        reason=body.reason,
        by=signed_in_person(request),
        at=now(),
    )
    return agreement_shape(agreement)


def _flow(request: HttpRequest, reference: str) -> Flow:
    return queries.get_flow(reference, person=signed_in_person(request))


def _agreement(request: HttpRequest, reference: str) -> Agreement:
    return queries.get_agreement(reference, person=signed_in_person(request))
