"""The law beside asking: answers, kept advice, precedents, gaps, changes of the law."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
import yaml
from click.testing import CliRunner
from django.test import Client

from staithe.base.clock import now
from staithe.base.errors import BadInput, NotAllowed
from staithe.law.cli import law
from staithe.law.loader import read_library
from staithe.law.reading import shipped_texts
from staithe.people import actions as people_actions
from staithe.sharing import actions, queries_law
from staithe.sharing.advice import find_advice
from staithe.sharing.cli import live_facts
from staithe.sharing.models import LegalAdvice

from .conftest import DAY, START


def text_of(person, path):
    browser = Client()
    browser.force_login(person)
    return " ".join(browser.get(path).content.decode().split())


def answer(story, flow, **answers):
    return actions.answer_questions(
        flow=flow, answers=answers, by=story.cast.ann, at=START
    )


YES = {
    "project-accredited": True,
    "people-accredited": True,
    "processor-accredited": True,
    "deidentified": True,
}


def named(cast):
    """Give both bodies names that the lists know."""
    cast.revenue.name = "Department for Work and Pensions"
    cast.revenue.save()
    cast.jobs.refresh_from_db()


def test_answers_settle_the_advice_that_both_sides_see(cast, story):
    named(cast)
    flow = story.routed()
    assert find_advice(flow, on=START.date()).verdict == "may-apply-if"
    actions.answer_questions(flow=flow, answers=YES, by=cast.ann, at=START)
    advice = find_advice(flow, on=START.date())
    assert not set(YES) & {q.id for q in advice.questions}
    page = text_of(cast.ann, f"/flows/{flow.reference}/route")
    assert "accredited under section 71 on the access date? Yes." in page
    actions.submit_request(request=flow.request, by=cast.ann, at=START)
    page = text_of(cast.olive, f"/flows/{flow.reference}/decide")
    assert "accredited under section 71 on the access date? Yes." in page


def test_an_answer_is_taken_back_and_what_is_not_asked_is_refused(cast, story):
    flow = answer(story, story.routed(), **{"project-accredited": False})
    assert flow.legal_answers == {"project-accredited": False}
    with pytest.raises(BadInput, match="does not ask this"):
        answer(story, flow, weather=True)
    assert answer(story, flow, **{"project-accredited": None}).legal_answers == {}
    for person in (cast.olive, cast.zed):
        with pytest.raises(NotAllowed):
            actions.answer_questions(flow=flow, answers=YES, by=person, at=START)


def questions_on(page):
    """Return the names of the questions that a page asks, in its order."""
    found = re.findall(r'name="(q\d+)"', page.content.decode())
    return list(dict.fromkeys(found))


def test_the_questions_are_answered_on_a_page(cast, story):
    flow = story.routed()
    browser = Client()
    browser.force_login(cast.ann)
    address = f"/flows/{flow.reference}/questions"
    names = questions_on(browser.get(address))
    assert len(names) > 2
    answers = dict.fromkeys(names, "unknown") | {names[0]: "yes"}
    assert browser.post(address, answers).status_code == 302
    flow.refresh_from_db()
    assert list(flow.legal_answers.values()) == [True]
    back = dict.fromkeys(questions_on(browser.get(address)), "unknown")
    browser.post(address, back | {"forget": list(flow.legal_answers)})
    flow.refresh_from_db()
    assert flow.legal_answers == {}
    assert browser.post(address, {}).status_code == 422


def test_the_route_and_its_conditions_are_kept_with_the_decision(cast, story):
    flow = story.waiting()
    decision = story.decide(flow)
    kept = decision.legal_advice
    assert kept.route_citation == "DEA 2017 s64"
    assert "The research project is accredited." in kept.conditions
    assert kept.answer["verdict"] == kept.verdict == "may-apply-if"
    assert kept.facts["purpose"] == {"code": "research-public-good"}
    page = text_of(cast.ann, f"/flows/{flow.reference}")
    assert "The law it was decided under" in page
    assert "The research project is accredited." in page
    occasions = flow.legal_advice.values_list("occasion", flat=True)
    assert sorted(occasions) == ["decided", "sent"]


def test_a_precedent_has_the_same_holder_recipient_and_purpose(cast, story):
    earlier = story.in_force()
    same = story.flow(story.draft(project=story.project(title="Again")))
    assert queries_law.legal_precedents(same) == [earlier]
    other_purpose = story.flow(
        story.draft(
            project=story.project(title="Policy", purpose_code="policy-analysis")
        )
    )
    assert queries_law.legal_precedents(other_purpose) == []
    other_holder = story.flow(
        story.draft(project=story.project(title="More")),
        asset=cast.claims,
        columns=["year"],
    )
    assert queries_law.legal_precedents(other_holder) == []
    story.routed(same)
    actions.submit_request(request=same.request, by=cast.ann, at=START)
    assert earlier.reference in text_of(cast.olive, f"/flows/{same.reference}/decide")


def refuse(flow, by, **changes):
    values = {
        "flow": flow, "outcome": "refuse", "reason": "No power reaches this.",
        "reason_code": "no-legal-route", "review_on": (START + 60 * DAY).date(),
        "by": by, "at": START + 3 * DAY,
    }  # fmt: skip
    return actions.decide_flow(**(values | changes))


def test_gaps_are_logged_with_their_evidence(cast, story):
    refuse(story.waiting(), cast.olive)
    draft = story.flow(story.draft(project=story.project(title="Other")))
    actions.report_gap(
        flow=draft, note="Councils cannot be told.", by=cast.ann, at=START
    )
    gaps = queries_law.legal_gaps(cast.ann, at=START + 9 * DAY)
    notes = [note for gap in gaps for note in gap.notes]
    assert sorted(notes) == ["Councils cannot be told.", "No power reaches this."]
    assert max(gap.days_lost for gap in gaps) > 0
    assert all(
        gap.bodies == sorted({cast.revenue.name, cast.statistics.name}) for gap in gaps
    )
    # Who has no part in it sees none of it; an overseer sees all.
    assert queries_law.legal_gaps(cast.zed, at=START) == []
    assert len(queries_law.legal_gaps(cast.vera, at=START + 9 * DAY)) == len(gaps)
    page = text_of(cast.vera, "/requests/law")
    assert "under DEA 2017 s64" in page
    assert "Councils cannot be told." in page
    browser = Client()
    browser.force_login(cast.vera)
    assert (
        "No power reaches this."
        in browser.get("/requests/law?format=csv").content.decode()
    )


def test_a_gap_is_counted_once_and_told_in_words_that_are_of_it(cast, story):
    """Advice is kept twice for a request; why columns were left out is not the gap."""
    cast.revenue.kind = "health-body"
    cast.revenue.save()
    cast.jobs.refresh_from_db()
    flow = story.routed(story.flow(), "hsca12-261")
    actions.submit_request(request=flow.request, by=cast.ann, at=START)
    flow.refresh_from_db()
    story.decide(
        flow,
        "agree-in-part",
        columns=flow.columns[:1],
        reason="The rest is not needed.",
    )
    assert flow.legal_advice.count() == 2
    gaps = queries_law.legal_gaps(cast.ann, at=START + 9 * DAY)
    (gap,) = (g for g in gaps if "hsca12-261" in g.facts)
    assert gap.times == 1
    assert gap.notes == []
    assert "not needed" not in text_of(cast.olive, "/requests/law")


def test_a_gap_needs_words_and_outlives_the_draft(cast, story):
    flow = story.flow()
    with pytest.raises(BadInput):
        actions.report_gap(flow=flow, note=" ", by=cast.ann, at=START)
    actions.report_gap(flow=flow, note="It stops us.", by=cast.ann, at=START)
    actions.remove_flow(flow=flow, by=cast.ann, at=START)
    assert LegalAdvice.objects.get().note == "It stops us."


def test_a_gap_is_reported_on_a_page(cast, story):
    flow = story.flow()
    browser = Client()
    browser.force_login(cast.ann)
    address = f"/flows/{flow.reference}/gap"
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"note": ""}).status_code == 422
    assert browser.post(address, {"note": "It stops us."}).status_code == 302
    assert "It stops us." in browser.get("/requests/law").content.decode()


def test_like_facts_that_two_holders_answered_apart_are_found(cast, story):
    request = story.ready(cast.jobs, cast.claims)
    for flow in request.flows.all():
        flow.legal_answers = {}
        flow.save()
    actions.submit_request(request=request, by=cast.ann, at=START)
    jobs = request.flows.get(asset=cast.jobs)
    claims = request.flows.get(asset=cast.claims)
    story.decide(jobs)
    assert queries_law.inconsistencies(cast.vera) == []
    refuse(claims, cast.ben, reason_code="not-necessary", reason="Too much.")
    (found,) = queries_law.inconsistencies(cast.vera)
    assert set(found.outcomes) == {"agree", "refuse"}
    assert set(found.bodies) == {cast.revenue.name, cast.benefits.name}
    # Who sees neither request sees nothing.
    assert queries_law.inconsistencies(cast.zed) == []
    page = text_of(cast.vera, "/requests/law")
    assert f"/flows/{jobs.reference}" in page
    assert f"/flows/{claims.reference}" in page


AMENDMENT = """
amendments:
- valid_from: {day}
  purposes: [medical-research]
"""


def amended(day):
    name = "gateways/dea-64-research.yaml"
    text = shipped_texts()[name] + AMENDMENT.format(day=day)
    return read_library({**shipped_texts(), name: text})


def test_a_change_of_the_law_names_the_live_agreements_that_it_touches(cast, story):
    agreement = story.in_force()
    today = (START + 9 * DAY).date()
    assert queries_law.touched_agreements(cast.vera, on=today) == []
    later = today + timedelta(days=30)
    library = amended(later)
    assert queries_law.touched_agreements(cast.vera, on=today, library=library) == []
    (touched,) = queries_law.touched_agreements(cast.vera, on=later, library=library)
    assert touched.agreement == agreement
    parts = {part: (old, new) for part, old, new in touched.parts}
    then, today_says = parts["gateways"]
    assert "dea-64-research" in then
    assert "dea-64-research" not in today_says
    assert queries_law.touched_agreements(cast.zed, on=later, library=library) == []
    actions.revoke_agreement(
        agreement=agreement, reason="Over.", by=cast.olive, at=START + 9 * DAY
    )
    assert queries_law.touched_agreements(cast.vera, on=later, library=library) == []


def test_the_agreement_says_that_its_law_has_changed(cast, story):
    agreement = story.in_force()
    address = f"/agreements/{agreement.reference}"
    kept = LegalAdvice.objects.get(occasion="decided")
    assert "now says otherwise" not in text_of(cast.ann, address)
    kept.answer["verdict"] = "may-apply"
    kept.save()
    said = text_of(cast.ann, address)
    assert "now says otherwise" in said
    # In words, and never as the codes of the data files.
    words = "Verdict: A route may apply. Now: It depends on facts not given."
    log = text_of(cast.vera, "/requests/law")
    for page in (said, log):
        assert words in page
        assert "may-apply" not in page
    assert agreement.reference in log


def test_an_editor_previews_an_edit_on_the_facts_of_live_agreements(
    cast, story, tmp_path
):
    agreement = story.in_force()
    facts = tmp_path / "live.yaml"
    done = CliRunner().invoke(live_facts, ["--out", str(facts)])
    assert done.exit_code == 0, done.output
    (case,) = yaml.safe_load(facts.read_text("utf-8"))["cases"]
    assert case["id"] == agreement.reference
    for name, text in shipped_texts().items():
        path = tmp_path / "edited" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            text.replace("purposes:\n- research-public-good\n", "purposes:\n")
        )
    done = CliRunner().invoke(
        law, ["preview", str(tmp_path / "edited"), str(facts), "--json"]
    )
    assert done.exit_code == 0, done.output
    changed = {(row["case"], row["part"]) for row in json.loads(done.output)}
    assert (f"live.yaml {agreement.reference}", "gateways") in changed


def test_programs_do_the_same(cast, story):
    flow = story.routed()
    _, secret = people_actions.create_token(
        person=cast.ann, name="t", by=cast.ann, at=now()
    )
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    address = f"/api/v1/flows/{flow.reference}"
    advice = client.get(f"{address}/advice").json()
    assert advice["verdict"] == "may-apply-if"
    assert advice["reasoning"]

    def send(method, path, body):
        return client.generic(
            method, path, json.dumps(body), content_type="application/json"
        )

    done = send(
        "PUT", f"{address}/legal-answers", {"answers": {"project-accredited": True}}
    )
    assert done.status_code == 200
    asked = client.get(f"{address}/advice").json()["questions"]
    assert "project-accredited" not in {q["id"] for q in asked}
    assert (
        send("PUT", f"{address}/legal-answers", {"answers": {"x": True}}).status_code
        == 400
    )
    assert (
        send("POST", f"{address}/legal-gaps", {"note": "It stops us."}).status_code
        == 201
    )
    (gap,) = client.get("/api/v1/legal-gaps").json()
    assert gap["notes"] == ["It stops us."]
    assert gap["times"] == 1
    assert client.get("/api/v1/legal-inconsistencies").json() == []
    assert client.get("/api/v1/agreements-touched-by-law").json() == []
    assert Client().get("/api/v1/legal-gaps").status_code == 401
