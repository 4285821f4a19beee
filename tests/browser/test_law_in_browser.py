"""The law's public pages in a real browser: without JavaScript, by keyboard, seen by axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANSWER = (
    "/law/answer?purpose=debt-recovery&holder_type=ministerial-department"
    "&recipient_type=local-authority&personal_data=identifiable"
)


def press(page, name="Continue"):
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def test_a_plain_question_leads_to_an_answer_without_javascript(
    page_without_javascript, axe
):
    page = page_without_javascript
    page.goto("/law/ask")
    for choice in (
        "Debt and fraud",
        "Debt owed to the public sector",
        "Non-ministerial department",
        "Local authority",
        "Yes: names, addresses, numbers or other details single people out",
    ):
        page.get_by_label(choice, exact=True).first.check()
        press(page)
    press(page)
    assert (
        page.get_by_role("heading", level=1)
        .inner_text()
        .strip()
        .endswith("It depends on facts not given")
    )
    page.get_by_role("group", name="Is the holder named").get_by_label(
        "Yes", exact=True
    ).check()
    press(page, "Answer again with these")
    expect(page.get_by_role("heading", level=1)).to_contain_text("A route may apply")


@pytest.mark.parametrize(
    "path",
    [
        "/law",
        "/law/ask",
        "/law/ask?step=purpose&area=help",
        "/law/ask?step=circumstances&purpose=emergency",
        "/law/ask?step=purpose&sent=purpose",
        ANSWER,
        "/law/citation?c=DEA%202017%20s48(1)",
        "/law/changes",
        "/law/check-citations",
        "/law/dea-48-debt",
        "/law/lists/dea-sch-4",
        "/law/answer?personal_data=maybe",
    ],
)
def test_every_page_is_accessible_and_narrow(page, axe, reflow, path):
    page.goto(path)
    axe(page)
    reflow(page)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/law/ask", "law-ask"),
        ("/law/ask?step=purpose&area=help", "law-purpose"),
        ("/law/ask?step=circumstances&purpose=emergency", "law-circumstances"),
        (ANSWER, "law-answer"),
        ("/law/citation?c=DEA%202017%20s48(1)", "law-citation"),
        ("/law/lists/dea-sch-4", "law-list"),
        ("/law/dea-35-psd", "law-route"),
    ],
)
def test_the_pages_look_right(page, screenshot, path, name):
    page.goto(path)
    screenshot(page, name)
