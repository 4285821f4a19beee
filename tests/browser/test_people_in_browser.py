"""Joining, inviting and reading the inbox, as people do it; each page seen by axe."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from staithe.base.clock import now
from staithe.people import actions
from staithe.people.cli import start_service
from staithe.people.models import Person
from staithe.people.notices import notify


PASSWORD = "three words together here"


@pytest.fixture
def root(live_server, settings) -> Person:
    """Start the service with one administrator."""
    settings.BASE_URL = live_server.url
    start_service(
        organisation="Data Office",
        kind="central-department",
        name="Root Adeyemi",
        email="root@example.com",
        password=PASSWORD,
    )
    return Person.objects.get()


def test_first_administrator_joins_by_link_and_invites_another(
    page_without_javascript, live_server, settings
):
    page = page_without_javascript
    settings.BASE_URL = live_server.url
    link = start_service(
        organisation="Data Office",
        kind="other",
        name="Root",
        email="root@example.com",
        password=None,
    )
    page.goto(link)
    expect(page).to_have_url(re.compile(r"/invitation$"))
    page.get_by_label("Your name").fill("Root Adeyemi")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.get_by_text("You have joined Data Office as").wait_for()
    page.goto("/people")
    page.get_by_role("link", name="Data Office").click()
    page.get_by_role("button", name="Invite someone").click()
    page.get_by_label("Name", exact=True).fill("Nell Owusu")
    page.get_by_label("Email address").fill("nell@example.com")
    page.get_by_label("Data owner").check()
    page.get_by_role("button", name="Make the invitation").click()
    page.get_by_text("Invitation made").first.wait_for()
    expect(page.locator("code")).to_contain_text("/invitations/")


@pytest.mark.parametrize(
    "path",
    [
        "/people",
        "/people/new-organisation",
        "/people/at/data-office",
        "/people/at/data-office/invite",
        "/people/at/data-office/{id}/administrator/end",
        "/account/tokens/new",
        "/account",
        "/inbox",
    ],
)
def test_page_of_people_has_no_accessibility_violation(  # noqa: PLR0917  fixtures
    page, axe, reflow, sign_in, root, path
):
    actions.invite(
        organisation=root.memberships.get().organisation,
        role="analyst",
        email="nell@example.com",
        name="Nell",
        by=root,
        at=now(),
    )
    actions.create_token(person=root, name="laptop", by=root, at=now())
    with transaction.atomic():
        notify(
            root, title="A request waits", body="Decide it.", link="/about", at=now()
        )
    sign_in(page, root)
    assert page.goto(path.format(id=root.public_id)).status == 200
    axe(page)
    reflow(page)


@pytest.mark.parametrize("path", ["/sign-in", "/invitation"])
def test_page_before_signing_in_has_no_accessibility_violation(
    page, axe, reflow, live_server, path
):
    page.goto(path)
    axe(page)
    reflow(page)


def test_answers_shown_once_and_refusals_have_no_violation(page, axe, sign_in, root):
    sign_in(page, root)
    page.goto("/account/tokens/new")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_text("There is a problem").wait_for()
    axe(page)
    page.get_by_label("What is the token for?").fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_text("it is not shown again").wait_for()
    axe(page)


def test_a_notice_leads_to_its_page_and_counts_as_read(page, sign_in, root):
    with transaction.atomic():
        notify(root, title="A request waits", link="/about", at=now())
    sign_in(page, root)
    page.goto("/inbox")
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("**/about")
    page.goto("/inbox")
    expect(page.get_by_text("Unread")).to_have_count(0)
