"""Signing in with a password: slow to guess, silent about who has an account.

Failures are counted in the database, so that every process counts together. What is
kept is a keyed hash of address and email, and only for as long as the limit lasts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from staithe.base.errors import BadInput, UserError
from staithe.people.models import Person, SignInFailure


if TYPE_CHECKING:
    from django.http import HttpRequest


WINDOW = timedelta(minutes=15)
# From one address for one email; from one address for any; for one email from any.
PER_PAIR = 5
PER_ADDRESS = 50
PER_EMAIL = 50

# Any number that no other lock of the service has.
LOCK = 0x51641

WRONG = "The email address or the password is not right."


class TooManyAttempts(UserError):
    """Signing in was tried too often."""

    status = 429
    code = "too-many-attempts"


def address_of(request: HttpRequest) -> str:
    """Return the caller's network address: the proxy's word for it behind a proxy."""
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "")
        # The last entry is the one that our own proxy wrote.
        return forwarded.rpartition(",")[2].strip() or request.META["REMOTE_ADDR"]
    return str(request.META.get("REMOTE_ADDR", ""))


def sign_in_with_password(
    request: HttpRequest, *, email: str, password: str, at: datetime
) -> Person:
    """Return the person whose password this is, or raise one sentence for all reasons.

    Raises TooManyAttempts before the password is looked at.
    """
    email = email.strip().lower()
    keys = _keys(address_of(request), email)
    counted = _count_try(keys, at=at)
    person = authenticate(request, username=email, password=password)
    if not isinstance(person, Person):
        raise BadInput(WRONG)
    SignInFailure.objects.filter(Q(pk__in=counted) | Q(key=keys["pair"])).delete()
    return person


def _keys(address: str, email: str) -> dict[str, str]:
    named = {
        "pair": f"{address}\n{email}",
        "address": f"{address}\n",
        "email": f"\n{email}",
    }
    return {
        name: salted_hmac(
            "staithe.people.sign_in", text, algorithm="sha256"
        ).hexdigest()
        for name, text in named.items()
    }


def _check_not_limited(keys: dict[str, str], *, at: datetime) -> None:
    limits = {"pair": PER_PAIR, "address": PER_ADDRESS, "email": PER_EMAIL}
    for name, limit in limits.items():
        failures = SignInFailure.objects.filter(key=keys[name], at__gt=at - WINDOW)
        if failures.count() >= limit:
            raise TooManyAttempts(
                "You have tried to sign in too many times. Wait 15 minutes, then try again."
            )


@transaction.atomic
def _count_try(keys: dict[str, str], *, at: datetime) -> list[int]:
    """Count a try as a failure before it is made, or raise TooManyAttempts.

    One at a time: of many tries at once no more are made than the limit allows.
    Operation, not an act, so no event of the ledger.
    """
    if connection.vendor == "postgresql":  # SQLite has one writer at a time anyway
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    SignInFailure.objects.filter(at__lte=at - WINDOW).delete()
    _check_not_limited(keys, at=at)
    made = [SignInFailure.objects.create(key=key, at=at) for key in keys.values()]
    return [each.pk for each in made]
