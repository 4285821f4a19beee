"""Passwords as people choose them and as they are stored.

Hashing is slow on purpose, so it happens before an action starts: actions are given
the hash and refuse anything that is not one.
"""

from __future__ import annotations

from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from staithe.base.errors import BadInput
from staithe.people.models import Person


def hash_password(password: str, *, email: str, name: str) -> str:
    """Return the stored form of a new password, or raise BadInput saying what it lacks."""
    try:
        validate_password(password, Person(email=email, name=name))
    except ValidationError as error:
        raise BadInput(" ".join(error.messages), field="password") from error
    return make_password(password)


def check_current(person: Person, password: str) -> None:
    """Raise BadInput unless this is the person's password now."""
    if not check_password(password, person.password):
        raise BadInput("Your current password is not right.", field="current")


def check_is_hash(stored: str) -> None:
    """Raise ValueError for a password that was not hashed: a bug, never stored."""
    identify_hasher(stored)
