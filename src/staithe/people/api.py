"""People, organisations and tokens for programs."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Router, Schema, Status

from staithe.base.clock import now
from staithe.people import actions, queries
from staithe.people.models import (
    ApiToken,
    Invitation,
    Membership,
    Notice,
    Organisation,
)
from staithe.people.permissions import Permission, check, organisations_where
from staithe.people.roles import Role
from staithe.people.tokens import API_AUTH, signed_in_person


router = Router(tags=["people"])

AT_ONCE = 100
FURTHEST = 10**9  # a database counts no further than it must


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


class OpenInvitationOut(Schema):
    """An invitation that nobody has accepted yet."""

    reference: str
    name: str
    email: str
    role: str
    expires_at: datetime


class InvitationOut(Schema):
    """An invitation; `path` opens it and is shown this once."""

    reference: str
    role: str
    expires_at: datetime
    path: str


class ColleagueOut(Schema):
    """A person at an organisation and the roles held there now."""

    person: str
    name: str
    email: str
    roles: list[str]


class NoticeOut(Schema):
    """Something you were told; `link` is the page that it is about."""

    reference: str
    at: datetime
    title: str
    body: str
    link: str
    read_at: datetime | None


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


@router.get(
    "/organisations/{slug}/invitations",
    response=list[OpenInvitationOut],
    auth=API_AUTH,
)
def invitations(request: HttpRequest, slug: str) -> list[Invitation]:
    """List who is invited to an organisation and has not answered."""
    found = _managed(request, slug)
    return list(queries.open_invitations(found, at=now()))


@router.delete("/invitations/{reference}", response={204: None}, auth=API_AUTH)
def revoke_invitation(request: HttpRequest, reference: str) -> Status[None]:
    """Make an invitation's link stop working."""
    found = queries.get_invitation(reference)
    actions.revoke_invitation(invitation=found, by=signed_in_person(request), at=now())
    return Status(204, None)


@router.get("/organisations/{slug}/people", response=list[ColleagueOut], auth=API_AUTH)
def people(request: HttpRequest, slug: str) -> list[ColleagueOut]:
    """List the people of an organisation that I manage."""
    return [
        ColleagueOut(
            person=each.person.public_id,
            name=each.person.name,
            email=each.person.email,
            roles=[row.role for row in each.memberships],
        )
        for each in queries.colleagues(_managed(request, slug))
    ]


@router.delete(
    "/organisations/{slug}/people/{person}/{role}",
    response={204: None},
    auth=API_AUTH,
)
def end_membership(
    request: HttpRequest, slug: str, person: str, role: str
) -> Status[None]:
    """Take a role away from a person."""
    _managed(request, slug)
    found = queries.get_membership(person, slug, role)
    actions.end_membership(membership=found, by=signed_in_person(request), at=now())
    return Status(204, None)


@router.get("/notices", response=list[NoticeOut], auth=API_AUTH)
def notices(
    request: HttpRequest,
    unread: bool = False,  # noqa: FBT001, FBT002  a query parameter
    offset: int = 0,
) -> list[Notice]:
    """List what I was told, newest first, a hundred at a time from `offset`."""
    found = queries.inbox(signed_in_person(request))
    if unread:
        found = found.filter(read_at=None)
    start = max(0, min(offset, FURTHEST))
    return list(found[start : start + AT_ONCE])


@router.post("/notices/read", response={204: None}, auth=API_AUTH)
def read_notices(request: HttpRequest) -> Status[None]:
    """Mark all my notices read."""
    actions.mark_notices_read(person=signed_in_person(request), at=now())
    return Status(204, None)


@router.post("/notices/{reference}/read", response=NoticeOut, auth=API_AUTH)
def read_notice(request: HttpRequest, reference: str) -> Notice:
    """Mark one of my notices read."""
    person = signed_in_person(request)
    notice = queries.get_own_notice(reference, person=person)
    if notice.read_at is None:
        actions.mark_notices_read(person=person, notice=notice, at=now())
        notice.refresh_from_db()
    return notice


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


def _managed(request: HttpRequest, slug: str) -> Organisation:
    """Return an organisation whose people I manage; NotFound, NotAllowed."""
    found = queries.get_organisation(slug)
    check(signed_in_person(request), Permission.MANAGE_PEOPLE, found)
    return found


def _role(row: Membership) -> RoleOut:
    return RoleOut(
        organisation=row.organisation.slug,
        role=row.role,
        permissions=sorted(Role(row.role).definition.permissions),
    )
