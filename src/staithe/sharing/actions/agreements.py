"""Agreements: terms offered, accepted, revoked, ended.

The terms are drafted from the decision, never typed: what the holder decided, what
both sides accept and what the doors enforce are the same values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput, Conflict
from staithe.base.ids import new_reference
from staithe.ledger.actions import action, record
from staithe.people.notices import notify
from staithe.sharing.grant import compile_terms
from staithe.sharing.models import Agreement, Decision, Flow
from staithe.sharing.output_rules import OutputRules, rules_from_plain
from staithe.sharing.parties import holder_people, requesters
from staithe.sharing.permissions import (
    check_accept_agreement,
    check_end_agreement,
    check_offer_agreement,
    check_revoke_agreement,
)
from staithe.sharing.policies import check_text
from staithe.sharing.states import AGREEMENT, FLOW
from staithe.sharing.terms import (
    Terms,
    filter_from_plain,
    get_stored_terms,
    terms_sha256,
    terms_to_plain,
)


if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from staithe.people.models import Person


_LIVE = (Agreement.State.OFFERED, Agreement.State.IN_FORCE)


@action("sharing:agreement:offered")
def offer_agreement(
    *,
    flow: Flow,
    ends_on: date,
    output_policy: OutputRules | Mapping[str, Any] | None = None,
    onward: str = "checked-results",
    rows_may_leave: bool = False,
    by: Person,
    at: datetime,
) -> Agreement:
    """Offer terms drafted from the decision on a flow, from today to `ends_on`."""
    flow.refresh_from_db()
    check_offer_agreement(by, flow)
    FLOW.next_state(flow.state, "offer")
    if Agreement.objects.filter(flow=flow).exists():
        raise Conflict(f"Terms for {flow.asset.title} have already been offered.")
    if ends_on <= at.date():
        raise BadInput("The agreement must end after today.", field="ends_on")
    rules = (
        output_policy
        if isinstance(output_policy, OutputRules)
        else rules_from_plain(output_policy or {})
    )
    reference = new_reference("AGR")
    terms = _draft_terms(
        reference,
        decision=flow.decision,
        rules=rules,
        onward=onward,
        rows_may_leave=rows_may_leave,
        starts_on=at.date(),
        ends_on=ends_on,
    )
    agreement = Agreement.objects.create(
        reference=reference,
        flow=flow,
        project=flow.request.project,
        terms=terms_to_plain(terms),
        terms_sha256=terms_sha256(terms),
        offered_at=at,
        offered_by=by,
        ends_on=ends_on,
    )
    _tell_requesters(
        agreement,
        title=f"{flow.holder.name} offers terms for {flow.asset.title}",
        body="Read the terms and accept them to receive the data.",
        at=at,
    )
    _record(agreement, by=by, at=at, terms_sha256=agreement.terms_sha256)
    return agreement


@action("sharing:agreement:accepted")
def accept_agreement(
    *, agreement: Agreement, by: Person, at: datetime, seen_sha256: str | None = None
) -> Agreement:
    """Accept the terms for the recipient; from now the grant is prepared.

    `seen_sha256` is the hash of the terms that the person read; Conflict if others
    are stored.
    """
    agreement.refresh_from_db()
    check_accept_agreement(by, agreement)
    agreement.state = AGREEMENT.next_state(agreement.state, "accept")
    terms = get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)
    if seen_sha256 is not None and seen_sha256 != agreement.terms_sha256:
        raise Conflict("These terms have changed. Read them again before you accept.")
    if at >= compile_terms(terms).closes_at:
        raise Conflict("These terms have run out. Ask the holder for new ones.")
    agreement.accepted_at = at
    agreement.accepted_by = by
    agreement.save(update_fields=["state", "accepted_at", "accepted_by"])
    notify(
        holder_people(agreement.flow),
        title=f"{agreement.project.organisation.name} accepts your terms",
        body=f"The agreement on {agreement.flow.asset.title} is in force.",
        link=f"/agreements/{agreement.reference}",
        at=at,
        organisation=agreement.flow.holder,
    )
    _record(agreement, by=by, at=at, terms_sha256=agreement.terms_sha256)
    return agreement


@action("sharing:agreement:revoked")
def revoke_agreement(
    *, agreement: Agreement, reason: str, by: Person, at: datetime
) -> Agreement:
    """Take back what was granted, at once and for everyone; it needs a reason."""
    agreement.refresh_from_db()
    check_revoke_agreement(by, agreement)
    _close(agreement, act="revoke", reason=reason, at=at)
    _tell_requesters(
        agreement,
        title=f"{agreement.flow.holder.name} revokes {agreement.reference}",
        body=agreement.end_reason,
        at=at,
    )
    _record(agreement, by=by, at=at)
    return agreement


@action("sharing:agreement:ended")
def end_agreement(
    *, agreement: Agreement, reason: str, by: Person | None, at: datetime
) -> Agreement:
    """End an agreement: by the clock (`by` None), or handed back by the recipient."""
    agreement.refresh_from_db()
    if by is None:
        _check_run_out(agreement, at=at)
    else:
        check_end_agreement(by, agreement)
    _close(agreement, act="end", reason=reason, at=at)
    told = [*holder_people(agreement.flow), *requesters(agreement.project)]
    notify(
        told,
        title=f"{agreement.reference} has ended",
        body=agreement.end_reason,
        link=f"/agreements/{agreement.reference}",
        at=at,
    )
    _record(agreement, by=by, at=at)
    return agreement


def end_expired(*, at: datetime) -> list[Agreement]:
    """End every agreement whose last day has passed."""
    expired = Agreement.objects.filter(state__in=_LIVE, ends_on__lt=at.date())
    ended = []
    for agreement in expired.order_by("ends_on", "id"):
        try:
            ended.append(
                end_agreement(
                    agreement=agreement,
                    reason="The last day of the agreement has passed.",
                    by=None,
                    at=at,
                )
            )
        except Conflict:  # revoked or ended since the list was made
            continue
    return ended


def _draft_terms(
    reference: str,
    *,
    decision: Decision,
    rules: OutputRules,
    onward: str,
    rows_may_leave: bool,
    starts_on: date,
    ends_on: date,
) -> Terms:
    flow = decision.flow
    project = flow.request.project
    return Terms(
        agreement=reference,
        version=1,
        holder=flow.holder.slug,
        holder_name=flow.holder.name,
        recipient=project.organisation.slug,
        recipient_name=project.organisation.name,
        project=project.reference,
        project_title=project.title,
        asset=flow.asset.reference,
        asset_title=flow.asset.title,
        columns=tuple(decision.columns),
        link_columns=tuple(decision.link_columns),
        row_filter=filter_from_plain(flow.row_filter),
        people=tuple(person.ledger_id for person in requesters(project)),
        purpose_code=project.purpose_code,
        purpose=project.purpose,
        route_id=flow.route_id,
        route_citation=flow.route_citation,
        starts_on=starts_on,
        ends_on=ends_on,
        onward=onward,
        rows_may_leave=rows_may_leave,
        output=rules,
        retention_until=max(ends_on, flow.request.retention_until or ends_on),
        conditions=decision.conditions,
    )


def _check_run_out(agreement: Agreement, *, at: datetime) -> None:
    if at.date() <= agreement.ends_on:
        raise Conflict(f"{agreement.reference} runs until {agreement.ends_on}.")


def _close(agreement: Agreement, *, act: str, reason: str, at: datetime) -> None:
    agreement.state = AGREEMENT.next_state(agreement.state, act)
    agreement.end_reason = check_text(
        reason, field="reason", ask="Give your reason. The other side reads it."
    )
    agreement.ended_at = at
    agreement.save(update_fields=["state", "end_reason", "ended_at"])


def _tell_requesters(
    agreement: Agreement, *, title: str, body: str, at: datetime
) -> None:
    notify(
        requesters(agreement.project),
        title=title,
        body=body,
        link=f"/agreements/{agreement.reference}",
        at=at,
        organisation=agreement.project.organisation,
    )


def _record(
    agreement: Agreement, *, by: Person | None, at: datetime, **body: Any
) -> None:
    holder = agreement.flow.holder.slug
    record(
        by=by,
        at=at,
        subject=agreement.ledger_id,
        organisation=holder,
        agreement=agreement.reference,
        flow=agreement.flow.reference,
        project=agreement.project.reference,
        holder=holder,
        recipient=agreement.project.organisation.slug,
        **body,
    )
