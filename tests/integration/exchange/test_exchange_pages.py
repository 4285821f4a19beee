"""Pages of the exchange: who may see which, and what a person can do there."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from factories import SPELLS_SEEN, World, grant_of
from staithe.base import clock
from staithe.exchange.actions import ask_join, fail_grant, record_read
from staithe.exchange.models import Grant, Join, Recipient
from staithe.jobs.actions import cancel
from staithe.jobs.queries import find_latest_job
from staithe.sharing import actions as sharing


pytestmark = pytest.mark.django_db
PEOPLE = ["ann", "bob", "cat", "olive", "ruth", "raj", "rose", "vera", "sam"]


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(response) -> str:
    return " ".join(response.content.decode().split())


# Who sees what: members see the data's pages, the holder the agreement's panel.


@pytest.mark.parametrize("who", PEOPLE)
def test_only_members_reach_the_pages_of_the_data(two, who):
    world, project = two
    grant = project.grants.first()
    member = who in {"ann", "bob"}
    client = signed_in(getattr(world, who))
    for path in (
        f"/projects/{project.reference}/join",
        f"/projects/{project.reference}/joins/1",
        f"/projects/{project.reference}/joins/1/progress",
        f"/agreements/{grant.agreement.reference}/connect",
    ):
        assert client.get(path).status_code == (200 if member else 403), path


def test_who_is_not_signed_in_is_asked_to(two):
    _, project = two
    response = Client().get(f"/projects/{project.reference}/join")
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("path", ["/projects/PRJ-X/join", "/agreements/AGR-X/connect"])
def test_what_is_not_there_is_not_found(two, path):
    world, _ = two
    assert signed_in(world.ann).get(path).status_code == 404


def test_the_projects_page_shows_its_tables_and_the_last_join(two):
    world, project = two
    page = text(signed_in(world.ann).get(f"/projects/{project.reference}"))
    for words in ("benefit_spells", "hospital_care", "How far to trust the join",
                  "Join the data again"):  # fmt: skip
        assert words in page


def test_the_holder_does_not_see_the_tables_on_the_projects_page(two):
    world, project = two
    page = text(signed_in(world.olive).get(f"/projects/{project.reference}"))
    assert "Join the data" not in page


# Joining


def test_the_join_page_says_what_is_linked_by_what_and_what_is_seen(unjoined):
    world, project = unjoined
    page = text(signed_in(world.ann).get(f"/projects/{project.reference}/join"))
    assert "first_name, surname, dob, sex, postcode" in page
    assert "benefit_type, region, weekly_amount" in page
    assert "Say how to link" in page


def test_joining_by_the_page_then_following_it(unjoined):
    world, project = unjoined
    client = signed_in(world.ann)
    path = f"/projects/{project.reference}"
    response = client.post(f"{path}/join", {"specification": ""})
    assert response["Location"] == f"{path}/joins/1"
    page = text(client.get(f"{path}/joins/1"))
    assert f'data-poll="{path}/joins/1/progress"' in page
    assert client.get(f"{path}/joins/1/progress").json()["finished"] is False
    assert "See how far it is" in text(client.get(path))
    again = client.post(f"{path}/join", {"specification": ""})
    assert again.status_code == 422
    assert "already being joined" in text(again)
    with clock.set_to(clock.now() + timedelta(seconds=1)):
        world.at = clock.now()
        world.work_off()
    assert client.get(f"{path}/joins/1/progress").json()["finished"] is True
    page = text(client.get(f"{path}/joins/1"))
    for words in ("links", "expected to be right", "Records linked", "Fields compared",
                  "Rules that propose pairs", "in two tables", "Hospital care"):  # fmt: skip
        assert words in page
    assert "t1" not in page.split()


def test_a_specification_with_a_fault_stays_in_the_form(unjoined):
    world, project = unjoined
    client = signed_in(world.ann)
    response = client.post(
        f"/projects/{project.reference}/join", {"specification": "kind: [nonsense"}
    )
    assert response.status_code == 422
    page = text(response)
    assert "There is a problem" in page
    assert "kind: [nonsense" in page
    assert not project.joins.exists()


def test_a_join_whose_work_was_stopped_says_so_and_offers_another(unjoined):
    world, project = unjoined
    ask_join(project=project, by=world.ann, at=world.later())
    job = find_latest_job(project.ledger_id, kind="exchange:join")
    assert job is not None
    cancel(job, at=world.later())
    client = signed_in(world.ann)
    page = text(client.get(f"/projects/{project.reference}/joins/1"))
    assert "stopped before it was done" in page
    assert f"/projects/{project.reference}/join" in page
    assert "stopped before it was done" in text(
        client.get(f"/projects/{project.reference}")
    )


def test_a_member_stops_a_join_on_its_page(unjoined):
    world, project = unjoined
    ask_join(project=project, by=world.ann, at=world.later())
    client, path = signed_in(world.ann), f"/projects/{project.reference}/joins/1"
    assert f'action="{path}/stop"' in text(client.get(path))
    assert client.get(f"{path}/stop").status_code == 405
    assert client.post(f"{path}/stop")["Location"] == path
    page = text(client.get(path))
    assert "Ann stopped this join." in page
    assert f'action="{path}/stop"' not in page
    assert signed_in(world.sam).post(f"{path}/stop").status_code == 403


def test_a_failed_join_shows_why(unjoined):
    world, project = unjoined
    join = ask_join(project=project, by=world.ann, at=world.later())
    join.refresh_from_db()
    Join.objects.filter(pk=join.pk).update(
        state=Join.State.FAILED, problem="part-00000.parquet is <damaged>."
    )
    page = signed_in(world.ann).get(f"/projects/{project.reference}/joins/1")
    assert "part-00000.parquet is &lt;damaged&gt;." in text(page)


def test_one_table_alone_says_that_nothing_is_linked(one):
    world, grant = one
    client = signed_in(world.ann)
    path = f"/projects/{grant.project.reference}"
    assert "nothing is linked" in text(client.get(f"{path}/join"))
    assert "nothing was linked" in text(client.get(f"{path}/joins/1"))


def test_with_nothing_prepared_the_join_page_says_so(home):
    world = World(home)
    project = world.project()
    page = text(signed_in(world.ann).get(f"/projects/{project.reference}/join"))
    assert "nothing to join yet" in page


# Connecting


def test_a_profile_is_downloaded_as_a_file(one, settings):
    settings.BASE_URL = "https://staithe.example"
    world, grant = one
    client = signed_in(world.ann)
    path = f"/agreements/{grant.agreement.reference}/connect"
    response = client.post(path, {"download": "yes"})
    assert response["Content-Disposition"] == 'attachment; filename="staithe.share"'
    assert response["Cache-Control"] == "no-store"
    profile = json.loads(response.content)
    assert profile["shareCredentialsVersion"] == 1
    assert profile["endpoint"] == "https://staithe.example/delta-sharing/"
    assert profile["bearerToken"][:6] == Recipient.objects.get().prefix


def test_a_profile_is_shown_once(one):
    world, grant = one
    client = signed_in(world.ann)
    path = f"/agreements/{grant.agreement.reference}/connect"
    page = text(client.post(path))
    prefix = Recipient.objects.get().prefix
    assert f"bearerToken&#34;: &#34;{prefix}" in page
    page = text(client.get(path))
    assert "bearerToken" not in page
    assert f"{prefix}…" in page
    assert "benefits.work.benefit_spells" in page


def test_a_token_is_ended_by_its_owner_alone(one):
    world, grant = one
    path = f"/agreements/{grant.agreement.reference}/connect"
    signed_in(world.ann).post(path)
    token = Recipient.objects.get()
    bob = signed_in(world.bob)
    assert bob.post(path, {"recipient": token.pk}).status_code == 404
    assert token.prefix not in text(bob.get(path))
    assert bob.post(path, {"recipient": "x"}).status_code == 404
    response = signed_in(world.ann).post(path, {"recipient": token.pk})
    assert response["Location"] == path
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_before_the_join_there_is_nothing_to_connect_to(unjoined):
    world, project = unjoined
    reference = project.grants.first().agreement.reference
    response = signed_in(world.ann).get(f"/agreements/{reference}/connect")
    assert response.status_code == 409
    assert "Join the project" in text(response)


def test_after_revocation_the_page_is_shut_and_says_when(one):
    world, grant = one
    sharing.revoke_agreement(
        agreement=grant.agreement, reason="Stop.", by=world.olive, at=world.later()
    )
    client = signed_in(world.ann)
    response = client.get(f"/agreements/{grant.agreement.reference}/connect")
    assert response.status_code == 403
    assert "revoked on" in text(response)
    page = text(client.get(f"/agreements/{grant.agreement.reference}"))
    assert "Connect pandas" not in page


# The agreement's panel


def test_both_sides_see_the_access_and_how_often_it_was_used(one):
    world, grant = one
    from staithe.exchange.actions import issue_recipient

    recipient, _ = issue_recipient(grant=grant, by=world.ann, at=world.later())
    for _ in range(2):
        record_read(recipient=recipient, kind="delta-sharing", rows=9, at=world.later())
    path = f"/agreements/{grant.agreement.reference}"
    for person in (world.ann, world.olive):
        page = text(signed_in(person).get(path))
        assert "2 times, last on" in page
    assert "Connect pandas" in text(signed_in(world.ann).get(path))
    assert "Connect pandas" not in text(signed_in(world.olive).get(path))


@pytest.fixture
def failed(home):
    world = World(home)
    agreement = world.agree(world.project(), world.spells(), SPELLS_SEEN, prepare=False)
    grant = grant_of(agreement)
    fail_grant(grant=grant, problem="The file is damaged.", by=None, at=world.later())
    return world, grant


@pytest.mark.parametrize("who", ["ann", "olive"])
def test_a_failed_preparation_can_be_begun_again_from_the_page(failed, who):
    world, grant = failed
    client = signed_in(getattr(world, who))
    path = f"/agreements/{grant.agreement.reference}"
    page = text(client.get(path))
    assert "The file is damaged." in page
    assert "Prepare the data again" in page
    response = client.post(f"{path}/prepare")
    assert response["Location"] == path
    grant.refresh_from_db()
    assert grant.state == Grant.State.PREPARING
    assert "Prepare the data again" not in text(client.get(path))


def test_others_cannot_begin_it_again(failed):
    world, grant = failed
    path = f"/agreements/{grant.agreement.reference}/prepare"
    assert signed_in(world.cat).post(path).status_code == 403
    assert signed_in(world.ann).get(path).status_code == 405
    assert Client().post(path).status_code == 302


def test_the_assets_page_shows_who_uses_it(one):
    _, grant = one
    slug = grant.agreement.flow.asset.slug
    page = text(Client().get(f"/catalogue/{slug}"))
    assert "Who uses it" in page
    assert "Evidence Office" in page


def test_one_table_is_made_ready_not_joined(db, home):
    """A project with one table has nothing to join, and is not told to."""
    world = World(home)
    project = world.project("Benefits")
    world.agree(project, world.spells(), SPELLS_SEEN)
    client = signed_in(world.ann)
    page = text(client.get(f"/projects/{project.reference}"))
    assert "Make the table ready" in page
    assert "Join the data" not in page
    assert "Ask a question" not in page, "there is nothing to ask yet"
    assert "Make the table ready" in text(
        client.get(f"/projects/{project.reference}/join")
    )
    asking = client.get(f"/projects/{project.reference}/ask").content.decode()
    assert f"/projects/{project.reference}/join" in asking
    world.join(project)
    page = text(client.get(f"/projects/{project.reference}"))
    assert "Ask a question" in page
