"""Whoever loses the last role leaves the project: no page of it opens any more."""

from __future__ import annotations

import json

import pytest

from factories import give_role, question
from staithe.ledger.queries import events
from staithe.people.actions import end_membership


pytestmark = pytest.mark.django_db


def end_role(world, person, role):
    held = person.memberships.get(role=role, ended_at=None)
    end_membership(membership=held, by=None, at=world.later())


def test_without_a_role_no_page_of_the_project_opens(one, client):
    world, project = one
    query = question(world, project)
    addresses = (
        f"/projects/{project.reference}",
        f"/projects/{project.reference}/questions",
        f"/queries/{query.reference}",
        f"/api/v1/queries/{query.reference}",
        f"/api/v1/projects/{project.reference}/queries",
        f"/api/v1/projects/{project.reference}/tables",
    )
    client.force_login(world.bob)
    assert {client.get(address).status_code for address in addresses} == {200}
    end_role(world, world.bob, "analyst")
    assert {client.get(address).status_code for address in addresses} == {403}
    (event,) = events(name="sharing:member:left")
    assert json.loads(event.body)["person"] == world.bob.ledger_id


def test_the_lead_leaves_too_and_asks_no_more(one, client):
    world, project = one
    query = question(world, project)
    end_role(world, world.ann, "analyst")
    client.force_login(world.ann)
    assert client.get(f"/queries/{query.reference}").status_code == 403


def test_a_role_that_is_left_there_keeps_the_work(one):
    world, project = one
    give_role(world.bob, "reviewer", world.evidence)
    end_role(world, world.bob, "reviewer")
    assert project.members.filter(person=world.bob, ended_at=None).exists()


def test_a_role_elsewhere_does_not(one):
    """Bob moves to another body: the project stays with the one that asked."""
    world, project = one
    give_role(world.bob, "analyst", world.elsewhere)
    end_role_at = world.bob.memberships.get(organisation=world.evidence)
    end_membership(membership=end_role_at, by=None, at=world.later())
    assert not project.members.filter(person=world.bob, ended_at=None).exists()
