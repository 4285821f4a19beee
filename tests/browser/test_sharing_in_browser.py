"""Asking, deciding and agreeing in a real browser: without JavaScript, seen by axe."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from playwright.sync_api import expect

from staithe.base.clock import now
from staithe.law.routes import load_routes
from staithe.sharing import actions
from staithe.sharing.models import Agreement, Flow, Request


def _load_story():
    """Return the cast and story of this room's other tests: one world for all."""
    here = Path(__file__).resolve().parent
    path = here.parent / "integration" / "sharing" / "conftest.py"
    spec = spec_from_file_location("sharing_story", path)
    module = module_from_spec(spec)
    sys.modules["sharing_story"] = module
    spec.loader.exec_module(module)
    return module


_story = _load_story()
cast, story = _story.cast, _story.story
pytestmark = pytest.mark.django_db(transaction=True)


def press(page, name):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def fill_date(page, group, day):
    box = page.get_by_role("group", name=group)
    box.get_by_label("Day").fill(str(day.day))
    box.get_by_label("Month").fill(str(day.month))
    box.get_by_label("Year").fill(str(day.year))


def ask(page):
    """Ask for Jobs as an analyst does, from the catalogue's button to the reference."""
    page.goto("/requests/start?asset=jobs")
    page.get_by_role("button", name="Start now").click()
    page.get_by_label("Title of the project").fill("Work after college")
    page.get_by_label("Research for the public good").check()
    press(page, "Continue")
    page.get_by_label("What will the project find out or do?").fill("What works.")
    press(page, "Continue")
    page.get_by_label("Who will be better off, and how?").fill("Learners.")
    press(page, "Continue")
    wanted = page.get_by_role("group", name="Columns that you need to analyse")
    wanted.get_by_label("sector").check()
    wanted.get_by_label("pay_band").check()
    page.get_by_label("Why do you need these columns?").fill("They are the question.")
    press(page, "Continue")
    page.get_by_label("DEA 2017 s64").check()
    page.get_by_label("Why does this route fit?").fill("Accredited research.")
    press(page, "Continue")
    page.get_by_role("link", name="Who pays, and by when").click()
    page.get_by_label("The costs are shared").check()
    kept_until = now().date() + timedelta(days=900)
    fill_date(page, "Date by which you destroy the data", kept_until)
    press(page, "Continue")
    page.get_by_role("link", name="Check your answers and send").click()
    press(page, "Send the request")
    page.get_by_role("heading", name="Request sent").wait_for()


def test_a_request_is_asked_decided_accepted_and_revoked_without_javascript(
    page_without_javascript, sign_in, cast
):
    page = page_without_javascript
    soon = now().date() + timedelta(days=100)
    sign_in(page, cast.ann)
    ask(page)
    assert Request.objects.get().state == "submitted"

    sign_in(page, cast.olive)
    page.goto("/requests")
    page.get_by_role("link", name="Decisions waiting for you: 1").click()
    page.get_by_role("link", name="Jobs").click()
    page.get_by_label("Agree to part").check()
    press(page, "Continue")
    page.get_by_label("pay_band").uncheck()
    page.get_by_label("Why do you share fewer columns?").fill("Too detailed.")
    fill_date(page, "Last day of the agreement", soon)
    press(page, "Continue")
    press(page, "Change")
    expect(page.get_by_label("pay_band")).not_to_be_checked()
    press(page, "Continue")
    press(page, "Record the decision")
    page.get_by_role("heading", name="Decision recorded").wait_for()
    agreement = Agreement.objects.get()
    assert agreement.terms["columns"] == ["sector"]

    sign_in(page, cast.ann)
    page.goto(f"/agreements/{agreement.reference}")
    page.get_by_role("button", name="Read and accept").click()
    press(page, "Accept the terms")
    page.get_by_role("heading", name="There is a problem").wait_for()
    page.get_by_label("I accept these terms").check()
    press(page, "Accept the terms")
    page.get_by_role("heading", name="Terms accepted").wait_for()

    sign_in(page, cast.olive)
    page.goto(f"/agreements/{agreement.reference}")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_label("Why?").fill("No longer needed.")
    press(page, "Revoke the agreement")
    page.get_by_text(f"{agreement.reference} is revoked.").wait_for()
    agreement.refresh_from_db()
    assert agreement.state == "revoked"


def test_a_refusal_is_made_with_the_keyboard_alone(page, sign_in, story, cast, tab_to):
    flow = story.sent(at=now()).flows.get()
    sign_in(page, cast.olive)
    page.goto(f"/flows/{flow.reference}/decide")
    tab_to(page, "Agree")
    page.keyboard.press("ArrowUp")  # round to the last of the three
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/decide/refuse")
    tab_to(page, "The law gives no route")
    page.keyboard.press("Space")
    tab_to(page, "Explain your reason")
    page.keyboard.type("Section 65.")
    soon = now().date() + timedelta(days=90)
    for part, value in (("Day", soon.day), ("Month", soon.month), ("Year", soon.year)):
        tab_to(page, part)
        page.keyboard.type(str(value))
    tab_to(page, "Continue")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check your decision").wait_for()
    tab_to(page, "Record the decision")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Decision recorded").wait_for()
    assert Flow.objects.get().state == "refused"


@pytest.fixture
def world(story, cast):
    """Return addresses of every page, each with the person who sees it."""
    soon = now().date() + timedelta(days=100)
    draft = story.ready(cast.jobs, cast.claims)
    kept = draft.flows.get(asset=cast.jobs).reference
    sent = story.sent(cast.jobs, cast.claims, at=now() - timedelta(days=60))
    actions.say(request=sent, text="Which years?", by=cast.olive, at=now())
    actions.escalate_overdue(at=now())
    late = sent.flows.get(asset=cast.jobs).reference
    answered = story.sent(at=now()).flows.get()
    agreement = actions.decide_and_offer(
        flow=answered,
        ends_on=soon,
        outcome="agree",
        reason="Yes.",
        by=cast.olive,
        at=now(),
    )
    refused = story.sent(at=now()).flows.get()
    story.decide(refused, "refuse", review_on=soon, at=now())
    yes = story.sent(at=now()).flows.get()
    story.decide(yes, at=now())
    people = sent.project
    actions.add_project_member(project=people, person=cast.bob, by=cast.ann, at=now())
    ref = agreement.reference
    live = story.in_force().flow
    # As if the law had changed since: its agreement is then named as touched.
    kept_advice = live.decision.legal_advice
    kept_advice.answer["verdict"] = "may-apply"
    kept_advice.save()
    asked = Flow.objects.get(reference=kept)
    actions.report_gap(flow=asked, note="It stops us.", by=cast.ann, at=now())
    both = story.sent(cast.jobs, cast.claims, at=now())
    story.decide(both.flows.get(asset=cast.jobs), at=now())
    story.decide(
        both.flows.get(asset=cast.claims),
        "refuse",
        review_on=soon,
        by=cast.ben,
        at=now(),
    )
    return [
        (cast.ann, f"/flows/{kept}/questions"),
        (cast.ann, f"/flows/{kept}/gap"),
        (cast.ann, f"/flows/{live.reference}"),
        (cast.ann, f"/agreements/{live.agreement.reference}"),
        (cast.vera, "/requests/law"),
        (cast.ann, "/requests"),
        (cast.ann, "/requests/start"),
        (cast.ann, "/requests/start/purpose"),
        (cast.ann, f"/requests/{draft.reference}"),
        (cast.ann, f"/requests/{draft.reference}/data"),
        (cast.ann, f"/requests/{story.draft().reference}/data/jobs"),
        (cast.ann, f"/requests/{draft.reference}/costs"),
        (cast.ann, f"/requests/{draft.reference}/check"),
        (cast.ann, f"/requests/{draft.reference}/withdraw"),
        (cast.ann, f"/flows/{kept}/columns"),
        (cast.ann, f"/flows/{kept}/rows"),
        (cast.ann, f"/flows/{kept}/route"),
        (cast.ann, f"/flows/{kept}/remove"),
        (cast.ann, f"/requests/{sent.reference}"),
        (cast.ann, f"/requests/{sent.reference}/sent"),
        (cast.ann, f"/flows/{late}"),
        (cast.ann, f"/flows/{refused.reference}"),
        (cast.ann, "/agreements"),
        (cast.ann, f"/agreements/{ref}"),
        (cast.ann, f"/agreements/{ref}/accept"),
        (cast.ann, f"/agreements/{ref}/accepted"),
        (cast.ann, f"/agreements/{ref}/end"),
        (cast.ann, "/projects"),
        (cast.ann, f"/projects/{people.reference}"),
        (cast.ann, f"/projects/{people.reference}/members"),
        (cast.ann, f"/projects/{people.reference}/members/{cast.bob.public_id}/end"),
        (cast.sam, "/requests/to-decide"),
        (cast.sam, f"/flows/{late}/decide"),
        (cast.sam, f"/flows/{late}/decide/agree"),
        (cast.sam, f"/flows/{late}/decide/agree-in-part"),
        (cast.sam, f"/flows/{late}/decide/refuse"),
        (cast.olive, f"/flows/{answered.reference}/decided"),
        (cast.olive, f"/flows/{refused.reference}/decided"),
        (cast.olive, f"/flows/{yes.reference}/offer"),
        (cast.olive, f"/agreements/{ref}/revoke"),
        (cast.olive, "/catalogue/jobs"),
        (cast.zed, "/organisations/revenue"),
        (cast.zed, "/requests"),
        (cast.zed, "/law"),
        *((cast.zed, f"/law/{route.id}") for route in load_routes().routes[:3]),
    ]


def test_no_page_fails_axe_or_scrolls_sideways(page, sign_in, world, axe, reflow):
    faults = []
    for person, path in world:
        sign_in(page, person)
        response = page.goto(path)
        assert response.status == 200, path
        for check in (axe, reflow):
            try:
                check(page)
            except AssertionError as fault:
                faults.append(str(fault))
    assert not faults, "\n".join(faults)


def test_refused_forms_pass_axe_too(page, sign_in, world, axe):
    for person, path in world:
        if not path.endswith(
            ("/columns", "/route", "/accept", "/refuse", "/revoke", "/gap")
        ):
            continue
        sign_in(page, person)
        page.goto(path)
        for box in page.get_by_role("textbox").all():
            box.fill("")
        page.locator("main form button").last.click()
        page.get_by_role("heading", name="There is a problem").wait_for()
        expect(page).to_have_title(re.compile("^Error: "))
        axe(page)


def test_the_law_beside_asking_looks_right(page, sign_in, world, screenshot):
    for person, path in world:
        if path == "/requests/law" or path.endswith("/questions"):
            sign_in(page, person)
            page.goto(path)
            screenshot(page, "sharing-" + path.rsplit("/", 1)[1])


def test_the_agreement_prints_its_terms_and_not_its_buttons(
    page, sign_in, world, screenshot
):
    person, path = next(each for each in world if each[1].startswith("/agreements/"))
    sign_in(page, person)
    page.goto(path)
    page.emulate_media(media="print")
    expect(page.get_by_text("Columns used only to link records")).to_be_visible()
    expect(page.get_by_role("button", name="Decline the offer")).to_be_hidden()
    screenshot(page, "agreement-in-print")
