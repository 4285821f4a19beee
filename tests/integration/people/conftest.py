"""A cast that every test of this room knows, and a fast password hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.urls import include, path

from staithe.people import actions
from staithe.people.passwords import hash_password


if TYPE_CHECKING:
    from staithe.people.models import Membership, Organisation, Person

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
PASSWORD = "three words together here"


@pytest.fixture(autouse=True)
def _fast_hashes(settings):
    """Hash passwords in microseconds: what is tested is not the hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _addresses(settings):
    """Serve this room's pages alone."""
    settings.ROOT_URLCONF = (
        path("", include("staithe.ui.urls")),
        path("", include("staithe.people.urls")),
    )


@dataclass
class Cast:
    """Who is in the story: the operator, a department, and their people."""

    operator: Organisation
    department: Organisation
    root: Person
    admin: Person
    analyst: Person
    stranger: Person

    def membership(self, person: Person) -> Membership:
        return person.memberships.get()


def make_person(name: str) -> Person:
    email = f"{name.lower()}@example.com"
    return actions.create_person(
        email=email,
        name=name,
        password_hash=hash_password(PASSWORD, email=email, name=name),
        by=None,
        at=START,
    )


@pytest.fixture
def cast(db) -> Cast:
    """Root runs the service, Ada administers and Ben analyses at the department."""
    common = {"by": None, "at": START}
    operator = actions.create_organisation(
        name="Data Office", kind="central-department", is_operator=True, **common
    )
    department = actions.create_organisation(
        name="Department of Roads", kind="central-department", **common
    )
    root, ada, ben, cy = (make_person(name) for name in ("Root", "Ada", "Ben", "Cy"))
    for person, organisation, role in (
        (root, operator, "administrator"),
        (ada, department, "administrator"),
        (ben, department, "analyst"),
    ):
        actions.add_member(
            person=person, organisation=organisation, role=role, **common
        )
    return Cast(operator, department, root, ada, ben, cy)
