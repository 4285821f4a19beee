"""What a person does on the pages a program does over the API, with the same rules."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from django.test import Client

from staithe.base.clock import now
from staithe.people import actions as people_actions
from staithe.sharing.models import Agreement, Decision, Flow, Project, Request
from staithe.sharing.reasons import REFUSAL_REASONS


@pytest.fixture
def later():
    return (now().date() + timedelta(days=200)).isoformat()


class Program:
    """A client with a person's token; refusals must be problem+json."""

    def __init__(self, person):
        headers = {}
        if person is not None:
            _, secret = people_actions.create_token(
                person=person, name="test", by=person, at=now()
            )
            headers = {"Authorization": f"Bearer {secret}"}
        self.client = Client(headers=headers)

    def call(self, method, path, body=None, expect=200):
        response = self.client.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
        )
        assert response.status_code == expect, response.content[:500]
        if expect >= 400:
            assert response["Content-Type"] == "application/problem+json"
            assert response.json()["detail"]
        return response.json() if response.content else None

    def get(self, path, expect=200):
        return self.call("GET", path, expect=expect)

    def post(self, path, body=None, expect=201):
        return self.call("POST", path, body, expect=expect)


PROJECT = {
    "title": "Work after college",
    "organisation": "statistics",
    "purpose_code": "research-public-good",
    "purpose": "Find which courses lead to work.",
    "benefit": "Learners choose better.",
}
FLOW = {
    "asset": "jobs",
    "columns": ["sector", "pay_band"],
    "link_columns": ["surname", "born"],
    "justification": "Sector and pay are the question.",
    "row_filter": {"column": "year", "operator": "in", "value": [2020, 2021]},
}
ROUTE = {"route_id": "dea-64-research", "reason": "Accredited research."}
YES = {"outcome": "agree", "reason": "It serves the public."}


def ask(ann):
    project = ann.post("/projects", PROJECT)
    request = ann.post(
        "/requests",
        {"project": project["reference"], "retention_until": "2039-01-05"},
    )
    flow = ann.post(f"/requests/{request['reference']}/flows", FLOW)
    ann.call("PUT", f"/flows/{flow['reference']}/route", ROUTE)
    ann.post(f"/requests/{request['reference']}/submit", expect=200)
    return request["reference"], flow["reference"]


def test_the_whole_journey_runs_over_the_api(cast, later):
    ann, olive = Program(cast.ann), Program(cast.olive)
    project = ann.post("/projects", PROJECT)
    ref = project["reference"]
    added = ann.post(f"/projects/{ref}/members", {"person": cast.bob.public_id})
    assert [m["name"] for m in added["members"]] == ["Ann", "Bob"]
    left = ann.call("DELETE", f"/projects/{ref}/members/{cast.bob.public_id}")
    assert [m["name"] for m in left["members"]] == ["Ann"]

    request = ann.post("/requests", {"project": ref, "who_pays": "shared"})
    path = f"/requests/{request['reference']}"
    edited = ann.call(
        "PATCH",
        path,
        {"preparation_cost": 900, "needed_by": later, "retention_until": "2039-01-05"},
    )
    assert (edited["preparation_cost"], edited["who_pays"]) == (900, "shared")
    flow = ann.post(f"{path}/flows", FLOW)
    assert flow["row_filter"] == FLOW["row_filter"]
    assert flow["identifying_columns"] == ["surname", "born"]
    flow_path = f"/flows/{flow['reference']}"
    changes = {key: value for key, value in FLOW.items() if key != "asset"}
    edited = ann.call("PUT", flow_path, changes | {"row_filter": None})
    assert edited["row_filter"] is None
    other = ann.post(f"{path}/flows", FLOW | {"asset": "claims"})
    ann.call("DELETE", f"/flows/{other['reference']}", expect=204)
    routed = ann.call("PUT", f"{flow_path}/route", ROUTE)
    assert routed["route_citation"] == "DEA 2017 s64"
    sent = ann.post(f"{path}/submit", expect=200)
    assert sent["state"] == "submitted"
    assert sent["flows"][0]["due_at"]

    queue = olive.get("/flows")
    assert [each["reference"] for each in queue["items"]] == [flow["reference"]]
    assert olive.get(f"{flow_path}/precedents") == []
    olive.post(f"{path}/messages", {"text": "Why?", "flow": flow["reference"]})
    assert [m["text"] for m in ann.get(f"{path}/messages")] == ["Why?"]
    review = olive.post(f"{flow_path}/review", expect=200)
    assert review["state"] == "in-review"
    decided = olive.post(
        f"{flow_path}/decision",
        {
            "outcome": "agree-in-part",
            "columns": ["sector"],
            "reason": "Pay is too detailed.",
            "ends_on": later,
            "output": {"threshold": 15},
        },
    )
    assert decided["decision"]["outcome"] == "agree-in-part"
    agreement_path = f"/agreements/{decided['agreement']}"

    terms = ann.client.get(f"/api/v1{agreement_path}/terms").content
    digest = hashlib.sha256(terms).hexdigest()
    assert json.loads(terms)["columns"] == ["sector"]
    accepted = ann.post(
        f"{agreement_path}/accept", {"terms_sha256": digest}, expect=200
    )
    assert accepted["state"] == "in-force"
    assert accepted["terms_sha256"] == digest
    assert accepted["terms"]["output"]["threshold"] == 15
    names = [entry["name"] for entry in ann.get(f"{path}/timeline")]
    assert names[-2:] == ["sharing:agreement:offered", "sharing:agreement:accepted"]
    revoked = olive.post(f"{agreement_path}/revoke", {"reason": "Ended."}, expect=200)
    assert revoked["state"] == "revoked"
    assert ann.get("/agreements?state=revoked")["total"] == 1
    assert ann.get("/agreements?state=in-force")["total"] == 0


def test_an_answer_and_its_terms_are_kept_together_or_not_at_all(cast, later):
    _, flow = ask(Program(cast.ann))
    olive = Program(cast.olive)
    problem = olive.post(
        f"/flows/{flow}/decision",
        YES | {"ends_on": later, "output": {"threshold": 0}},
        expect=400,
    )
    assert problem["field"] == "output"
    assert not Decision.objects.exists()
    olive.post(f"/flows/{flow}/decision", YES)
    assert not Agreement.objects.exists()
    made = olive.post(f"/flows/{flow}/agreement", {"ends_on": later, "onward": "none"})
    assert made["terms"]["onward"] == "none"
    ended = Program(cast.ann).post(
        f"/agreements/{made['reference']}/end", {"reason": "Too little."}, expect=200
    )
    assert ended["state"] == "ended"


def test_a_refusal_needs_a_code_from_the_list_and_a_date(cast, later):
    _, flow = ask(Program(cast.ann))
    olive = Program(cast.olive)
    reasons = Program(None).get("/refusal-reasons")
    assert [each["code"] for each in reasons] == list(REFUSAL_REASONS)
    body = {"outcome": "refuse", "reason": "No.", "review_on": later}
    problem = olive.post(f"/flows/{flow}/decision", body, expect=400)
    assert problem["code"] == "refusal-reason-unknown"
    answer = olive.post(f"/flows/{flow}/decision", body | {"reason_code": "ethics"})
    assert answer["decision"]["review_on"] == later
    olive.post(f"/flows/{flow}/decision", body | {"reason_code": "ethics"}, expect=409)


def test_strangers_are_refused_and_the_unknown_are_asked_who_they_are(cast):
    request, flow = ask(Program(cast.ann))
    zed, nobody = Program(cast.zed), Program(None)
    project = Project.objects.get().reference
    for path in (
        f"/projects/{project}",
        f"/requests/{request}",
        f"/requests/{request}/timeline",
        f"/requests/{request}/messages",
        f"/flows/{flow}",
        f"/flows/{flow}/precedents",
    ):
        zed.get(path, expect=403)
        nobody.get(path, expect=401)
    zed.post(f"/flows/{flow}/decision", {"outcome": "agree"}, expect=403)
    Program(cast.ben).post(f"/flows/{flow}/review", expect=403)
    nobody.post("/projects", PROJECT, expect=401)
    zed.post("/projects", PROJECT, expect=403)
    for path in ("/projects", "/requests", "/flows", "/agreements"):
        nobody.get(path, expect=401)
        assert zed.get(path)["items"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"title": ""}, 400),
        ({"title": "x\x00y"}, 400),
        ({"title": 3}, 422),
        ({"state": "closed"}, 422),
        ({"purpose_code": "fun"}, 400),
        ({"organisation": "nowhere"}, 404),
    ],
)
def test_bad_input_is_one_clear_sentence_and_leaves_nothing(cast, change, status):
    Program(cast.ann).post("/projects", PROJECT | change, expect=status)
    assert not Project.objects.exists()


def test_a_draft_that_is_not_one_any_more_is_a_conflict(cast):
    ann = Program(cast.ann)
    request, flow = ask(ann)
    ann.call("PATCH", f"/requests/{request}", {"who_pays": "none"}, expect=409)
    ann.post(f"/requests/{request}/submit", expect=409)
    ann.post(f"/requests/{request}/flows", FLOW | {"asset": "claims"}, expect=409)
    ann.call("DELETE", f"/flows/{flow}", expect=409)
    ann.call("PUT", f"/flows/{flow}/route", ROUTE, expect=409)
    ann.post(f"/requests/{request}/withdraw", expect=200)
    ann.post(f"/requests/{request}/withdraw", expect=409)


def test_the_wrong_hash_accepts_nothing(cast, later):
    _, flow = ask(Program(cast.ann))
    made = Program(cast.olive).post(f"/flows/{flow}/decision", YES | {"ends_on": later})
    path = f"/agreements/{made['agreement']}"
    Program(cast.ann).post(f"{path}/accept", {"terms_sha256": "0" * 64}, expect=409)
    assert Program(cast.ann).get(path)["state"] == "offered"


def test_lists_come_in_pages(cast, story):
    for _ in range(3):
        story.draft()
    ann = Program(cast.ann)
    first = ann.get("/requests?size=2")
    rest = ann.get("/requests?size=2&page=2")
    assert (first["total"], len(first["items"]), len(rest["items"])) == (3, 2, 1)
    references = {each["reference"] for each in first["items"] + rest["items"]}
    assert references == set(Request.objects.values_list("reference", flat=True))
    assert ann.get("/requests?page=99999999999")["items"] == []
    assert ann.get("/requests?size=0")["size"] == 1
    assert ann.get("/requests?mine=true")["total"] == 3
    assert Program(cast.bob).get("/requests?mine=true")["total"] == 0
    assert ann.get("/projects?size=1000")["size"] == 200
    assert ann.get("/requests?state=decided")["items"] == []


@pytest.mark.parametrize("reference", ["%01", "x", "FLW-00000000", "%F0%9F%98%80"])
def test_a_reference_that_is_none_is_not_found(cast, reference):
    ann = Program(cast.ann)
    for noun in ("projects", "requests", "flows", "agreements"):
        ann.get(f"/{noun}/{reference}", expect=404)
    assert not Flow.objects.exists()


def test_a_person_who_is_not_there_cannot_join(cast, story):
    project = story.project()
    ann = Program(cast.ann)
    for person in ("P-NOBODY00", "x\u0007y"):
        ann.post(
            f"/projects/{project.reference}/members", {"person": person}, expect=404
        )
