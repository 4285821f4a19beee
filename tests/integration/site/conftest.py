"""People to look at the service with, and a world to look at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from staithe.people.models import Person


AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def stranger(db: None) -> Person:
    """Return a person who has an account and no role anywhere."""
    return Person.objects.create(
        name="Zed Stranger", email="zed@example.org", created_at=AT
    )


@pytest.fixture
def visitor() -> Client:
    """Return a browser of nobody in particular, that takes a 500 as an answer."""
    return Client(raise_request_exception=False)


@pytest.fixture
def signed_in_stranger(visitor: Client, stranger: Person) -> Client:
    """Return the same browser with the stranger signed in."""
    visitor.force_login(stranger)
    return visitor
