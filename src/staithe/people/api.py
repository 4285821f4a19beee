"""People, organisations and tokens for programs."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema, Status

from staithe.base.clock import now
from staithe.people import actions, queries
from staithe.people.models import ApiToken, Membership, Organisation
from staithe.people.permissions import Permission, organisations_where
from staithe.people.roles import Role
from staithe.people.tokens import API_AUTH, signed_in_person


router = Router(tags=["people"])


class OrganisationOut(Schema):
    """An organisation as anyone may see it."""

    slug: str
    name: str
    kind: str
    description: str


class RoleOut(Schema):
    """A role that a person holds at an organisation."""

    organisation: str
    role: str
    permissions: list[str]


class MeOut(Schema):
    """The person whose token or session this is."""

    reference: str
    name: str
    email: str
    roles: list[RoleOut]
    unread_notices: int


class TokenOut(Schema):
    """A token without its secret."""

    reference: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class TokenIn(Schema):
    """What a new token is for and how long it lasts, in days."""

    name: str
    days: int = actions.TOKEN_DAYS


class NewTokenOut(TokenOut):
    """A new token with its secret, shown this once."""

    secret: str


class OrganisationIn(Schema):
    """An organisation to add."""

    name: str
    kind: str
    description: str = ""
    contact_email: str = ""


class InvitationIn(Schema):
    """Whom to invite to an organisation."""

    name: str
    email: str
    role: str


class InvitationOut(Schema):
    """An invitation; `path` opens it and is shown this once."""

    reference: str
    role: str
    expires_at: datetime
    path: str


@router.get("/me", response=MeOut, auth=API_AUTH)
def me(request: HttpRequest) -> MeOut:
    """Say who I am and what I may do where."""
    person = signed_in_person(request)
    return MeOut(
        reference=person.public_id,
        name=person.name,
        email=person.email,
        roles=[_role(row) for row in queries.active_memberships(person)],
        unread_notices=queries.count_unread(person),
    )


@router.get("/organisations", response=list[OrganisationOut], auth=None)
def organisations(
    request: HttpRequest,
) -> list[Organisation]:
    """List the organisations of this service."""
    return queries.all_organisations()


@router.post("/organisations", response={201: OrganisationOut}, auth=API_AUTH)
def add_organisation(
    request: HttpRequest, body: OrganisationIn
) -> Status[Organisation]:
    """Add an organisation; for the administrator of the service."""
    by = signed_in_person(request)
    made = actions.create_organisation(by=by, at=now(), **body.dict())
    return Status(201, made)


@router.get("/organisations/managed", response=list[OrganisationOut], auth=API_AUTH)
def managed(request: HttpRequest) -> list[Organisation]:
    """List the organisations whose people I manage."""
    person = signed_in_person(request)
    return list(organisations_where(person, Permission.MANAGE_PEOPLE))


@router.post(
    "/organisations/{slug}/invitations", response={201: InvitationOut}, auth=API_AUTH
)
def invite(
    request: HttpRequest, slug: str, body: InvitationIn
) -> Status[InvitationOut]:
    """Invite someone to an organisation."""
    made, secret = actions.invite(
        organisation=queries.get_organisation(slug),
        by=signed_in_person(request),
        at=now(),
        **body.dict(),
    )
    shown = InvitationOut(
        reference=made.reference,
        role=made.role,
        expires_at=made.expires_at,
        path=f"/invitations/{secret}",
    )
    return Status(201, shown)


@router.get("/tokens", response=list[TokenOut], auth=API_AUTH)
def tokens(request: HttpRequest) -> list[ApiToken]:
    """List my tokens that work."""
    return list(queries.open_tokens(signed_in_person(request), at=now()))


@router.post("/tokens", response={201: NewTokenOut}, auth=API_AUTH)
def add_token(request: HttpRequest, body: TokenIn) -> Status[NewTokenOut]:
    """Make a token; its secret is in this answer and nowhere else."""
    person = signed_in_person(request)
    token, secret = actions.create_token(
        person=person, by=person, at=now(), **body.dict()
    )
    shown = TokenOut.from_orm(token).dict()
    return Status(201, NewTokenOut(secret=secret, **shown))


@router.delete("/tokens/{reference}", response={204: None}, auth=API_AUTH)
def remove_token(request: HttpRequest, reference: str) -> Status[None]:
    """Make one of my tokens stop working."""
    person = signed_in_person(request)
    token = queries.get_own_token(reference, person=person)
    actions.revoke_token(token=token, by=person, at=now())
    return Status(204, None)


def _role(row: Membership) -> RoleOut:
    return RoleOut(
        organisation=row.organisation.slug,
        role=row.role,
        permissions=sorted(Role(row.role).definition.permissions),
    )
