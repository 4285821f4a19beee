"""Agreed projects, built once in a run, and a client's profile for one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from factories import World, build
from staithe.base import clock
from staithe.exchange.actions import issue_recipient
from staithe.exchange.models import Grant, Recipient
from staithe.exchange.sharing_server import names_of
from staithe.exchange.web import profile_text
from staithe.people.models import Person
from staithe.sharing.models import Project


@pytest.fixture
def one(home: Path, db: None) -> tuple[World, Grant]:
    """Return a world with one grant, joined; Bob works on its project too."""
    world, grant = build("one", lambda w: w.one_grant(w.bob), home=home)
    return world, Grant.objects.get(pk=grant.pk)


@pytest.fixture
def two(home: Path, db: None) -> tuple[World, Project]:
    """Return a world with a project of two grants, joined."""
    world, project = build("two", lambda w: w.two_grants(w.bob), home=home)
    return world, Project.objects.get(pk=project.pk)


@pytest.fixture
def unjoined(home: Path, db: None) -> tuple[World, Project]:
    """Return a world with a project of two grants, prepared and not joined."""
    world, project = build("unjoined", _unjoined, home=home)
    return world, Project.objects.get(pk=project.pk)


def _unjoined(world: World) -> Project:
    from factories import CARE_LINK, CARE_SEEN, SPELLS_LINK, SPELLS_SEEN

    project = world.project("Work and health", world.bob)
    world.agree(project, world.spells(), SPELLS_SEEN, SPELLS_LINK)
    world.agree(project, world.care(), CARE_SEEN, CARE_LINK)
    return project


@dataclass
class Token:
    """A recipient with its secret and the addresses it opens."""

    recipient: Recipient
    secret: str
    share: str
    schema: str
    table: str

    @property
    def headers(self) -> dict[str, str]:
        """Return what a client sends."""
        return {"Authorization": f"Bearer {self.secret}"}

    @property
    def path(self) -> str:
        """Return the address of the table below the door."""
        return f"/shares/{self.share}/schemas/{self.schema}/tables/{self.table}"


@pytest.fixture
def give_token() -> Callable[[Grant, Person], Token]:
    """Return a function that makes a token for a person, now."""

    def give(grant: Grant, person: Person) -> Token:
        recipient, secret = issue_recipient(grant=grant, by=person, at=clock.now())
        names = names_of(grant)
        return Token(recipient, secret, names.share, names.schema, names.table)

    return give


@pytest.fixture
def profile(live_server: Any, settings: Any, tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a token's profile file for the live server."""
    settings.BASE_URL = live_server.url

    def write(token: Token) -> str:
        path = tmp_path / f"{token.recipient.pk}.share"
        path.write_text(profile_text(token.recipient, token.secret), "utf-8")
        return str(path)

    return write
