"""Progress, public shares and results for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from staithe.accountability import api_ledger, queries
from staithe.accountability.actions import record_outcome
from staithe.accountability.models import Outcome
from staithe.accountability.progress import Counts
from staithe.accountability.tables import table_of, who_answers
from staithe.accountability.transparency import line_of, statement_of
from staithe.base.clock import now
from staithe.base.errors import BadInput
from staithe.people.queries import get_organisation
from staithe.people.tokens import API_AUTH, asker, signed_in_person
from staithe.sharing.models import Agreement
from staithe.sharing.queries import get_project
from staithe.sharing.schemas import PageOut
from staithe.sharing.shapes import page_of
from staithe.ui.csv import csv_response


router = Router(tags=["accountability"])
router.add_router("", api_ledger.router)

SLUG = r"^[a-z0-9-]*$"
DAYS = "Whole working days, Monday to Friday."


class Period(Schema):
    """Which requests the numbers are about."""

    body: str = Field(
        "", pattern=SLUG, description="Slug of the body that holds the data."
    )
    since: date | None = Field(None, description="Sent on or after this day (UTC).")
    until: date | None = Field(None, description="Sent on or before this day (UTC).")


class CountsOut(Schema):
    """What became of the flows that holders were sent."""

    asked: int
    decided: int
    agreed: int
    agreed_in_part: int
    refused: int
    withdrawn: int
    waiting: int
    in_review: int
    overdue: int
    escalated: int
    in_time: int
    longest_wait: int | None = Field(description=DAYS)


class StepOut(Schema):
    """How long one step took where it is over."""

    code: str
    label: str
    count: int
    median: float | None = Field(description=DAYS)
    longest: int | None = Field(description=DAYS)


class HolderProgressOut(Schema):
    """The numbers of one body that is asked for data."""

    holder: str
    name: str
    counts: CountsOut
    steps: list[StepOut]


class ReasonCountOut(Schema):
    """How often one coded reason was given."""

    code: str
    label: str
    count: int


class MonthOut(Schema):
    """The answers of one month, named by its first day."""

    month: date
    agreed: int
    agreed_in_part: int
    refused: int


class OverdueOut(Schema):
    """A flow that should have been answered by now."""

    flow: str
    holder: str
    asker: str
    due_at: datetime
    days_late: int = Field(description=DAYS)
    step: str = Field(description="Step of the escalation ladder.")
    who_answers: str


class ReviewOut(Schema):
    """A refusal whose date to look again has passed."""

    flow: str
    holder: str
    asker: str
    reason: str
    review_on: date
    days_since: int
    asked_again: bool


class ProgressOut(Schema):
    """Progress as the ledger's events tell it."""

    at: datetime
    requests: int
    unreadable: int = Field(description="Events not counted: content erased.")
    counts: CountsOut
    steps: list[StepOut]
    holders: list[HolderProgressOut]
    reasons: list[ReasonCountOut]
    months: list[MonthOut]
    overdue: list[OverdueOut]
    reviews: list[ReviewOut]
    escalations: dict[str, int] = Field(description="Times each step was taken.")


class Shares(Schema):
    """Which agreements to list, and which page of them."""

    body: str = Field("", pattern=SLUG, description="Slug of a holder or recipient.")
    state: str = Field("", description="in-force, ended or revoked; empty for all.")
    page: int = 1
    size: int = 50


class ShareOut(Schema):
    """One agreement that is or was in force."""

    reference: str
    state: str
    holder: str
    holder_slug: str
    recipient: str
    recipient_slug: str
    data: str
    project: str
    purpose_kind: str
    purpose: str
    legal_route: str
    route_id: str
    starts_on: date
    ends_on: date
    ended_on: date | None
    results: list[str]


class StatementOut(Schema):
    """One agreement in sentences: what anyone may read of it."""

    share: ShareOut
    what: list[str] = Field(description="What is shared.")
    columns: list[str] = Field(description="Named only to who may see them.")
    benefit: str = Field(description="What it is for.")
    results_may: str = Field(description="What may leave the project.")
    copies_destroyed_by: date
    released: list[str] = Field(description="Slugs of what was released from it.")
    terms_sha256: str = Field(description="Of the terms that both sides accepted.")
    event: int | None = Field(description="The acceptance in the ledger.")


class OutcomeIn(Schema):
    """What came of a project's shares. Public: do not name people."""

    title: str
    description: str
    measure: str = ""
    value: str = ""
    evidence_link: str = ""
    preparation_cost: int | None = Field(None, description="Whole pounds.")


class OutcomeOut(OutcomeIn):
    """A recorded result, with the bodies whose data it rests on."""

    reference: str
    project: str
    at: datetime
    holders: list[str] = Field(description="Slugs of the bodies credited.")


@router.get("/progress", response=ProgressOut, auth=None)
def show_progress(request: HttpRequest, period: Query[Period]) -> ProgressOut:
    """Say how long each step takes, what holders answer, and what is late now."""
    report = _report(period)
    progress = report.progress
    return ProgressOut(
        at=progress.at,
        requests=progress.requests,
        unreadable=report.unreadable,
        counts=_counts(progress.counts),
        steps=[StepOut.from_orm(step) for step in progress.steps],
        holders=_holders(report),
        reasons=[ReasonCountOut.from_orm(reason) for reason in progress.reasons],
        months=[MonthOut.from_orm(month) for month in progress.months],
        overdue=_overdue(report),
        reviews=[ReviewOut.from_orm(review) for review in progress.reviews],
        escalations=progress.rungs,
    )


CSV = {"responses": {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}}


@router.get("/progress.csv", auth=None, openapi_extra=CSV)
def progress_csv(
    request: HttpRequest, period: Query[Period], table: str = "steps"
) -> HttpResponse:
    """Give one table of progress as CSV: the same as beside it on the page."""
    report = _report(period)
    found = table_of(table, report.progress, name=report.name)
    return csv_response(f"progress-{table}", found.header, found.rows)


@router.get("/transparency", response=PageOut[ShareOut], auth=None)
def transparency(request: HttpRequest, wanted: Query[Shares]) -> PageOut[ShareOut]:
    """List the agreements that are or were in force, newest first."""
    if wanted.state and wanted.state not in Agreement.State.values:
        raise BadInput("The state is in-force, ended or revoked.", field="state")
    found = queries.public_agreements(body=wanted.body, state=wanted.state)
    return page_of(found, _share, page=wanted.page, size=wanted.size)


@router.get("/transparency/{reference}", response=StatementOut, auth=None)
def show_share(request: HttpRequest, reference: str) -> StatementOut:
    """Say in plain English what one agreement shares, why, and with what result."""
    agreement = queries.get_public_agreement(reference)
    told = statement_of(agreement, reader=asker(request))
    return StatementOut(
        share=_share(agreement),
        what=list(told.what),
        columns=list(told.columns),
        benefit=told.benefit,
        results_may=told.results,
        copies_destroyed_by=told.last_day_of_copies,
        released=[
            output.released_as.slug
            for output in queries.released_by(agreement.project)
            if output.released_as
        ],
        terms_sha256=told.terms_sha256,
        event=queries.acceptance_number(agreement),
    )


@router.get("/projects/{reference}/outcomes", response=list[OutcomeOut], auth=API_AUTH)
def outcomes(request: HttpRequest, reference: str) -> list[OutcomeOut]:
    """List what came of a project, newest first."""
    project = get_project(reference, person=signed_in_person(request))
    return [_outcome(outcome) for outcome in queries.outcomes_of(project)]


@router.post(
    "/projects/{reference}/outcomes", response={201: OutcomeOut}, auth=API_AUTH
)
def add_outcome(
    request: HttpRequest, reference: str, body: OutcomeIn
) -> Status[OutcomeOut]:
    """Record a result of a project and credit the holders; for its members."""
    person = signed_in_person(request)
    project = get_project(reference, person=person)
    made = record_outcome(project=project, by=person, at=now(), **body.dict())
    return Status(201, _outcome(made))


def _report(period: Period) -> queries.Report:
    if period.body:
        get_organisation(period.body)
    return queries.report(
        at=now(), holder=period.body, since=period.since, until=period.until
    )


def _counts(counts: Counts) -> CountsOut:
    return CountsOut.from_orm(counts)


def _holders(report: queries.Report) -> list[HolderProgressOut]:
    return [
        HolderProgressOut(
            holder=each.holder,
            name=report.name(each.holder),
            counts=_counts(each.counts),
            steps=[StepOut.from_orm(step) for step in each.steps],
        )
        for each in report.progress.holders
    ]


def _overdue(report: queries.Report) -> list[OverdueOut]:
    return [
        OverdueOut(
            flow=each.flow,
            holder=each.holder,
            asker=each.asker,
            due_at=each.due_at,
            days_late=each.days_late,
            step=each.rung,
            who_answers=who_answers(each.rung, report.name(each.holder)),
        )
        for each in report.progress.overdue
    ]


def _share(agreement: Agreement) -> ShareOut:
    line = line_of(agreement)
    return ShareOut(
        reference=line.reference,
        state=line.state,
        holder=line.holder,
        holder_slug=line.holder_slug,
        recipient=line.recipient,
        recipient_slug=line.recipient_slug,
        data=line.data,
        project=line.project,
        purpose_kind=line.kind,
        purpose=line.purpose,
        legal_route=line.citation,
        route_id=line.route_id,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        ended_on=line.ended_on,
        results=list(line.results),
    )


def _outcome(outcome: Outcome) -> OutcomeOut:
    credited: list[Any] = list(outcome.credits.all())
    return OutcomeOut(
        reference=outcome.reference,
        project=outcome.project.reference,
        title=outcome.title,
        description=outcome.description,
        measure=outcome.measure,
        value=outcome.value,
        evidence_link=outcome.evidence_link,
        preparation_cost=outcome.preparation_cost,
        at=outcome.at,
        holders=sorted(credit.organisation.slug for credit in credited),
    )
