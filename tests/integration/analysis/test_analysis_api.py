"""Analysis over the API: the same rules, the same sentences."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from factories import BY_BENEFIT, COUNTED
from staithe.analysis.models import Output, Query
from staithe.base import clock
from staithe.people.actions import create_token


pytestmark = pytest.mark.django_db
QUESTION = {"title": "Benefits by region", "sql": BY_BENEFIT, "table": COUNTED}
OUTSIDERS = ["cat", "olive", "ruth", "raj", "rex", "vera", "sam"]


def api(person) -> Client:
    _, secret = create_token(person=person, name="test", by=person, at=clock.now())
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: object = None):
    return client.post(
        f"/api/v1{path}", json.dumps(body or {}), content_type="application/json"
    )


def get(client: Client, path: str):
    return client.get(f"/api/v1{path}")


def test_a_program_finds_the_tables_and_asks(two):
    world, project = two
    client = api(world.ann)
    tables = get(client, f"/projects/{project.reference}/tables").json()
    assert [t["name"] for t in tables] == ["benefit_spells", "hospital_care"]
    assert tables[0]["columns"][0] == "person"
    response = post(client, f"/projects/{project.reference}/queries", QUESTION)
    assert response.status_code == 201
    answer = response.json()
    assert answer["state"] == "done"
    assert answer["csv"].startswith("benefit_type,region,count,status")
    assert "attacker_interval" not in response.content.decode()
    again = get(client, f"/queries/{answer['reference']}").json()
    assert again == answer


def test_a_refused_question_is_an_answer_too(two):
    world, project = two
    body = QUESTION | {"sql": "SELECT person, nonsense FROM benefit_spells"}
    response = post(api(world.ann), f"/projects/{project.reference}/queries", body)
    answer = response.json()
    assert (response.status_code, answer["state"]) == (201, "refused")
    assert "nonsense" in answer["problem"]
    assert answer["csv"] == ""


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "x"},
        QUESTION | {"title": ""},
        QUESTION | {"title": "a\0b"},
        QUESTION | {"sql": "x" * 20_001},
        QUESTION | {"sql": "\ud800"},
        QUESTION | {"table": {"rows": "a", "measure": "nothing"}},
        QUESTION | {"table": {"columns": "a"}},
        QUESTION | {"table": "rows"},
        QUESTION | {"table": {"rows": "\ud800"}},
        QUESTION | {"table": {"rows": "a\0"}},
        QUESTION | {"table": {"rows": "a" * 300}},
        [],
    ],
)
def test_what_is_no_question_is_a_problem_and_not_kept(two, body):
    world, project = two
    response = post(api(world.ann), f"/projects/{project.reference}/queries", body)
    assert 400 <= response.status_code < 500
    assert response["Content-Type"] == "application/problem+json"
    assert not Query.objects.exists()


@pytest.mark.parametrize("who", OUTSIDERS)
def test_outsiders_ask_nothing_and_read_nothing(answered, who):
    world, query = answered
    client = api(getattr(world, who))
    project = query.project.reference
    answers = [
        get(client, f"/projects/{project}/tables"),
        get(client, f"/queries/{query.reference}"),
        post(client, f"/projects/{project}/queries", QUESTION),
        post(client, f"/queries/{query.reference}/output", {"title": "a", "description": "b"}),
    ]  # fmt: skip
    for answer in answers:
        assert answer.status_code == 403
        assert "csv" not in answer.json()


def test_the_whole_way_by_programs(answered):
    world, query = answered
    ann, ruth, raj = (api(p) for p in (world.ann, world.ruth, world.raj))
    sent = post(
        ann,
        f"/queries/{query.reference}/output",
        {"title": "Benefits", "description": "Counts."},
    )
    assert sent.status_code == 201
    reference = sent.json()["reference"]
    path = f"/outputs/{reference}"
    first = post(ruth, f"{path}/reviews", {"vote": "approve", "comment": "Safe."})
    assert first.status_code == 201
    assert [v["reviewer"] for v in first.json()["votes"]] == ["Ruth"]
    for client in (ann, raj):
        answer = get(client, path).json()
        assert (answer["votes"], answer["state"]) == ([], "in-review")
        assert "approve" not in json.dumps(answer)
    (listed,) = [o for o in get(raj, "/outputs").json() if o["reference"] == reference]
    assert listed["votes"] == []
    second = post(raj, f"{path}/reviews", {"vote": "approve", "comment": "Yes."})
    assert second.json()["state"] == "approved"
    assert len(get(ann, path).json()["votes"]) == 2
    assert post(ann, f"{path}/release").status_code == 403
    done = post(raj, f"{path}/release")
    assert done.status_code == 200
    assert done.json()["released_as"]
    stranger = get(api(world.sam), path).json()
    assert (stranger["state"], stranger["votes"]) == ("released", [])


def test_withdrawing_by_a_program(sent):
    world, output = sent
    path = f"/outputs/{output.reference}/withdraw"
    assert post(api(world.bob), path).status_code == 403
    assert post(api(world.ann), path).json()["state"] == "withdrawn"
    assert post(api(world.ann), path).status_code == 409


@pytest.mark.parametrize("who", ["cat", "olive", "rex", "sam"])
def test_outsiders_do_not_see_what_is_in_review(sent, who):
    world, output = sent
    client = api(getattr(world, who))
    assert get(client, f"/outputs/{output.reference}").status_code == 403
    assert get(client, "/outputs").json() == []
    answer = post(client, f"/outputs/{output.reference}/reviews",
                  {"vote": "approve", "comment": "x"})  # fmt: skip
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"vote": "maybe", "comment": "x"}, {"vote": "approve", "comment": " "}]
)
def test_a_vote_that_is_none_is_a_problem(sent, body):
    world, output = sent
    answer = post(api(world.ruth), f"/outputs/{output.reference}/reviews", body)
    assert answer.status_code in {400, 422}
    assert not output.reviews.exists()


def test_outputs_are_listed_by_state_and_from_an_offset(approved):
    world, output = approved
    client = api(world.ann)
    assert len(get(client, "/outputs?state=approved").json()) == 1
    assert get(client, "/outputs?state=released").json() == []
    assert get(client, "/outputs?offset=1").json() == []
    assert len(get(client, "/outputs?offset=-5").json()) == 1
    assert Output.objects.get() == output


@pytest.mark.parametrize(
    "path", ["/queries/QRY-X", "/outputs/OUT-X", "/projects/P/tables"]
)
def test_what_is_not_there_is_a_problem(answered, path):
    world, _ = answered
    assert get(api(world.ann), path).status_code == 404


def test_without_a_token_nothing_is_said(sent):
    _, output = sent
    for path in ("/outputs", f"/outputs/{output.reference}"):
        assert Client().get(f"/api/v1{path}").status_code == 401


def test_a_program_lists_the_questions_of_its_project(answered):
    world, query = answered
    path = f"/projects/{query.project.reference}/queries"
    (listed,) = get(api(world.bob), path).json()
    assert listed["reference"] == query.reference
    assert get(api(world.bob), f"{path}?offset=1").json() == []
    assert get(api(world.bob), f"{path}?offset=99999999999999999999").json() == []
    assert get(api(world.sam), path).status_code == 403
