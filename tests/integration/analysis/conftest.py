"""Projects with data to ask, and an answer on its way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories import World, build, question, vote
from staithe.analysis.actions import submit_output
from staithe.analysis.models import Output, Query
from staithe.sharing.models import Project


@pytest.fixture
def two(home: Path, db: None) -> tuple[World, Project]:
    """Return a world with a project of two grants, joined; Bob works on it too."""
    world, project = build("two", lambda w: w.two_grants(w.bob), home=home)
    return world, Project.objects.get(pk=project.pk)


@pytest.fixture
def one(home: Path, db: None) -> tuple[World, Project]:
    """Return a world with a project of one grant, joined."""
    world, grant = build("one", lambda w: w.one_grant(w.bob), home=home)
    return world, Project.objects.get(pk=grant.project.pk)


def _answered(world: World) -> Query:
    grant = world.one_grant(world.bob)
    return question(world, grant.project)


@pytest.fixture
def answered(home: Path, db: None) -> tuple[World, Query]:
    """Return a world with an answered question of Ann's."""
    world, query = build("answered", _answered, home=home)
    return world, Query.objects.get(pk=query.pk)


@pytest.fixture
def sent(answered: tuple[World, Query]) -> tuple[World, Output]:
    """Return a world with an output in review."""
    world, query = answered
    output = submit_output(
        query=query,
        title="Benefits by region",
        description="Counts of people by benefit and region.",
        by=world.ann,
        at=world.later(),
    )
    return world, output


@pytest.fixture
def approved(sent: tuple[World, Output]) -> tuple[World, Output]:
    """Return a world with an output that two reviewers approved."""
    world, output = sent
    vote(world, output, world.ruth)
    return world, vote(world, output, world.raj)
