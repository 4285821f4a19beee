"""Whether rows may be fetched is a term: without it every door for rows is shut."""

from __future__ import annotations

import io

import pyarrow.parquet as pq
import pytest
from django.test import Client

from factories import CARE_LINK, CARE_SEEN, SPELLS_LINK, SPELLS_SEEN, World, question
from staithe.analysis.models import Query
from staithe.base import clock
from staithe.base.errors import NotAllowed
from staithe.exchange.actions import issue_recipient
from staithe.exchange.models import Grant
from staithe.exchange.queries import project_tables
from staithe.exchange.sharing_server import describe_table, get_recipient
from staithe.sharing.plain_english import term_sections
from staithe.sharing.terms import get_stored_terms


pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(home) -> tuple[World, Grant]:
    """Return a world with a grant whose rows stay on the service, joined."""
    world = World(home)
    return world, world.one_grant(world.bob, rows_may_leave=False)


def test_rows_that_stay_are_asked_and_not_fetched(kept, client):
    world, grant = kept
    assert question(world, grant.project).state == Query.State.DONE
    with pytest.raises(NotAllowed, match="ask the holder for an agreement that allows"):
        issue_recipient(grant=grant, by=world.ann, at=world.later())
    client.force_login(world.ann)
    agreement = grant.agreement.reference
    made = client.post(f"/api/v1/agreements/{agreement}/tokens")
    assert made.status_code == 403
    assert "keeps the rows on this service" in made.json()["detail"]
    assert client.get(f"/agreements/{agreement}/connect").status_code == 403
    page = client.get(f"/agreements/{agreement}").content.decode()
    assert "The rows stay on this service" in page
    assert "Connect pandas" not in page


def test_nothing_is_made_to_be_fetched_where_rows_stay(kept):
    _, grant = kept
    assert grant.table_snapshot
    assert not grant.fetched_snapshot


def test_a_token_that_is_there_opens_no_row_either(kept):
    """Asked again at each call, from the grant as it is."""
    world, grant = kept
    grant.compiled["rows_may_leave"] = True
    grant.save()
    _, token = issue_recipient(grant=grant, by=world.ann, at=world.later())
    del grant.compiled["rows_may_leave"]  # as in a grant compiled before
    grant.save()
    with pytest.raises(NotAllowed, match="keeps the rows"):
        get_recipient(f"Bearer {token}", at=world.later())


def fetched(world: World, grant: Grant) -> set[str]:
    """Return the pseudonyms in the files that a client fetches of a grant."""
    recipient, _ = issue_recipient(grant=grant, by=world.ann, at=world.later())
    found: set[str] = set()
    for file in describe_table(recipient, at=clock.now()).files:
        answer = Client().get(
            "/delta-sharing" + file.url.partition("/delta-sharing")[2]
        )
        assert answer.status_code == 200, answer.content
        data = io.BytesIO(b"".join(answer.streaming_content))
        found |= set(pq.read_table(data)["person"].to_pylist())
    return found


def test_files_of_two_grants_do_not_join_outside(home):
    """The attack: both files fetched, joined on person; the sandbox still joins."""
    world = World(home)
    project = world.project()
    world.agree(project, world.spells(), SPELLS_SEEN, SPELLS_LINK)
    world.agree(project, world.care(), CARE_SEEN, CARE_LINK)
    world.join(project)
    inside = [
        {p for path in t.paths for p in pq.read_table(path)["person"].to_pylist()}
        for t in project_tables(project, person=world.ann, at=world.later())
    ]
    assert len(inside[0] & inside[1]) > 50
    spells, care = (fetched(world, grant) for grant in project.grants.order_by("pk"))
    assert len(spells) == len(inside[0])
    assert len(care) == len(inside[1])
    assert not spells & care
    assert not (spells | care) & (inside[0] | inside[1])
    first = fetched(world, project.grants.order_by("pk")[0])
    world.join(project)
    again = fetched(world, project.grants.order_by("pk")[0])
    assert first == again, "they last from join to join"


def test_the_terms_say_it_to_both_sides(kept):
    _, grant = kept
    agreement = grant.agreement
    terms = get_stored_terms(agreement.terms, sha256=agreement.terms_sha256)
    assert "cannot fetch a row" in str(term_sections(terms, names={}))
