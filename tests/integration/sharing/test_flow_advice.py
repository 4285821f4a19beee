"""The requester and the holder see the same advice, made from the request itself."""

from __future__ import annotations

from datetime import date

from django.test import Client

from staithe.sharing.advice import facts_of_flow, find_advice


def text_of(person, path):
    browser = Client()
    browser.force_login(person)
    return " ".join(browser.get(path).content.decode().split())


def test_both_sides_see_the_same_advice_beside_the_request(cast, story):
    flow = story.flow()
    said = "What the law library says: It depends on facts not given"
    assert said in text_of(cast.ann, f"/flows/{flow.reference}/route")
    flow = story.waiting()
    page = text_of(cast.olive, f"/flows/{flow.reference}/decide")
    assert "What the law library says" in page


def test_the_facts_are_those_of_the_request(cast, story):
    flow = story.flow()
    facts = facts_of_flow(flow)
    assert facts["purpose"] == {"code": "research-public-good"}
    assert facts["personal_data"] == "pseudonymised"
    assert "type" not in facts["holder"]
    advice = find_advice(flow, on=date(2026, 7, 1))
    assert any(q.id == "project-accredited" for q in advice.questions)


def test_a_body_known_by_name_is_taken_for_what_it_is(cast, story):
    cast.revenue.name = "HM Revenue and Customs"
    cast.revenue.save()
    flow = story.flow()
    flow.holder.refresh_from_db()
    assert facts_of_flow(flow)["holder"]["type"] == "non-ministerial-department"


def test_facts_that_cannot_be_read_make_no_advice_and_no_fault(cast, story):
    flow = story.flow()
    assert find_advice(flow, on=date(2001, 1, 1)) is None
