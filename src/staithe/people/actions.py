"""Every write to organisations, people, roles, invitations, tokens and the inbox.

`by` is a person, or None for the service itself (`staithe init`, the demo). Events
name people by reference only: names and email addresses stay in this room's tables.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.base.ids import new_token, to_slug
from staithe.ledger.actions import SERVICE, action, record
from staithe.people import policies
from staithe.people.models import (
    ApiToken,
    Invitation,
    Membership,
    Notice,
    Organisation,
    OrganisationKind,
    Person,
)
from staithe.people.passwords import check_is_hash
from staithe.people.permissions import Permission, check
from staithe.people.tokens import (
    SHOWN_CHARACTERS,
    hash_secret,
    new_api_secret,
    open_tokens,
)


INVITATION_DAYS = 7
TOKEN_DAYS = 90
MAX_TOKEN_DAYS = 365
MAX_TOKENS = 20


@action("people:organisation:created")
def create_organisation(
    *,
    name: str,
    kind: str,
    by: Person | None,
    at: datetime,
    slug: str = "",
    description: str = "",
    contact_email: str = "",
    is_operator: bool = False,
) -> Organisation:
    """Add an organisation; BadInput or Conflict where its name cannot be used."""
    if by is not None:
        check(by, Permission.MANAGE_ORGANISATIONS)
    name = _required(name, field="name", what="the name of the organisation")
    if kind not in OrganisationKind.values:
        raise BadInput(f"{kind!r} is not a kind of organisation.", field="kind")
    slug = slug or to_slug(name)
    _check_organisation_is_new(name, slug)
    if is_operator and Organisation.objects.filter(is_operator=True).exists():
        raise Conflict("This service already has an organisation that runs it.")
    organisation = Organisation.objects.create(
        slug=slug,
        name=name,
        kind=kind,
        description=description,
        contact_email=_email(contact_email) if contact_email else "",
        is_operator=is_operator,
        created_at=at,
    )
    record(
        by=by,
        at=at,
        subject=organisation.ledger_id,
        organisation=slug,
        name=name,
        kind=kind,
        is_operator=is_operator,
    )
    return organisation


@action("people:organisation:edited")
def edit_organisation(
    *,
    organisation: Organisation,
    description: str,
    contact_email: str,
    by: Person | None,
    at: datetime,
) -> Organisation:
    """Change what an organisation says of itself."""
    policies.check_manages(by, organisation)
    organisation.description = description
    organisation.contact_email = _email(contact_email) if contact_email else ""
    organisation.save(update_fields=["description", "contact_email"])
    record(by=by, at=at, subject=organisation.ledger_id, organisation=organisation.slug)
    return organisation


@action("people:person:created")
def create_person(
    *, email: str, name: str, password_hash: str, by: Person | None, at: datetime
) -> Person:
    """Make an account; the hash comes from `passwords.hash_password`."""
    if by is not None:
        check(by, Permission.MANAGE_ORGANISATIONS)
    check_is_hash(password_hash)
    email = _email(email)
    if Person.objects.filter(email=email).exists():
        raise Conflict("Someone already has an account with this email address.")
    person = Person.objects.create(
        email=email,
        name=_required(name, field="name", what="the person’s name"),
        password=password_hash,
        created_at=at,
    )
    record(by=by, at=at, subject=person.ledger_id)
    return person


@action("people:membership:started")
def add_member(
    *,
    person: Person,
    organisation: Organisation,
    role: str,
    by: Person | None,
    at: datetime,
) -> Membership:
    """Give a person a role at an organisation; Conflict where they hold it."""
    policies.check_may_give(by, organisation=organisation, email=person.email)
    role = policies.check_role(role)
    held = Membership.objects.filter(
        person=person, organisation=organisation, role=role, ended_at=None
    )
    if held.exists():
        raise Conflict(f"{person.name} already has this role at {organisation.name}.")
    membership = Membership.objects.create(
        person=person, organisation=organisation, role=role, created_at=at
    )
    record(
        by=by,
        at=at,
        subject=person.ledger_id,
        organisation=organisation.slug,
        person=person.ledger_id,
        role=role,
    )
    return membership


@action("people:membership:ended")
def end_membership(
    *, membership: Membership, by: Person | None, at: datetime
) -> Membership:
    """Take a role away; Conflict for an organisation's last administrator."""
    policies.check_manages(by, membership.organisation)
    row = Membership.objects.select_for_update().get(pk=membership.pk)
    if row.ended_at:
        raise Conflict("This role has already ended.")
    policies.check_not_last_administrator(row)
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    record(
        by=by,
        at=at,
        subject=row.person.ledger_id,
        organisation=row.organisation.slug,
        person=row.person.ledger_id,
        role=row.role,
    )
    return row


@action("people:invitation:sent")
def invite(
    *,
    organisation: Organisation,
    role: str,
    email: str,
    name: str,
    by: Person | None,
    at: datetime,
    days: int = INVITATION_DAYS,
) -> tuple[Invitation, str]:
    """Invite someone; return the invitation and the secret of its link, shown once.

    An earlier open invitation to the same role and address stops working.
    """
    email = _email(email)
    policies.check_may_give(by, organisation=organisation, email=email)
    role = policies.check_role(role)
    _check_not_member(organisation, role, email)
    Invitation.objects.filter(
        organisation=organisation,
        role=role,
        email=email,
        accepted_at=None,
        revoked_at=None,
    ).update(revoked_at=at)
    secret = new_token()
    invitation = Invitation.objects.create(
        organisation=organisation,
        role=role,
        email=email,
        name=_required(name, field="name", what="the person’s name"),
        token_hash=hash_secret(secret),
        created_at=at,
        created_by=by.ledger_id if by else SERVICE,
        expires_at=at + timedelta(days=days),
    )
    record(
        by=by,
        at=at,
        subject=invitation.ledger_id,
        organisation=organisation.slug,
        role=role,
        expires_at=invitation.expires_at,
    )
    return invitation, secret


@action("people:invitation:revoked")
def revoke_invitation(
    *, invitation: Invitation, by: Person | None, at: datetime
) -> Invitation:
    """Make an invitation's link stop working."""
    policies.check_manages(by, invitation.organisation)
    row = Invitation.objects.select_for_update().get(pk=invitation.pk)
    policies.check_open(row, at=at)
    row.revoked_at = at
    row.save(update_fields=["revoked_at"])
    record(by=by, at=at, subject=row.ledger_id, organisation=row.organisation.slug)
    return row


@action("people:invitation:accepted")
def accept_invitation(
    *,
    invitation: Invitation,
    at: datetime,
    person: Person | None = None,
    name: str = "",
    password_hash: str = "",
) -> Person:
    """Accept an invitation once: as `person`, or by making the account it names.

    The account and the role are the service's acts, by authority of the invitation.
    """
    row = Invitation.objects.select_for_update().get(pk=invitation.pk)
    policies.check_open(row, at=at)
    if person is None:
        person = create_person(
            email=row.email,
            name=name or row.name,
            password_hash=password_hash,
            by=None,
            at=at,
        )
    if person.email != row.email:
        raise NotAllowed("This invitation is for another email address.")
    add_member(
        person=person, organisation=row.organisation, role=row.role, by=None, at=at
    )
    row.accepted_at, row.accepted_by = at, person
    row.save(update_fields=["accepted_at", "accepted_by"])
    record(
        by=person,
        at=at,
        subject=row.ledger_id,
        organisation=row.organisation.slug,
        person=person.ledger_id,
        role=row.role,
    )
    return person


@action("people:password:changed")
def change_password(
    *,
    person: Person,
    password_hash: str,
    by: Person,
    at: datetime,
    end_tokens: bool = True,
) -> Person:
    """Store a person's own new password; every other session of theirs ends.

    With `end_tokens` their API tokens stop working too. NotAllowed for anyone else.
    """
    if by != person:
        raise NotAllowed("Only you can change your password.")
    check_is_hash(password_hash)
    person.password = password_hash
    person.save(update_fields=["password"])
    ended = open_tokens(person, at=at).update(revoked_at=at) if end_tokens else 0
    record(by=by, at=at, subject=person.ledger_id, tokens_ended=ended)
    return person


@action("people:token:created")
def create_token(
    *, person: Person, name: str, by: Person, at: datetime, days: int = TOKEN_DAYS
) -> tuple[ApiToken, str]:
    """Make a token for the API; return it and its secret, shown once."""
    if by != person:
        raise NotAllowed("You can make tokens only for yourself.")
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise BadInput(
            f"A token can last from 1 to {MAX_TOKEN_DAYS} days.", field="days"
        )
    if open_tokens(person, at=at).count() >= MAX_TOKENS:
        raise Conflict(f"You have {MAX_TOKENS} tokens: revoke one that you do not use.")
    secret = new_api_secret()
    token = ApiToken.objects.create(
        person=person,
        name=_required(name, field="name", what="a name for the token"),
        token_hash=hash_secret(secret),
        prefix=secret[:SHOWN_CHARACTERS],
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    record(by=by, at=at, subject=token.ledger_id, expires_at=token.expires_at)
    return token, secret


@action("people:token:revoked")
def revoke_token(*, token: ApiToken, by: Person, at: datetime) -> ApiToken:
    """Make a token stop working at once."""
    if token.person_id != by.pk:
        raise NotAllowed("You can revoke only your own tokens.")
    row = ApiToken.objects.select_for_update().get(pk=token.pk)
    if row.revoked_at:
        raise Conflict("This token was revoked before.")
    row.revoked_at = at
    row.save(update_fields=["revoked_at"])
    record(by=by, at=at, subject=row.ledger_id)
    return row


@action("people:notices:read")
def mark_notices_read(
    *, person: Person, at: datetime, notice: Notice | None = None
) -> int:
    """Mark one notice of a person read, or all; return how many were unread."""
    if notice is not None and notice.person_id != person.pk:
        raise NotAllowed("This notice is for someone else.")
    unread = Notice.objects.filter(person=person, read_at=None, at__lte=at)
    changed = (unread.filter(pk=notice.pk) if notice else unread).update(read_at=at)
    record(
        by=person,
        at=at,
        subject=person.ledger_id,
        notice=notice.reference if notice else None,
        read=changed,
    )
    return changed


def _check_organisation_is_new(name: str, slug: str) -> None:
    same = Organisation.objects.filter(name__iexact=name).exists()
    if same or Organisation.objects.filter(slug=slug).exists():
        raise Conflict(
            "There is an organisation with this name, or one too like it.",
            field="name",
        )


def _check_not_member(organisation: Organisation, role: str, email: str) -> None:
    held = Membership.objects.filter(
        organisation=organisation, role=role, person__email=email, ended_at=None
    )
    if held.exists():
        raise Conflict("This person already has this role here.", field="email")


def _required(text: str, *, field: str, what: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise BadInput(f"Enter {what}.", field=field)
    if len(text) > 200:  # noqa: PLR2004  the length of the column
        raise BadInput(f"Shorten {what} to 200 characters.", field=field)
    return text


def _email(text: str) -> str:
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadInput(
            "Enter an email address in the correct format, like name@example.com.",
            field="email",
        ) from error
    return email
