"""The start page offers what the reader can do."""

from __future__ import annotations

import pytest
from django.test import Client

from staithe.people.models import Membership, Organisation, Person


LINK = 'href="/people"'


@pytest.fixture
def administrator(stranger: Person) -> Person:
    """Return the person whom `staithe init` makes: administrator of the operator."""
    office = Organisation.objects.create(
        slug="office",
        name="Office",
        kind="other",
        is_operator=True,
        created_at=stranger.created_at,
    )
    Membership.objects.create(
        person=stranger,
        organisation=office,
        role="administrator",
        created_at=stranger.created_at,
    )
    return stranger


def test_an_administrator_finds_the_people(
    visitor: Client, administrator: Person
) -> None:
    visitor.force_login(administrator)
    assert LINK in visitor.get("/").content.decode()


def test_others_are_not_offered_what_is_not_theirs(
    db: None, signed_in_stranger: Client
) -> None:
    for client in (Client(), signed_in_stranger):
        page = client.get("/").content.decode()
        assert LINK not in page
        assert "Ask for data" in page
