"""The holder's side: taking a flow into review and answering it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from staithe.base.errors import BadInput
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.sharing.actions.advice import keep_advice
from staithe.sharing.actions.agreements import offer_agreement
from staithe.sharing.advice import open_verdict
from staithe.sharing.ladder import working_days
from staithe.sharing.models import Decision, Flow, LegalAdvice, Request
from staithe.sharing.parties import requesters
from staithe.sharing.permissions import check_decide_flow, check_review_flow
from staithe.sharing.policies import (
    check_decision,
    check_granted,
    check_optional_text,
)
from staithe.sharing.states import FLOW, REQUEST


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from staithe.people.models import Person
    from staithe.sharing.models import Agreement
    from staithe.sharing.output_rules import OutputRules


_OPEN = (Flow.State.SUBMITTED, Flow.State.IN_REVIEW)


@action("sharing:review:started")
def start_review(*, flow: Flow, by: Person, at: datetime) -> Flow:
    """Take a flow into review: the requester sees who has it. The clock runs on."""
    flow.refresh_from_db()
    if flow.step == Flow.Step.ENFORCE:
        check_decide_flow(by, flow)
    else:
        check_review_flow(by, flow)
    flow.state = FLOW.next_state(flow.state, "review")
    flow.decider = by
    flow.save(update_fields=["state", "decider"])
    record(
        by=by,
        at=at,
        subject=flow.ledger_id,
        organisation=flow.holder.slug,
        flow=flow.reference,
        request=flow.request.reference,
        holder=flow.holder.slug,
    )
    return flow


@action("sharing:decision:recorded")
def decide_flow(
    *,
    flow: Flow,
    outcome: str,
    reason: str = "",
    columns: Sequence[str] | None = None,
    link_columns: Sequence[str] | None = None,
    reason_code: str = "",
    conditions: str = "",
    review_on: date | None = None,
    by: Person,
    at: datetime,
) -> Decision:
    """Answer a flow: agree, agree to part (fewer columns), or refuse.

    Yes is the default: columns not named are given as asked. A refusal needs a code
    of REFUSAL_REASONS, words, and a date after today to look again. Who agrees where
    the law library leaves something open, or knows no route, says why.
    """
    flow.refresh_from_db()
    check_decide_flow(by, flow)
    refused = outcome == Decision.Outcome.REFUSE
    reason = check_decision(
        flow,
        outcome=outcome,
        reason=reason,
        reason_code=reason_code,
        review_on=review_on,
        today=at.date(),
    )
    if outcome == Decision.Outcome.AGREE and not reason:
        _check_nothing_open(flow, on=at.date())
    given, links = check_granted(
        flow, outcome=outcome, columns=columns, link_columns=link_columns
    )
    decision = Decision.objects.create(
        flow=flow,
        outcome=outcome,
        columns=given,
        link_columns=links,
        reason_code=reason_code if refused else "",
        reason=reason,
        conditions=""
        if refused
        else check_optional_text(conditions, field="conditions"),
        review_on=review_on if refused else None,
        by=by,
        at=at,
    )
    keep_advice(
        flow=flow,
        occasion=LegalAdvice.Occasion.DECIDED,
        decision=decision,
        by=by,
        at=at,
    )
    _settle(decision)
    _tell_requesters(decision, at=at)
    _record(decision)
    return decision


def _check_nothing_open(flow: Flow, *, on: date) -> None:
    """Raise BadInput where the library leaves open what an unexplained yes passes over."""
    said = open_verdict(flow, on=on)
    if said:
        raise BadInput(
            f"The law library says of this request: {said}. Say in `reason` what "
            "settles it for you; it is kept with the decision.",
            field="reason",
        )


def decide_and_offer(
    *,
    flow: Flow,
    ends_on: date,
    output_policy: OutputRules | Mapping[str, Any] | None = None,
    rows_may_leave: bool = False,
    by: Person,
    at: datetime,
    **answer: Any,
) -> Agreement:
    """Agree and offer the terms at once: both are recorded, or neither.

    `answer` is what decide_flow takes beside flow, by and at.
    """
    with transaction.atomic():
        decide_flow(flow=flow, by=by, at=at, **answer)
        return offer_agreement(
            flow=flow,
            ends_on=ends_on,
            output_policy=output_policy,
            rows_may_leave=rows_may_leave,
            by=by,
            at=at,
        )


def _settle(decision: Decision) -> None:
    """Move the flow to its answer, and close the request when it was the last."""
    flow = decision.flow
    flow.state = FLOW.next_state(flow.state, decision.outcome)
    flow.decider = decision.by
    flow.save(update_fields=["state", "decider"])
    _close_if_all_decided(flow.request, at=decision.at)


def _close_if_all_decided(request: Request, *, at: datetime) -> None:
    if request.flows.filter(state__in=_OPEN).exists():
        return
    request.refresh_from_db()
    request.state = REQUEST.next_state(request.state, "close")
    request.closed_at = at
    request.save(update_fields=["state", "closed_at"])


_ANSWERS = {
    "agree": "agrees to share",
    "agree-in-part": "agrees to share part of",
    "refuse": "refuses to share",
}


def _tell_requesters(decision: Decision, *, at: datetime) -> None:
    flow = decision.flow
    notify(
        requesters(flow.request.project),
        title=f"{flow.holder.name} {_ANSWERS[decision.outcome]} {flow.asset.title}",
        body=decision.reason,
        link=f"/flows/{flow.reference}",
        at=at,
        organisation=flow.request.project.organisation,
    )


def _record(decision: Decision) -> None:
    flow = decision.flow
    assert flow.request.submitted_at is not None
    record(
        by=decision.by,
        at=decision.at,
        subject=flow.ledger_id,
        organisation=flow.holder.slug,
        flow=flow.reference,
        request=flow.request.reference,
        project=flow.request.project.reference,
        holder=flow.holder.slug,
        outcome=decision.outcome,
        columns=len(decision.columns),
        reason_code=decision.reason_code,
        review_on=decision.review_on,
        days=working_days(flow.request.submitted_at, decision.at),
        step=flow.step,
    )
