"""From a question to open data in a real browser, with the keyboard and without script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from factories import World, build, question, vote
from staithe.analysis.actions import release_output, submit_output
from staithe.analysis.models import Output, Query
from staithe.sharing.models import Project


@pytest.fixture
def look(axe, reflow, screenshot):
    """Return a function that checks a page and keeps its picture."""

    def look(page, name: str) -> None:
        axe(page)
        reflow(page)
        screenshot(page, name)

    return look


@pytest.fixture
def joined(live_server, live_home: Path) -> tuple[World, Project]:
    return build("two", lambda w: w.two_grants(w.bob), home=live_home)


@pytest.fixture
def sent(live_server, live_home: Path) -> tuple[World, Output]:
    def make(world: World) -> Output:
        project = world.two_grants(world.bob)
        query = question(
            world,
            project,
            title="Benefits by long-term condition",
            sql="SELECT person, benefit_type, long_term_condition\n"
            "FROM benefit_spells JOIN hospital_care USING (person)",
            table={"rows": "benefit_type", "columns": "long_term_condition"},
        )
        return submit_output(
            query=query,
            title="Benefits by long-term condition",
            description="Counts of people by benefit and long-term condition.",
            by=world.ann,
            at=world.later(),
        )

    world, output = build("sent-two", make, home=live_home)
    return world, Output.objects.get(pk=output.pk)


def test_asking_from_an_example_and_reading_the_answer(joined, page, look, sign_in):
    world, project = joined
    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}/ask")
    page.get_by_text("This example is made from your tables").wait_for()
    look(page, "ask")
    page.get_by_text("How to write it").click()
    look(page, "ask-help")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("What was hidden, and why").wait_for()
    look(page, "answer")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as CSV").first.click()
    assert waiting.value.suggested_filename.startswith("QRY-")


def test_an_error_is_shown_beside_the_sql_that_was_typed(joined, page, look, sign_in):
    world, project = joined
    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}/ask")
    sql = "SELECT person, regoin FROM benefit_spells"
    page.get_by_label("SQL", exact=True).fill(sql)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("alert").wait_for()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_label("SQL", exact=True)).to_have_value(sql)
    expect(page.locator(".govuk-error-message").first).to_contain_text("regoin")
    look(page, "ask-error")


def test_a_reviewer_looks_at_what_was_asked_in_vain(joined, page, look, sign_in):
    world, project = joined
    sql = "SELECT person, region FROM benefit_spells WHERE weekly_amount < 0"
    asked = question(world, project, sql=sql, table={"rows": "region"})
    assert asked.withheld
    sign_in(page, world.ruth)
    page.goto(f"/projects/{project.reference}/refusals")
    look(page, "refusals")
    page.get_by_label("What did you look at and find?").fill("A slip.")
    page.get_by_role("button", name="Let it ask on").click()
    page.get_by_text("There are none.").wait_for()


def test_the_column_to_add_up_is_asked_for_with_a_sum(joined, page, axe, sign_in):
    world, project = joined
    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}/ask")
    page.get_by_label("The sum of a column").check()
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("Enter the column to add up").first.wait_for()
    axe(page)


def test_the_whole_way_by_keyboard_without_javascript(
    joined, page_without_javascript, sign_in, tab_to
):
    """Ann asks and sends; two reviewers approve; one releases."""
    world, project = joined
    page = page_without_javascript

    def press(words: str) -> None:
        tab_to(page, words)
        with page.expect_navigation():
            page.keyboard.press("Enter")

    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}")
    press("Ask a question")
    tab_to(page, "How many people")
    press("Ask")  # the example, as it is
    press("Send it for review")
    tab_to(page, "Description")
    page.keyboard.type("Counts of people, from two bodies.")
    press("Send for review")
    output = Output.objects.get()
    for reviewer in (world.ruth, world.raj):
        sign_in(page, reviewer)
        page.goto("/outputs")
        tab_to(page, output.title)  # the table, which can be scrolled
        press(output.title)
        tab_to(page, "Approve")
        page.keyboard.press("Space")
        tab_to(page, "Reason")
        page.keyboard.type("Nothing can be worked out.")
        press("Record your decision")
        page.get_by_text("Your decision is recorded").wait_for()
    press("Release it")
    press("Release")
    page.get_by_text("is open data in the catalogue").wait_for()
    output.refresh_from_db()
    assert output.state == Output.State.RELEASED


def test_reviewing_and_releasing_pages(sent, page, look, sign_in):
    world, output = sent
    sign_in(page, world.ruth)
    page.goto("/outputs")
    look(page, "outputs-waiting")
    page.get_by_role("link", name=output.title).first.click()
    look(page, "review")
    page.get_by_role("button", name="Record your decision").click()
    page.get_by_role("alert").wait_for()
    look(page, "review-error")
    vote(world, output, world.ruth)
    vote(world, output, world.raj)
    page.goto(f"/outputs/{output.reference}")
    look(page, "approved")
    page.get_by_role("button", name="Release it").click()
    look(page, "release")
    page.get_by_role("button", name="Release", exact=True).click()
    page.get_by_text("is open data in the catalogue").wait_for()
    look(page, "released")


def test_the_other_pages_of_an_output(sent, page, axe, reflow, sign_in):
    world, output = sent
    sign_in(page, world.ann)
    question(world, output.query.project, title="Another", sql="SELECT nonsense")
    refused = Query.objects.get(title="Another")
    for path in (
        f"/projects/{output.query.project.reference}/questions",
        f"/queries/{refused.reference}",
        f"/queries/{output.query.reference}",
        f"/outputs/{output.reference}",
        f"/outputs/{output.reference}/withdraw",
        "/outputs?state=rejected",
    ):
        page.goto(path)
        axe(page)
        reflow(page)
    vote(world, output, world.ruth, "return")
    vote(world, output, world.raj, "reject")
    page.goto(f"/outputs/{output.reference}")
    axe(page)


def test_a_reader_of_what_is_out(sent, page, look, sign_in):
    world, output = sent
    vote(world, output, world.ruth)
    vote(world, output, world.raj)
    output.refresh_from_db()
    release_output(output=output, by=world.raj, at=world.later())
    sign_in(page, world.sam)
    page.goto(f"/outputs/{output.reference}")
    look(page, "released-output")
