"""Turns rows into the shapes that programs receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from staithe.base.clock import now
from staithe.sharing import queries
from staithe.sharing.models import Agreement, Decision, Flow, Message, Project, Request
from staithe.sharing.schemas import (
    AgreementOut,
    DecisionOut,
    EntryOut,
    FlowOut,
    MemberOut,
    MessageOut,
    PageOut,
    PrecedentOut,
    ProjectOut,
    RequestOut,
)


if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from staithe.sharing.timeline import Entry


Out = TypeVar("Out")
LARGEST_PAGE = 200


def page_of(
    found: QuerySet[Any], shape: Callable[[Any], Out], *, page: int, size: int
) -> PageOut[Out]:
    """Return one page of a list; a page past the end is empty."""
    size = max(1, min(size, LARGEST_PAGE))
    page = max(1, min(page, 10**9))
    start = (page - 1) * size
    rows = found[start : start + size]
    return PageOut(
        items=[shape(row) for row in rows], total=found.count(), page=page, size=size
    )


def project_shape(project: Project) -> ProjectOut:
    """Return a project with who works on it now."""
    members = project.members.filter(ended_at=None).select_related("person")
    return ProjectOut(
        reference=project.reference,
        title=project.title,
        organisation=project.organisation.slug,
        lead=project.lead.public_id,
        purpose_code=project.purpose_code,
        purpose=project.purpose,
        benefit=project.benefit,
        benefit_measure=project.benefit_measure,
        created_at=project.created_at,
        members=[
            MemberOut(
                person=member.person.public_id,
                name=member.person.name,
                added_at=member.added_at,
            )
            for member in members
        ],
    )


def request_shape(asked: Request) -> RequestOut:
    """Return a request with its flows."""
    flows = asked.flows.select_related("asset__organisation", "decider")
    return RequestOut(
        reference=asked.reference,
        project=asked.project.reference,
        organisation=asked.project.organisation.slug,
        state=asked.state,
        who_pays=asked.who_pays,
        preparation_cost=asked.preparation_cost,
        impact_if_refused=asked.impact_if_refused,
        needed_by=asked.needed_by,
        retention_until=asked.retention_until,
        created_at=asked.created_at,
        submitted_at=asked.submitted_at,
        closed_at=asked.closed_at,
        flows=[flow_shape(flow) for flow in flows],
    )


def flow_shape(flow: Flow) -> FlowOut:
    """Return a flow with its decision and the agreement made of it."""
    decision = Decision.objects.filter(flow=flow).select_related("by").first()
    agreement = Agreement.objects.filter(flow=flow).first()
    asked = queries.asked_columns(flow)
    return FlowOut(
        reference=flow.reference,
        request=flow.request.reference,
        asset=flow.asset.slug,
        asset_title=flow.asset.title,
        holder=flow.holder.slug,
        columns=flow.columns,
        link_columns=flow.link_columns,
        identifying_columns=[each.name for each in asked if each.identifies],
        justification=flow.justification,
        row_filter=flow.row_filter,
        route_id=flow.route_id,
        route_citation=flow.route_citation,
        route_reason=flow.route_reason,
        state=flow.state,
        step=flow.step,
        due_at=flow.due_at,
        working_days_waited=queries.waiting(flow, at=now()).days,
        decider=flow.decider.public_id if flow.decider else None,
        decision=decision_shape(decision) if decision else None,
        agreement=agreement.reference if agreement else None,
    )


def decision_shape(decision: Decision) -> DecisionOut:
    """Return the holder's answer."""
    return DecisionOut(
        outcome=decision.outcome,
        columns=decision.columns,
        link_columns=decision.link_columns,
        reason_code=decision.reason_code,
        reason=decision.reason,
        conditions=decision.conditions,
        review_on=decision.review_on,
        by=decision.by.public_id,
        at=decision.at,
    )


def agreement_shape(agreement: Agreement) -> AgreementOut:
    """Return an agreement with its terms as both sides accepted them."""
    return AgreementOut(
        reference=agreement.reference,
        flow=agreement.flow.reference,
        project=agreement.project.reference,
        holder=agreement.flow.holder.slug,
        recipient=agreement.project.organisation.slug,
        state=agreement.state,
        version=agreement.version,
        terms=agreement.terms,
        terms_sha256=agreement.terms_sha256,
        offered_at=agreement.offered_at,
        offered_by=agreement.offered_by.public_id,
        accepted_at=agreement.accepted_at,
        accepted_by=agreement.accepted_by.public_id if agreement.accepted_by else None,
        ends_on=agreement.ends_on,
        ended_at=agreement.ended_at,
        end_reason=agreement.end_reason,
    )


def entry_shape(entry: Entry) -> EntryOut:
    """Return one thing that happened, in words."""
    return EntryOut(
        number=entry.number,
        at=entry.at,
        name=entry.name,
        title=entry.title,
        by=entry.by,
        body=entry.body,
    )


def message_shape(message: Message) -> MessageOut:
    """Return a line of the conversation."""
    return MessageOut(
        person=message.person.name,
        flow=message.flow.reference if message.flow else "",
        text=message.text,
        at=message.at,
    )


def precedent_shape(decision: Decision) -> PrecedentOut:
    """Return an earlier decision without its words."""
    flow = decision.flow
    return PrecedentOut(
        asset=flow.asset.title,
        holder=flow.holder.slug,
        recipient=flow.request.project.organisation.slug,
        purpose_code=flow.request.project.purpose_code,
        outcome=decision.outcome,
        reason_code=decision.reason_code,
        at=decision.at,
    )
