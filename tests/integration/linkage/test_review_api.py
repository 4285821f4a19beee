"""Clerical review over the API: the same doors and the same blindness as on pages."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from staithe.base import clock
from staithe.linkage.actions import give_up_review, join_review
from staithe.linkage.models import Review
from staithe.people.actions import create_token


pytestmark = pytest.mark.django_db


def api(person) -> Client:
    """Return a client that sends a person's API token."""
    _, secret = create_token(person=person, name="test", by=person, at=clock.now())
    return Client(headers={"Authorization": f"Bearer {secret}"})


def send(client: Client, method: str, path: str, body: object = None):
    call = getattr(client, method)
    return call(f"/api/v1{path}", json.dumps(body or {}), content_type="application/json")  # fmt: skip


def get(client: Client, path: str):
    return client.get(f"/api/v1{path}")


def answer_all(client: Client, review: Review, person) -> None:
    base = f"/reviews/{review.reference}"
    assert send(client, "post", f"{base}/reviewers").status_code == 201
    links = dict(review.pairs.values_list("number", "link"))
    for each in get(client, f"{base}/pairs").json():
        assert each["answer"] is None
        said = "match" if links[each["number"]] else "no match"
        path = f"{base}/pairs/{each['number']}/answer"
        assert send(client, "put", path, {"answer": said}).status_code == 200


def test_the_whole_way_by_program(fresh):
    """A member asks, two linkers judge blind, a third settles and closes."""
    world, old = fresh
    give_up_review(review=old, by=world.ann, at=world.later())
    project = old.project.reference
    ann = api(world.ann)
    started = send(ann, "post", f"/projects/{project}/joins/1/runs/1/reviews", {"size": 45})  # fmt: skip
    assert started.status_code == 201
    reference = started.json()["reference"]
    review = Review.objects.get(reference=reference)
    base = f"/reviews/{reference}"
    clients = [api(person) for person in world.linkers]
    for client, person in zip(clients[:2], world.linkers, strict=False):
        answer_all(client, review, person)
    number = review.pairs.filter(link=True).exclude(stratum=None)[0].number
    send(clients[1], "put", f"{base}/pairs/{number}/answer", {"answer": "no match"})
    for client in clients[:2]:
        assert get(client, f"{base}/answers").json() == []
        assert send(client, "post", f"{base}/finish").status_code == 200
    assert send(clients[0], "post", f"{base}/finish").status_code == 409
    both = get(clients[2], f"{base}/answers").json()
    assert [row["number"] for row in both if row["differs"]] == [number]
    settled = send(
        clients[2], "put", f"{base}/pairs/{number}/settlement", {"answer": "match"}
    )
    assert settled.json()["holds"] == "The same person"
    closed = send(clients[2], "post", f"{base}/close", {"improve": True}).json()
    assert closed["state"] == "closed"
    assert closed["improves"] is True
    assert closed["result"]["judged"] == 45
    seen = get(ann, base).json()
    assert seen["result"] == closed["result"]
    assert [each["finished"] for each in seen["reviewers"]] == [True, True]
    report = get(ann, f"/projects/{project}/joins/1").json()["report"]["runs"][0]
    assert report["estimate"]["recall"] == closed["result"]["recall"]


def test_a_pair_over_the_api_has_no_score(fresh):
    world, review = fresh
    lin = world.linkers[0]
    join_review(review=review, by=lin, at=world.later())
    number = review.pairs.filter(link=True)[0].number
    client = api(lin)
    answer = get(client, f"/reviews/{review.reference}/pairs/{number}").json()
    assert set(answer) == {"number", "fields", "households"}
    assert [f["field"] for f in answer["fields"]][:2] == ["Forename", "Surname"]
    assert {f["compared"] for f in answer["fields"]} <= {"same", "differs", "missing"}
    assert set(answer["households"][0]) == {"place", "fields", "records", "more"}
    for more in ("weights", "cluster"):
        path = f"/reviews/{review.reference}/pairs/{number}/{more}"
        assert get(client, path).status_code == 403


def test_weights_and_cluster_are_answered_to_a_linker_who_does_not_judge(judged):
    world, review = judged
    pair = review.pairs.filter(link=True)[0]
    client = api(world.linkers[2])
    base = f"/reviews/{review.reference}/pairs/{pair.number}"
    steps = get(client, f"{base}/weights").json()
    assert steps[-1]["total"] == pytest.approx(pair.weight)
    found = get(client, f"{base}/cluster").json()
    assert found["together"] is True
    assert {each["name"] for each in found["records"]} >= {"A1", "B1"}
    assert found["links"][0]["weight"] == pytest.approx(pair.weight)


@pytest.mark.parametrize("who", ["ann", "cat", "olive", "raj", "vera", "sam"])
def test_no_record_leaves_by_the_api_to_anyone_else(fresh, who):
    world, review = fresh
    client = api(getattr(world, who))
    number = review.pairs.all()[0].number
    base = f"/reviews/{review.reference}"
    for path in (f"{base}/pairs", f"{base}/pairs/{number}", f"{base}/pairs/{number}/cluster"):  # fmt: skip
        assert get(client, path).status_code == 403
    assert get(client, base).status_code == (200 if who == "ann" else 403)
    assert len(get(client, "/reviews").json()) == (who == "ann")
    refused = send(client, "post", f"{base}/reviewers")
    assert refused.status_code == 403
    assert refused["Content-Type"] == "application/problem+json"
    assert not review.reviewers.exists()


@pytest.mark.parametrize("answer", ["yes", "", None])
def test_an_answer_that_is_none_is_refused(fresh, answer):
    world, review = fresh
    lin = world.linkers[0]
    join_review(review=review, by=lin, at=world.later())
    path = f"/reviews/{review.reference}/pairs/1/answer"
    assert send(api(lin), "put", path, {"answer": answer}).status_code == 422


def test_a_program_stops_a_review(fresh):
    world, review = fresh
    stopped = send(api(world.bob), "post", f"/reviews/{review.reference}/stop").json()
    assert stopped["state"] == "stopped"
    assert stopped["problem"] == "Bob stopped it."
