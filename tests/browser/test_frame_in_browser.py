"""The frame around every page, for a person who is signed in, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from staithe.people.actions import create_person
from staithe.people.passwords import hash_password


PASSWORD = "three words together here"


@pytest.fixture
def sam(live_server):
    """Return a person with an account and no role."""
    email, name = "sam@example.com", "Sam Okafor"
    return create_person(
        email=email,
        name=name,
        password_hash=hash_password(PASSWORD, email=email, name=name),
        by=None,
        at=datetime(2026, 1, 5, 9, tzinfo=UTC),
    )


def test_person_signs_in_and_out_with_the_keyboard_alone(page, tab_to, sam):
    page.goto("/sign-in?next=/about")
    tab_to(page, "Email address")
    page.keyboard.type(sam.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=sam.name).wait_for()
    tab_to(page, sam.name)
    tab_to(page, "Sign out")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto("/about")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_person_signs_in_without_javascript(page_without_javascript, sam):
    page = page_without_javascript
    page.goto("/sign-in?next=/about")
    page.get_by_label("Email address").fill(sam.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=sam.name).wait_for()


@pytest.mark.parametrize("path", ["/about", "/account", "/inbox", "/account/password"])
def test_signed_in_page_has_no_accessibility_violation(  # noqa: PLR0917  fixtures
    page, axe, reflow, screenshot, sign_in, sam, path
):
    sign_in(page, sam)
    page.goto(path)
    expect(page.get_by_role("link", name=sam.name)).to_be_visible()
    reflow(page)
    axe(page)
    screenshot(page, "frame" + path.replace("/", "-"))


def test_menu_opens_on_a_small_screen(page, axe):
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto("/about")
    catalogue = page.get_by_role("link", name="Catalogue")
    expect(catalogue).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(catalogue).to_be_visible()
    axe(page)


def test_menu_is_open_without_javascript_on_a_small_screen(page_without_javascript):
    page = page_without_javascript
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto("/about")
    expect(page.get_by_role("link", name="Catalogue")).to_be_visible()
