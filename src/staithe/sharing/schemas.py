"""The shapes that programs send and receive about asking and agreeing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field


Item = TypeVar("Item")


def _without_nul(text: str) -> str:
    """Refuse U+0000, which no database of ours stores in text."""
    if "\x00" in text:
        raise ValueError("must not hold the character U+0000")
    return text


Text = Annotated[str, AfterValidator(_without_nul)]


class Input(Schema):
    """What a program sends: a field that is not known is refused, not ignored."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class PageOut(Schema, Generic[Item]):
    """One page of a list."""

    items: list[Item]
    total: int
    page: int
    size: int


class ProjectIn(Input):
    """A project to start."""

    title: Text
    organisation: Text = Field(description="Slug of the organisation that asks")
    purpose_code: Text
    purpose: Text
    benefit: Text
    benefit_measure: Text = ""


class MemberIn(Input):
    """Who joins a project."""

    person: Text = Field(description="Reference of the person, P-…")


class CandidateOut(Schema):
    """A person who could join a project."""

    person: str
    name: str


class MemberOut(Schema):
    """A person who works on a project."""

    person: str
    name: str
    added_at: datetime


class ProjectOut(Schema):
    """A project: one purpose, many agreements."""

    reference: str
    title: str
    organisation: str
    lead: str
    purpose_code: str
    purpose: str
    benefit: str
    benefit_measure: str
    created_at: datetime
    members: list[MemberOut]


class CostsIn(Input):
    """Costs and dates of a request; what is not sent stays as it is."""

    who_pays: Text = "requester"
    preparation_cost: int | None = Field(None, description="Whole pounds")
    impact_if_refused: Text = ""
    needed_by: date | None = None
    retention_until: date | None = Field(
        None, description="When copies are destroyed: stated before it is sent"
    )


class RequestIn(CostsIn):
    """A draft to open."""

    project: Text


class RouteIn(Input):
    """Which legal route, and why it fits."""

    route_id: Text
    reason: Text


class FlowEditIn(Input):
    """What is asked of one data set."""

    columns: list[Text]
    link_columns: list[Text] = []
    justification: Text = ""
    row_filter: dict[str, Any] | None = Field(
        None, description="{column, operator: = | in | >= | <=, value}"
    )


class FlowIn(FlowEditIn):
    """One data set to ask for."""

    asset: Text = Field(description="Slug or reference of the catalogue entry")


class DecisionOut(Schema):
    """The holder's answer."""

    outcome: str
    columns: list[str]
    link_columns: list[str]
    reason_code: str
    reason: str
    conditions: str
    review_on: date | None
    by: str
    at: datetime


class FlowOut(Schema):
    """What one request asks of one holder."""

    reference: str
    request: str
    asset: str
    asset_title: str
    holder: str
    columns: list[str]
    link_columns: list[str]
    identifying_columns: list[str]
    justification: str
    row_filter: dict[str, Any] | None
    route_id: str
    route_citation: str
    route_reason: str
    state: str
    step: str
    due_at: datetime | None
    working_days_waited: int
    decider: str | None
    decision: DecisionOut | None
    agreement: str | None


class RequestOut(Schema):
    """A request and its flows."""

    reference: str
    project: str
    organisation: str
    state: str
    who_pays: str
    preparation_cost: int | None
    impact_if_refused: str
    needed_by: date | None
    retention_until: date | None
    created_at: datetime
    submitted_at: datetime | None
    closed_at: datetime | None
    flows: list[FlowOut]


class MessageIn(Input):
    """A line to the other side."""

    text: Text
    flow: Text = Field("", description="Reference of the flow it is about")


class MessageOut(Schema):
    """A line of the conversation."""

    person: str
    flow: str
    text: str
    at: datetime


class EntryOut(Schema):
    """One thing that happened, from the ledger."""

    number: int
    at: datetime
    name: str
    title: str
    by: str
    body: str


class DecisionIn(Input):
    """An answer. With `ends_on`, a yes offers its terms at once."""

    outcome: Text = Field(description="agree | agree-in-part | refuse")
    reason: Text = ""
    columns: list[Text] | None = None
    link_columns: list[Text] | None = None
    reason_code: Text = ""
    conditions: Text = ""
    review_on: date | None = None
    ends_on: date | None = None
    output: dict[str, Any] | None = None
    rows_may_leave: bool = False


class OfferIn(Input):
    """Terms to offer for a flow that was agreed."""

    ends_on: date
    output: dict[str, Any] | None = None
    onward: Text = "checked-results"
    rows_may_leave: bool = Field(
        default=False, description="Whether the people named may fetch the rows."
    )


class AcceptIn(Input):
    """The SHA-256 of the terms that were read and are accepted."""

    terms_sha256: Text


class ReasonIn(Input):
    """Why an agreement is revoked or handed back."""

    reason: Text


class AgreementOut(Schema):
    """An agreement: its state and its terms."""

    reference: str
    flow: str
    project: str
    holder: str
    recipient: str
    state: str
    version: int
    terms: dict[str, Any]
    terms_sha256: str
    offered_at: datetime
    offered_by: str
    accepted_at: datetime | None
    accepted_by: str | None
    ends_on: date
    ended_at: datetime | None
    end_reason: str


class PrecedentOut(Schema):
    """An earlier decision on the same data or the same kind of purpose."""

    asset: str
    holder: str
    recipient: str
    purpose_code: str
    outcome: str
    reason_code: str
    at: datetime


class ReasonOut(Schema):
    """A ground for refusal."""

    code: str
    label: str
    applies_when: str
    way_forward: str
