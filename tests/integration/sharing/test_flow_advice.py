"""The requester and the holder see the same advice, made from the request itself."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from staithe.base.clock import now
from staithe.base.errors import BadInput
from staithe.sharing import actions
from staithe.sharing.advice import (
    facts_of_flow,
    find_advice,
    hints_of_columns,
    questions_to_answer,
)

from .conftest import START


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
    assert facts["holder"]["type"] == [
        "ministerial-department",
        "non-ministerial-department",
    ]
    assert "data_kinds" not in facts
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


BOTH = ["ministerial-department", "non-ministerial-department"]
DAY = START.date()


def of_students(cast, story):
    """A flow from a body that may hold data about students."""
    cast.revenue.name = "Department for Education"
    cast.revenue.save()
    project = story.project(purpose_code="research-education")
    return story.flow(story.draft(project=project))


def test_a_column_name_is_a_hint_and_never_a_fact(cast, story):
    """No route is ruled out, and no restriction applied, by the name of a column."""
    flow = of_students(cast, story)
    flow.columns = ["rec_id", "student_number", "nhs_number"]
    out = {r.id: r.why for r in find_advice(flow, on=DAY).ruled_out}
    assert "students" not in out.get("ascla-253a-student", "")
    assert hints_of_columns(flow)["student"] == ["student_number"]
    asked = {q.id for q in questions_to_answer(find_advice(flow, on=DAY))}
    assert "data_kinds" in asked
    flow.legal_answers = {"data_kinds": ["none"]}
    out = {r.id: r.why for r in find_advice(flow, on=DAY).ruled_out}
    assert "not about students" in out["ascla-253a-student"]
    flow.legal_answers = {"data_kinds": ["student"]}
    fits = {g.id for g in find_advice(flow, on=DAY).gateways}
    assert "ascla-253a-student" in fits


def test_the_page_asks_what_the_data_is_about_and_shows_the_hint(cast, story):
    """The requester confirms; nothing is ticked for them."""
    flow = of_students(cast, story)
    flow.columns = ["student_number"]
    flow.save()
    page = text_of(cast.ann, f"/flows/{flow.reference}/questions")
    assert "names of columns suggest: Students (student_number)" in page
    assert not re.search(r'value="student"[^>]*checked', page)


def test_every_question_that_is_asked_has_a_form_and_they_resolve(cast, story):
    """Whoever answers every question, as it is put, is left with none."""
    flow = story.routed()
    for _ in range(6):
        advice = find_advice(flow, on=DAY)
        questions = questions_to_answer(advice)
        assert len(questions) == len(advice.questions)
        if not questions:
            break
        answers = {
            q.id: True
            if "yes" in q.accepts
            else ["none"]
            if q.id == "data_kinds"
            else q.accepts[0]
            for q in questions
        }
        flow = actions.answer_questions(
            flow=flow, answers=answers, by=cast.ann, at=START
        )
    assert find_advice(flow, on=DAY).verdict == "may-apply"


def test_a_kind_is_a_choice_among_those_that_the_body_may_be(cast, story):
    """The page offers two kinds of department; another is refused, with those."""
    flow = story.flow(
        story.draft(project=story.project(purpose_code="policy-analysis"))
    )
    asked = {q.id: q for q in questions_to_answer(find_advice(flow, on=DAY))}
    assert list(asked["holder.type"].accepts) == BOTH
    page = text_of(cast.ann, f"/flows/{flow.reference}/questions")
    assert "Non-ministerial department" in page
    with pytest.raises(BadInput, match="Accepted: ministerial-department, non-"):
        actions.answer_questions(
            flow=flow, answers={"holder.type": "charity"}, by=cast.ann, at=START
        )
    flow = actions.answer_questions(
        flow=flow, answers={"holder.type": BOTH[1]}, by=cast.ann, at=START
    )
    assert "holder.type" not in {q.id for q in find_advice(flow, on=DAY).questions}
    page = text_of(cast.ann, f"/flows/{flow.reference}/questions")
    assert "What kind of body holds the data? Non-ministerial department" in page


@pytest.mark.parametrize(
    "purpose",
    ["research-public-good", "policy-analysis", "research-education", "debt-recovery",
     "fraud-public-sector", "statutory-function", "official-statistics"],
)  # fmt: skip
def test_the_routes_offered_are_those_that_the_advice_does_not_rule_out(
    cast, story, purpose
):
    """One page, one answer: offered or ruled out, never both, and no third."""
    flow = story.flow(story.draft(project=story.project(purpose_code=purpose)))
    browser = Client()
    browser.force_login(cast.ann)
    page = browser.get(f"/flows/{flow.reference}/route").content.decode()
    offered = set(re.findall(r'name="route_id"[^>]*value="([^"]+)"', page))
    advice = find_advice(flow, on=now().date())
    assert not offered & {r.id for r in advice.ruled_out}
    assert offered <= {g.id for g in advice.gateways}


def test_who_agrees_while_the_law_is_open_says_why(cast, story):
    """The decision page asks for a reason, and says what the library said."""
    flow = story.waiting()
    page = text_of(cast.olive, f"/flows/{flow.reference}/decide/agree")
    assert "The law library says of this request: It depends on facts not given" in page
