"""Secrets in links and headers: made, hashed, looked up.

Each is 256 random bits, so one SHA-256 is enough and a look-up by its hash tells an
attacker nothing through time.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from ninja.security import HttpBearer, SessionAuth

from staithe.base import clock
from staithe.base.errors import NotFound, NotSignedIn
from staithe.base.ids import new_token
from staithe.people.models import ApiToken, Invitation, Person


if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


API_PREFIX = "staithe_"
SHOWN_CHARACTERS = len(API_PREFIX) + 4
# A token in steady use is noted this often: a write for every request is too dear.
NOTE_USE_EVERY = timedelta(minutes=10)

BAD_TOKEN = (
    "This token is not valid: it is mistyped, has expired or was revoked. "  # noqa: S105  a sentence
    "Make a new one on your account page."
)
BAD_LINK = (
    "This link does not work: it was used, has expired or was withdrawn. "
    "Ask the person who sent it for a new one."
)


def open_tokens(person: Person, *, at: datetime) -> QuerySet[ApiToken]:
    """Return the API tokens of a person that still work."""
    return person.api_tokens.filter(revoked_at=None, expires_at__gt=at)


def new_api_secret() -> str:
    """Return a new API token; its prefix lets secret scanners recognise it."""
    return API_PREFIX + new_token()


def hash_secret(secret: str) -> str:
    """Return what is stored of a secret: SHA-256 in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def authenticate_bearer(header: str, *, at: datetime) -> Person:
    """Return whom an `Authorization` header names, or raise NotSignedIn."""
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise NotSignedIn("Send your token as: Authorization: Bearer <token>")
    return _person_of(secret.strip(), at=at)


def asker(request: HttpRequest) -> Any:
    """Return who asks: by token, by session, or nobody; a bad token is refused."""
    header = request.headers.get("Authorization", "")
    return authenticate_bearer(header, at=clock.now()) if header else request.user


def _person_of(secret: str, *, at: datetime) -> Person:
    wanted = hash_secret(secret)
    token = (
        ApiToken.objects.select_related("person")
        .filter(token_hash=wanted, revoked_at=None, expires_at__gt=at)
        .first()
    )
    # Compared again in constant time, so the database's collation decides nothing.
    if token is None or not hmac.compare_digest(token.token_hash, wanted):
        raise NotSignedIn(BAD_TOKEN)
    if not token.person.is_active:
        raise NotSignedIn(BAD_TOKEN)
    _note_use(token, at=at)
    return token.person


def _note_use(token: ApiToken, *, at: datetime) -> None:
    """Remember roughly when a token was last used: operation, not an act."""
    if token.last_used_at is None or token.last_used_at < at - NOTE_USE_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)


def get_open_invitation(secret: str, *, at: datetime) -> Invitation:
    """Return the invitation that a link opens, or raise NotFound with one sentence."""
    wanted = hash_secret(secret)
    found = Invitation.objects.filter(token_hash=wanted).first()
    if found is None or not hmac.compare_digest(found.token_hash, wanted):
        raise NotFound(BAD_LINK)
    if not is_open(found, at=at):
        raise NotFound(BAD_LINK)
    return found


def is_open(invitation: Invitation, *, at: datetime) -> bool:
    """Say whether an invitation can still be accepted."""
    ended = invitation.accepted_at or invitation.revoked_at
    return ended is None and invitation.expires_at > at


class BearerAuth(HttpBearer):
    """Signs in a program by its token; for the `auth=` of an API route."""

    def authenticate(self, request: HttpRequest, token: str) -> Person:
        """Return the person and make them the request's user."""
        person = _person_of(token, at=clock.now())
        request.user = person
        return person


class PageAuth(SessionAuth):
    """Signs in a page of ours by its session, with its CSRF token."""

    def __call__(self, request: HttpRequest) -> Any:
        """Leave who has no session to be told about tokens, not about CSRF."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        return super().__call__(request)


# A program by its token, or a page of ours by the session (with its CSRF token).
API_AUTH = [BearerAuth(), PageAuth(csrf=True)]


def signed_in_person(request: HttpRequest) -> Person:
    """Return who is signed in, or raise NotSignedIn."""
    person = request.user
    if not isinstance(person, Person):
        raise NotSignedIn("Sign in to see this.")
    return person
