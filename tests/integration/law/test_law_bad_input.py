"""Bad facts at every door: one clear sentence with the field and what is accepted."""

from __future__ import annotations

import json
from html import unescape
from urllib.parse import urlencode

import pytest
import yaml
from click.testing import CliRunner

from staithe.base.errors import UserError
from staithe.law.cli import advise as advise_command


pytestmark = pytest.mark.django_db

GOOD = {
    "holder": {"name": "DWP", "type": "ministerial-department"},
    "recipient": {"name": "a council", "type": "local-authority"},
    "purpose": {"code": "debt-recovery"},
    "personal_data": "identifiable",
}
# What is wrong, the field it is in, and what the sentence must offer instead.
BAD = {
    "party type": (
        {"holder": {"type": "martian"}}, "holder.type", "local-authority",
    ),
    "purpose": ({"purpose": {"code": "mischief"}}, "purpose.code", "debt-recovery"),
    "near purpose": (
        {"purpose": {"code": "debt-recovry"}}, "purpose.code", "Do you mean",
    ),
    "personal data": ({"personal_data": "maybe"}, "personal_data", "pseudonymised"),
    "before the library": ({"on": "2017-01-01"}, "on", "2018-05-01"),
    "no date": ({"on": "soon"}, "on", "2026-07-01"),
    "nation": ({"nation": ["Narnia"]}, "nation", "Wales"),
    "route": ({"route_asked": "dea-99"}, "route_asked", "dea-48-debt"),
    "contradiction": (
        {"personal_data": "non-personal", "confidential_patient_information": True},
        "personal_data", "confidential_patient_information",
    ),
    "name and kind": (
        {"holder": {"name": "HM Revenue and Customs", "type": "school"}},
        "holder.type", "non-ministerial department",
    ),
    "identity": (
        {"personal_data": "anonymous", "data_kinds": ["name", "nino"]},
        "personal_data", "Change personal_data or data_kinds",
    ),
    "identity alone": (
        {"personal_data": "non-personal", "data_kinds": ["Date of birth"]},
        "personal_data", "Change personal_data or data_kinds",
    ),
    "one body": (
        {"recipient": {"name": "Department for Work and Pensions"}},
        "recipient.name", "not a disclosure to another",
    ),
    "a list for a word": ({"personal_data": ["x"]}, "personal_data", "pseudonymised"),
    "a mapping for a route": ({"route_asked": {"a": 1}}, "route_asked", "dea-48-debt"),
    "lists for a route": ({"origin_gateway": [[1]]}, "origin_gateway", "dea-48-debt"),
    "a list for a kind": ({"holder": {"type": [1]}}, "holder.type", "local-authority"),
    "onward": ({"onward": False, "onward_to": "a firm"}, "onward", "onward_to"),
    "long text": (
        {"purpose": {"code": "debt-recovery", "text": "x" * 200_000}},
        "purpose.text", "10,000",
    ),
    "item without name": ({"data_kinds": [{"origin_holder": "HMRC"}]}, "data_kinds.1", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_the_api_names_the_field_and_what_is_accepted(client, name):
    changes, field, accepted = BAD[name]
    answer = client.post(
        "/api/v1/law/advice",
        json.dumps(GOOD | changes),
        content_type="application/json",
    )
    problem = answer.json()
    assert answer.status_code in {400, 413}
    assert problem["field"] == field
    assert problem["detail"].startswith(f"{field}:")
    assert accepted in problem["detail"]


@pytest.mark.parametrize("name", BAD)
def test_the_command_refuses_with_the_same_sentence_and_exit_code(tmp_path, name):
    changes, field, accepted = BAD[name]
    file = tmp_path / "facts.yaml"
    file.write_text(yaml.safe_dump(GOOD | changes), "utf-8")
    done = CliRunner().invoke(advise_command, [str(file), "--json"])
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == 2
    assert done.exception.message.startswith(f"{field}:")
    assert accepted in done.exception.message
    assert done.output == ""


def test_a_name_given_twice_is_refused_by_api_and_command(client, tmp_path):
    """Which of the two was meant nobody can know."""
    text = '{"personal_data": "identifiable", "personal_data": "anonymous"}'
    answer = client.post("/api/v1/law/advice", text, content_type="application/json")
    assert answer.status_code == 400
    assert "gives 'personal_data' twice" in answer.json()["detail"]
    file = tmp_path / "facts.yaml"
    file.write_text(text, "utf-8")
    done = CliRunner().invoke(advise_command, [str(file)])
    assert isinstance(done.exception, UserError)
    assert "'personal_data' is written twice" in done.exception.message


def test_within_one_body_only_a_route_for_that_may_apply(client):
    """HMRC has a power to use what it holds; powers to disclose to others are none."""
    body = GOOD | {"holder": {"name": "HMRC"}, "recipient": {"name": "HMRC"}}
    for purpose in ("debt-recovery", "research-public-good", "fraud-public-sector"):
        facts = body | {"purpose": {"code": purpose}}
        answer = client.post(
            "/api/v1/law/advice", json.dumps(facts), content_type="application/json"
        ).json()
        assert [g["id"] for g in answer["gateways"]] == ["crca-17-internal"]
        assert any(
            "which is no disclosure to another" in each["why"]
            for each in answer["ruled_out"]
        ), answer["ruled_out"]


@pytest.mark.parametrize("item", ["school-name", "address", "benefit names", "plan"])
def test_what_names_no_person_may_be_of_nobody(client, item):
    body = GOOD | {"personal_data": "non-personal", "data_kinds": [item]}
    answer = client.post(
        "/api/v1/law/advice", json.dumps(body), content_type="application/json"
    )
    assert answer.status_code == 200


PAGE = {
    "party type": ({"holder_type": "martian"}, "holder.type", "local-authority"),
    "purpose": ({"purpose": "mischief"}, "purpose.code", "debt-recovery"),
    "personal data": ({"personal_data": "maybe"}, "personal_data", "pseudonymised"),
    "before the library": ({"on": "2017-01-01"}, "on", "2018-05-01"),
    "nation": ({"nation": "Narnia"}, "nation", "Wales"),
    "route": ({"route_asked": "dea-99"}, "route_asked", "dea-48-debt"),
    "name and kind": (
        {"holder_type": "school", "holder_name": "HMRC"}, "", "and you said school. Change",
    ),
    "contradiction": (
        {"personal_data": "non-personal", "flag": "health"}, "", "Change one of the two",
    ),
    "answer": ({"a.x": "perhaps"}, "answers.x", "true, false"),
}  # fmt: skip
PLAIN = {
    "purpose": "debt-recovery",
    "holder_type": "ministerial-department",
    "recipient_type": "local-authority",
    "personal_data": "identifiable",
}


@pytest.mark.parametrize("name", PAGE)
def test_the_page_says_the_same_and_offers_a_way_on(client, name):
    changes, field, accepted = PAGE[name]
    page = client.get(f"/law/answer?{urlencode(PLAIN | changes)}")
    said = " ".join(unescape(page.content.decode()).split())
    assert page.status_code == 422
    # What answers apart say is said in plain words, with no names of facts.
    assert f"{field}: " in said if field else "holder.type" not in said
    assert accepted in said
    assert "Your answers are kept" in said
    assert "Start again" in said


def test_a_megabyte_is_refused_at_every_door(client, tmp_path):
    text = "x" * 1_000_000
    file = tmp_path / "facts.yaml"
    file.write_text(f"power_claimed: {text}", "utf-8")
    done = CliRunner().invoke(advise_command, [str(file)])
    assert isinstance(done.exception, UserError)
    assert done.exception.message.endswith("is larger than 262,144 bytes.")
    body = json.dumps(GOOD | {"power_claimed": text})
    answer = client.post("/api/v1/law/advice", body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["field"] == "power_claimed"
    answer = client.post(
        "/api/v1/law/citations",
        json.dumps({"text": text}),
        content_type="application/json",
    )
    assert answer.status_code == 413
    assert answer.json()["field"] == "text"
    page = client.post("/law/check-citations", {"text": text})
    assert page.status_code == 422
    assert "20000 characters" in page.content.decode().replace(",", "")


@pytest.mark.parametrize("text", ["[", "- 1", "7", "", "cases: []", "a: 1", "\x00"])
def test_a_file_that_holds_no_facts_is_refused_in_a_sentence(tmp_path, text):
    file = tmp_path / "facts.yaml"
    file.write_text(text, "utf-8")
    done = CliRunner().invoke(advise_command, [str(file)])
    assert isinstance(done.exception, UserError)
    assert done.exception.exit_code == 2
    assert "\n" not in done.exception.message


KEYS = {
    "verdict": str, "gateways": list, "ruled_out": list, "conditions": list,
    "documents": list, "citations": list, "ask_for": list, "explain": list,
    "restrictions": list, "citation_findings": list, "human_review": bool,
    "lists_as_of": dict,
}  # fmt: skip


def test_the_command_answers_with_the_keys_that_other_programs_read(tmp_path):
    file = tmp_path / "facts.yaml"
    # A bare `on`, as people write it, is the day and not a yes.
    file.write_text(
        "on: 2026-06-01\n"
        + yaml.safe_dump(GOOD | {"lawful_basis_claimed": "art-6-1-e"}),
        "utf-8",
    )
    done = CliRunner().invoke(advise_command, [str(file), "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.output)
    for key, kind in KEYS.items():
        assert isinstance(answer[key], kind), key
    assert answer["lawful_basis_finding"] == "claimed-basis-fits"
    assert answer["on"] == "2026-06-01"
    assert answer["ignored_facts"] == []
    assert all(isinstance(each, str) for key in ("citations", "ask_for", "explain",
               "citation_findings") for each in answer[key])  # fmt: skip
    assert all(each["id"] for each in answer["gateways"])
    assert all(each["id"] and each["why"] for each in answer["ruled_out"])
    assert all(
        each["id"] for key in ("conditions", "documents") for each in answer[key]
    )
