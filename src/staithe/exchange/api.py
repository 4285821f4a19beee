"""The exchange over the API: grants, tokens, joins."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from staithe.base.clock import now
from staithe.base.errors import NotFound
from staithe.exchange.actions import (
    ask_join,
    issue_recipient,
    prepare_again,
    revoke_recipient,
    stop_join,
)
from staithe.exchange.judging import USUAL, have_judged
from staithe.exchange.models import Grant, Join, Recipient
from staithe.exchange.queries import (
    find_grant,
    get_grant_to_mend,
    get_grant_to_read,
    get_join,
    get_own_project,
    grants_of,
    tokens_of,
)
from staithe.exchange.sharing_server import names_of
from staithe.exchange.web import profile_text
from staithe.people.tokens import API_AUTH, signed_in_person


router = Router(tags=["exchange"])
MOST = 100


class GrantOut(Schema):
    """A grant as its project's members see it."""

    reference: str
    agreement: str
    state: str
    table: str
    table_version: int
    rows: int
    columns: list[str]
    expires_at: datetime
    problem: str


class JoinIn(Schema):
    """How to link: a specification in YAML, or nothing."""

    specification: str = ""


class JudgeIn(Schema):
    """How many pairs two people are to judge."""

    size: int = USUAL


class ReviewStartedOut(Schema):
    """The review that was started; read it at /reviews/{reference}."""

    reference: str


class JoinOut(Schema):
    """A join and, when it is done, its report."""

    number: int
    state: str
    grants: list[str]
    problem: str
    report: dict[str, Any]


class ShareTokenOut(Schema):
    """A Delta Sharing token without its secret."""

    number: int = Field(validation_alias="pk")
    prefix: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class ProfileOut(Schema):
    """A Delta Sharing profile and the name of the table to load."""

    profile: str
    table: str


@router.get("/projects/{reference}/grants", response=list[GrantOut], auth=API_AUTH)
def list_grants(request: HttpRequest, reference: str) -> list[GrantOut]:
    """List a project's grants."""
    project = get_own_project(reference, person=signed_in_person(request))
    return [_grant_out(grant) for grant in grants_of(project)]


@router.get("/projects/{reference}/joins", response=list[JoinOut], auth=API_AUTH)
def list_joins(request: HttpRequest, reference: str) -> list[JoinOut]:
    """List a project's joins, the newest first."""
    project = get_own_project(reference, person=signed_in_person(request))
    return [_join_out(join) for join in project.joins.order_by("-number")[:MOST]]


@router.post("/projects/{reference}/joins", response={202: JoinOut}, auth=API_AUTH)
def start_join(request: HttpRequest, reference: str, body: JoinIn) -> Status[JoinOut]:
    """Ask for a project's data to be joined; poll the join until it is done."""
    person = signed_in_person(request)
    project = get_own_project(reference, person=person)
    text = body.specification.strip()
    join = ask_join(
        project=project,
        specification={"yaml": text} if text else None,
        by=person,
        at=now(),
    )
    return Status(202, _join_out(join))


@router.get("/projects/{reference}/joins/{number}", response=JoinOut, auth=API_AUTH)
def read_join(request: HttpRequest, reference: str, number: int) -> JoinOut:
    """Read one join."""
    project = get_own_project(reference, person=signed_in_person(request))
    return _join_out(get_join(project, number))


@router.post(
    "/projects/{reference}/joins/{number}/stop", response=JoinOut, auth=API_AUTH
)
def stop_joining(request: HttpRequest, reference: str, number: int) -> JoinOut:
    """Stop a join that has not finished; nothing is changed."""
    person = signed_in_person(request)
    join = get_join(get_own_project(reference, person=person), number)
    return _join_out(stop_join(join=join, by=person, at=now()))


@router.get(
    "/agreements/{reference}/tokens", response=list[ShareTokenOut], auth=API_AUTH
)
def list_tokens(request: HttpRequest, reference: str) -> list[Recipient]:
    """List your Delta Sharing tokens of an agreement, without their secrets."""
    person = signed_in_person(request)
    grant = get_grant_to_read(reference, person=person, at=now())
    return tokens_of(grant, person=person)


@router.delete(
    "/agreements/{reference}/tokens/{number}", response={204: None}, auth=API_AUTH
)
def end_token(request: HttpRequest, reference: str, number: int) -> Status[None]:
    """End one of your tokens: clients that use it stop at their next request."""
    person = signed_in_person(request)
    grant = get_grant_to_read(reference, person=person, at=now())
    mine = (each for each in tokens_of(grant, person=person) if each.pk == number)
    recipient = next(mine, None)
    if recipient is None:
        raise NotFound("You have no such token for this agreement.")
    revoke_recipient(recipient=recipient, by=person, at=now())
    return Status(204, None)


@router.post(
    "/projects/{reference}/joins/{number}/runs/{run}/reviews",
    response={201: ReviewStartedOut},
    auth=API_AUTH,
)
def start_review(
    request: HttpRequest, reference: str, number: int, run: int, body: JudgeIn
) -> Status[ReviewStartedOut]:
    """Have pairs of one linkage of a join judged by two people; `run` counts from 1."""
    person = signed_in_person(request)
    join = get_join(get_own_project(reference, person=person), number)
    review = have_judged(join=join, run=run - 1, size=body.size, by=person, at=now())
    return Status(201, ReviewStartedOut(reference=review.reference))


@router.post(
    "/agreements/{reference}/tokens", response={201: ProfileOut}, auth=API_AUTH
)
def make_token(request: HttpRequest, reference: str) -> Status[ProfileOut]:
    """Make a Delta Sharing profile for yourself; the token is given once."""
    person = signed_in_person(request)
    grant = get_grant_to_read(reference, person=person, at=now())
    recipient, token = issue_recipient(grant=grant, by=person, at=now())
    names = names_of(grant)
    table = f"{names.share}.{names.schema}.{names.table}"
    profile = profile_text(recipient, token)
    return Status(201, ProfileOut(profile=profile, table=table))


@router.post(
    "/agreements/{reference}/grant/prepare", response={202: GrantOut}, auth=API_AUTH
)
def prepare(request: HttpRequest, reference: str) -> Status[GrantOut]:
    """Have the data of an agreement prepared again where that failed."""
    person = signed_in_person(request)
    grant = get_grant_to_mend(reference, person=person)
    return Status(202, _grant_out(prepare_again(grant=grant, by=person, at=now())))


@router.get("/agreements/{reference}/grant", response=GrantOut, auth=API_AUTH)
def read_grant(request: HttpRequest, reference: str) -> GrantOut:
    """Read the grant of an agreement."""
    person = signed_in_person(request)
    grant = find_grant(reference)
    if grant is None:
        raise NotFound("This agreement has no grant yet.")
    get_own_project(grant.project.reference, person=person)
    return _grant_out(grant)


def _grant_out(grant: Grant) -> GrantOut:
    return GrantOut(
        reference=grant.reference,
        agreement=grant.agreement.reference,
        state=grant.state,
        table=grant.table_name,
        table_version=grant.table_version,
        rows=grant.rows,
        columns=grant.compiled["columns"],
        expires_at=grant.expires_at,
        problem=grant.problem,
    )


def _join_out(join: Join) -> JoinOut:
    return JoinOut(
        number=join.number,
        state=join.state,
        grants=join.grants,
        problem=join.problem,
        report=join.report,
    )
