"""Analysis over the API: ask, read the protected answer, review, release."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from staithe.analysis.actions import (
    look_at_refusals,
    release_output,
    review_output,
    submit_output,
    withdraw_output,
)
from staithe.analysis.asking import ask
from staithe.analysis.models import Output, Query
from staithe.analysis.queries import (
    get_output,
    get_project,
    get_query,
    outputs_for,
    queries_of,
    votes_shown,
)
from staithe.base.clock import now
from staithe.exchange.queries import get_own_project, project_tables
from staithe.people.tokens import API_AUTH, signed_in_person


router = Router(tags=["analysis"])
MOST = 100
FURTHEST = 10**9  # a database counts no further than it must


class TableOut(Schema):
    """A table that may be asked."""

    name: str
    columns: list[str]
    rows: int


class TableIn(Schema):
    """What divides the table and what its cells show: count, records or sum:COLUMN."""

    rows: str
    columns: str | None = None
    measure: str = "count"


class QuestionIn(Schema):
    """A question in SQL and the table to make of its rows."""

    title: str
    sql: str
    table: TableIn


class QuestionOut(Schema):
    """A question with its protected answer, and what it was compared with."""

    reference: str
    title: str
    state: str
    problem: str
    table: dict[str, Any]
    csv: str
    explanation: list[str]
    compared: str
    milliseconds: int
    at: datetime


class LookIn(Schema):
    """What a reviewer looked at and found."""

    comment: str


class OutputIn(Schema):
    """What an output is."""

    title: str
    description: str


class VoteIn(Schema):
    """A reviewer's vote: approve, return or reject."""

    vote: str
    comment: str


class VoteOut(Schema):
    """A vote, shown once all are in."""

    reviewer: str
    vote: str
    comment: str
    at: datetime


class OutputOut(Schema):
    """An output on its way out."""

    reference: str
    query: str
    title: str
    description: str
    state: str
    submitted_at: datetime
    votes: list[VoteOut]
    released_as: str


@router.get("/projects/{reference}/tables", response=list[TableOut], auth=API_AUTH)
def list_tables(request: HttpRequest, reference: str) -> list[TableOut]:
    """List the tables that you may ask now."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    return [
        TableOut(name=table.name, columns=list(table.columns), rows=table.rows)
        for table in project_tables(project, person=person, at=now())
    ]


@router.get("/projects/{reference}/queries", response=list[QuestionOut], auth=API_AUTH)
def list_questions(
    request: HttpRequest, reference: str, offset: int = 0
) -> list[QuestionOut]:
    """List a project's questions, newest first, a hundred at a time from `offset`."""
    project = get_own_project(reference, person=signed_in_person(request))
    start = max(0, min(offset, FURTHEST))
    return [_question(query) for query in queries_of(project)[start : start + MOST]]


@router.post(
    "/projects/{reference}/queries", response={201: QuestionOut}, auth=API_AUTH
)
def ask_question(
    request: HttpRequest, reference: str, body: QuestionIn
) -> Status[QuestionOut]:
    """Ask; the answer is the protected table, or the reason there is none."""
    person = signed_in_person(request)
    query = ask(
        project=get_own_project(reference, person=person),
        title=body.title,
        sql=body.sql,
        table=body.table.dict(),
        by=person,
        at=now(),
    )
    return Status(201, _question(query))


@router.post("/projects/{reference}/refusals/looked", auth=API_AUTH)
def look(request: HttpRequest, reference: str, body: LookIn) -> dict[str, str]:
    """Say, as a reviewer, that you looked at what was refused: the project asks on."""
    person = signed_in_person(request)
    project = get_project(reference)
    look_at_refusals(project=project, comment=body.comment, by=person, at=now())
    return {"project": project.reference}


@router.get("/queries/{reference}", response=QuestionOut, auth=API_AUTH)
def read_question(request: HttpRequest, reference: str) -> QuestionOut:
    """Read a question and its protected answer."""
    return _question(get_query(reference, person=signed_in_person(request)))


@router.post("/queries/{reference}/output", response={201: OutputOut}, auth=API_AUTH)
def submit(request: HttpRequest, reference: str, body: OutputIn) -> Status[OutputOut]:
    """Send an answer to two reviewers."""
    person = signed_in_person(request)
    output = submit_output(
        query=get_query(reference, person=person), by=person, at=now(), **body.dict()
    )
    return Status(201, _output(output, request))


@router.get("/outputs", response=list[OutputOut], auth=API_AUTH)
def list_outputs(
    request: HttpRequest, state: str = "", offset: int = 0
) -> list[OutputOut]:
    """List the outputs you may see, a hundred at a time from `offset`."""
    found = outputs_for(signed_in_person(request))
    if state:
        found = found.filter(state=state)
    start = max(0, min(offset, FURTHEST))
    return [_output(output, request) for output in found[start : start + MOST]]


@router.get("/outputs/{reference}", response=OutputOut, auth=API_AUTH)
def read_output(request: HttpRequest, reference: str) -> OutputOut:
    """Read an output."""
    return _output(get_output(reference, person=signed_in_person(request)), request)


@router.post("/outputs/{reference}/reviews", response={201: OutputOut}, auth=API_AUTH)
def review(request: HttpRequest, reference: str, body: VoteIn) -> Status[OutputOut]:
    """Vote on an output."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    review_output(output=output, by=person, at=now(), **body.dict())
    output.refresh_from_db()
    return Status(201, _output(output, request))


@router.post("/outputs/{reference}/release", response=OutputOut, auth=API_AUTH)
def release(request: HttpRequest, reference: str) -> OutputOut:
    """Publish an approved output as open data."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    return _output(release_output(output=output, by=person, at=now()), request)


@router.post("/outputs/{reference}/withdraw", response=OutputOut, auth=API_AUTH)
def withdraw(request: HttpRequest, reference: str) -> OutputOut:
    """Take your output back."""
    person = signed_in_person(request)
    output = get_output(reference, person=person)
    return _output(withdraw_output(output=output, by=person, at=now()), request)


def _question(query: Query) -> QuestionOut:
    result = query.result or {"csv": "", "explanation": []}
    beside = result.get("beside") or {}
    return QuestionOut(
        reference=query.reference,
        title=query.title,
        state=query.state,
        problem=query.problem,
        table=query.table,
        csv=result["csv"],
        explanation=result["explanation"],
        compared=beside.get("sentence", ""),
        milliseconds=query.milliseconds,
        at=query.at,
    )


def _output(output: Output, request: HttpRequest) -> OutputOut:
    votes = votes_shown(output, person=signed_in_person(request))
    return OutputOut(
        reference=output.reference,
        query=output.query.reference,
        title=output.title,
        description=output.description,
        state=output.state,
        submitted_at=output.submitted_at,
        votes=[
            VoteOut(
                reviewer=vote.reviewer.name,
                vote=vote.vote,
                comment=vote.comment,
                at=vote.at,
            )
            for vote in votes
        ],
        released_as=output.released_as.slug if output.released_as else "",
    )
