"""The exchange over the API: the same doors, the same answers as on pages."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from factories import SPELLS_SEEN, World, grant_of
from staithe.base import clock
from staithe.exchange.actions import fail_grant
from staithe.people.actions import create_token


pytestmark = pytest.mark.django_db


def api(person) -> Client:
    """Return a client that sends a person's API token."""
    _, secret = create_token(person=person, name="test", by=person, at=clock.now())
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: object = None):
    return client.post(
        f"/api/v1{path}", json.dumps(body or {}), content_type="application/json"
    )


def test_a_members_program_joins_and_follows_the_join(unjoined):
    world, project = unjoined
    client = api(world.ann)
    path = f"/projects/{project.reference}"
    grants = client.get(f"/api/v1{path}/grants").json()
    assert {g["table"] for g in grants} == {"benefit_spells", "hospital_care"}
    assert {g["table_version"] for g in grants} == {0}
    response = post(client, f"{path}/joins")
    assert response.status_code == 202
    assert response.json()["state"] == "queued"
    world.at = clock.now()
    world.work_off()
    join = client.get(f"/api/v1{path}/joins/1").json()
    assert join["state"] == "done"
    assert join["report"]["links"] > 100
    grants = client.get(f"/api/v1{path}/grants").json()
    assert {g["table_version"] for g in grants} == {1}


def test_a_program_gets_a_profile(one):
    world, grant = one
    reference = grant.agreement.reference
    response = post(api(world.ann), f"/agreements/{reference}/tokens")
    assert response.status_code == 201
    answer = response.json()
    assert answer["table"] == "benefits.work.benefit_spells"
    assert json.loads(answer["profile"])["bearerToken"]


def test_a_program_reads_the_grant_and_has_it_prepared_again(home):
    world = World(home)
    agreement = world.agree(world.project(), world.spells(), SPELLS_SEEN, prepare=False)
    fail_grant(grant=grant_of(agreement), problem="Bad.", by=None, at=world.later())
    client = api(world.ann)
    path = f"/agreements/{agreement.reference}/grant"
    assert client.get(f"/api/v1{path}").json()["problem"] == "Bad."
    response = post(client, f"{path}/prepare")
    assert (response.status_code, response.json()["state"]) == (202, "preparing")
    assert post(client, f"{path}/prepare").status_code == 409


@pytest.mark.parametrize("who", ["cat", "olive", "ruth", "raj", "vera", "sam"])
def test_others_get_a_problem_and_no_data(two, who):
    world, project = two
    client = api(getattr(world, who))
    agreement = project.grants.first().agreement.reference
    answers = [
        client.get(f"/api/v1/projects/{project.reference}/grants"),
        client.get(f"/api/v1/projects/{project.reference}/joins/1"),
        client.get(f"/api/v1/agreements/{agreement}/grant"),
        post(client, f"/projects/{project.reference}/joins"),
        post(client, f"/agreements/{agreement}/tokens"),
    ]
    for answer in answers:
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"
        assert "pseudonym" not in answer.content.decode()


def test_without_a_token_the_api_says_how_to_sign_in(two):
    _, project = two
    response = Client().get(f"/api/v1/projects/{project.reference}/grants")
    assert response.status_code == 401
    assert "token" in response.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/projects/PRJ-X/grants", 404),
        ("get", "/projects/{project}/joins/9", 404),
        ("get", "/projects/{project}/joins/x", 422),
        ("get", "/agreements/AGR-X/grant", 404),
        ("post", "/agreements/AGR-X/tokens", 404),
        ("post", "/agreements/AGR-X/grant/prepare", 404),
    ],
)
def test_what_is_not_there_is_a_problem(two, method, path, status):
    world, project = two
    client = api(world.ann)
    path = path.format(project=project.reference)
    answer = post(client, path) if method == "post" else client.get(f"/api/v1{path}")
    assert answer.status_code == status


def test_a_members_program_stops_a_join_once(unjoined):
    world, project = unjoined
    client, path = api(world.ann), f"/projects/{project.reference}/joins"
    post(client, path)
    assert post(api(world.sam), f"{path}/1/stop").status_code == 403
    stopped = post(client, f"{path}/1/stop").json()
    assert (stopped["state"], stopped["problem"]) == (
        "failed",
        "Ann stopped this join.",
    )
    again = post(client, f"{path}/1/stop")
    assert again.status_code == 409
    assert "already finished" in again.json()["detail"]


def test_a_bad_specification_is_a_problem(unjoined):
    world, project = unjoined
    response = post(
        api(world.ann),
        f"/projects/{project.reference}/joins",
        {"specification": "kind: [nonsense"},
    )
    assert response.status_code == 400
    assert not project.joins.exists()


def test_a_program_lists_and_ends_its_tokens(one):
    world, grant = one
    client = api(world.ann)
    path = f"/agreements/{grant.agreement.reference}/tokens"
    post(client, path)
    (token,) = client.get(f"/api/v1{path}").json()
    assert token["revoked_at"] is None
    assert "token_hash" not in token
    assert api(world.bob).get(f"/api/v1{path}").json() == []
    ours = f"/api/v1{path}/{token['number']}"
    assert api(world.bob).delete(ours).status_code == 404
    assert client.delete(ours).status_code == 204
    assert client.delete(ours).status_code == 409
    (token,) = client.get(f"/api/v1{path}").json()
    assert token["revoked_at"] is not None


def test_a_program_lists_joins_newest_first(two):
    world, project = two
    world.join(project)
    path = f"/api/v1/projects/{project.reference}/joins"
    assert [j["number"] for j in api(world.ann).get(path).json()] == [2, 1]
    assert api(world.sam).get(path).status_code == 403


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**63, 10**30])
def test_a_number_out_of_all_bounds_is_not_found(one, number):
    world, grant = one
    client = api(world.ann)
    join = client.get(f"/api/v1/projects/{grant.project.reference}/joins/{number}")
    token = client.delete(
        f"/api/v1/agreements/{grant.agreement.reference}/tokens/{number}"
    )
    assert {join.status_code, token.status_code} == {404}
