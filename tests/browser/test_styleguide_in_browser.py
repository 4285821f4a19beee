"""Every component, in a real browser: seen by axe, by keyboard, without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


PAGES = [
    "/styleguide",
    "/styleguide?refused=1",
    "/accessibility",
    "/privacy",
    "/cookies",
    "/about",
]


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_accessibility_violation_and_no_sideways_scroll(
    page, axe, reflow, screenshot, path
):
    page.goto(path)
    reflow(page)
    axe(page)
    screenshot(page, "ui-" + path.strip("/").replace("?", "-").split("=")[0])


def test_components_have_no_violation_on_a_small_screen(page, axe, screenshot):
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto("/styleguide")
    axe(page)
    screenshot(page, "ui-styleguide-small")


def test_style_sheet_is_loaded_and_names_no_foreign_font(page):
    page.goto("/styleguide")
    family = page.locator("h1").evaluate("e => getComputedStyle(e).fontFamily")
    assert family == "arial, sans-serif"


def test_skip_link_is_the_first_thing_a_keyboard_reaches(page, tab_to):
    page.goto("/about")
    tab_to(page, "Skip to main content", limit=1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\#main\-content$"))


def test_form_can_be_filled_and_sent_with_the_keyboard_alone(page, tab_to):
    page.goto("/styleguide")
    tab_to(page, "Title")
    page.keyboard.type("Rough sleeping")
    tab_to(page, "Agree")
    page.keyboard.press("ArrowDown")
    tab_to(page, "Send")
    page.keyboard.press("Enter")
    page.wait_for_selector(".govuk-error-summary")
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator("#id_title")).to_have_value("Rough sleeping")
    expect(page.locator("#id_outcome-2")).to_be_checked()


def test_error_summary_takes_the_focus_and_leads_to_the_field(page, tab_to):
    page.goto("/styleguide")
    tab_to(page, "Send")
    page.keyboard.press("Enter")
    page.wait_for_selector(".govuk-error-summary:focus")
    tab_to(page, "Enter the email address", limit=5)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_email"


def test_every_line_of_the_error_summary_leads_to_an_input_that_exists(page):
    page.goto("/styleguide?refused=1")
    links = page.locator(".govuk-error-summary__list a")
    targets = [links.nth(i).get_attribute("href") for i in range(links.count())]
    assert len(targets) > 5
    for target in targets:
        assert page.locator(f"input{target}, textarea{target}, select{target}").count()


def test_list_sorts_and_pages_without_javascript(page_without_javascript):
    page = page_without_javascript
    page.goto("/styleguide")
    page.locator("th a", has_text="Holder").click()
    expect(page).to_have_url(re.compile("sort=holder"))
    header = page.locator("th[aria-sort=ascending]")
    assert header.inner_text().startswith("Holder")
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("sort=holder"))
    expect(page).to_have_url(re.compile("page=2"))
    assert "Showing 11 to 20 of 60 requests" in page.content()


def test_details_and_forms_work_without_javascript(page_without_javascript):
    page = page_without_javascript
    page.goto("/styleguide")
    page.locator("summary", has_text="Data table").first.click()
    expect(page.locator("details[open] table").first).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_title(re.compile("^Error: "))


def test_character_count_counts_down_with_javascript(page):
    page.goto("/styleguide")
    page.locator("#id_why").fill("x" * 490)
    page.get_by_text("You have 10 characters remaining").first.wait_for()


def test_axe_and_reflow_find_what_is_put_there_on_purpose(page, axe, reflow):
    page.goto("/about")
    page.evaluate("document.querySelector('main').innerHTML += '<input>'")
    with pytest.raises(AssertionError, match="label"):
        axe(page)
    page.evaluate(
        "document.querySelector('main').innerHTML += '<pre>' + 'x'.repeat(300)"
    )
    with pytest.raises(AssertionError, match="pixels wide"):
        reflow(page)


def test_script_in_the_page_is_refused_and_heard(open_context):
    """The watch of the page fixture is what makes a broken policy a failure."""
    page = open_context().new_page()
    heard = []
    page.on("console", lambda message: heard.append(message.type))
    page.goto("/about")
    page.evaluate(
        "{const s = document.createElement('script');"
        "s.textContent = 'window.ran = true'; document.body.append(s)}"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran === undefined")
    assert "error" in heard
