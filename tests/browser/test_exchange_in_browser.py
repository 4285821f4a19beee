"""The exchange's pages in a real browser: joining, the report, connecting a client."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from factories import (
    CARE_LINK,
    CARE_SEEN,
    SPELLS_LINK,
    SPELLS_SEEN,
    World,
    build,
    grant_of,
)
from staithe.base import clock
from staithe.exchange.actions import fail_grant, issue_recipient
from staithe.exchange.models import Recipient
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
def unjoined(live_server, live_home: Path) -> tuple[World, Project]:
    def make(world: World) -> Project:
        project = world.project("Work and health", world.bob)
        world.agree(project, world.spells(), SPELLS_SEEN, SPELLS_LINK)
        world.agree(project, world.care(), CARE_SEEN, CARE_LINK)
        return project

    return build("unjoined", make, home=live_home)


def follow(page) -> None:
    """Press Enter on what has the focus and wait for the page it leads to."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def work_off(world: World) -> None:
    world.at = clock.now() + timedelta(seconds=2)
    world.work_off()


def test_a_projects_tables_and_the_way_to_join_them(unjoined, page, look, sign_in):
    world, project = unjoined
    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}")
    look(page, "project-tables")
    page.get_by_role("button", name="Join the data").click()
    page.get_by_text("Say how to link").click()
    look(page, "join")
    page.get_by_role("button", name="Join the data").click()
    page.get_by_role("progressbar").wait_for()
    look(page, "join-running")
    work_off(world)
    # The page asks by itself how far it is, and shows the report when it is done.
    page.get_by_text("people, as far as the records tell").wait_for()
    look(page, "join-report")


def test_joining_by_keyboard_without_javascript(
    unjoined, page_without_javascript, sign_in, tab_to
):
    world, project = unjoined
    page = page_without_javascript
    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}")
    tab_to(page, "Join the data")
    follow(page)
    tab_to(page, "Join the data")
    follow(page)
    page.get_by_text("Check again").wait_for()
    work_off(world)
    tab_to(page, "Check again")
    follow(page)
    page.get_by_text("Records linked").wait_for()


def test_a_fault_in_a_specification_is_shown_where_it_was_typed(
    unjoined, page, axe, sign_in, screenshot
):
    world, project = unjoined
    sign_in(page, world.ann)
    page.goto(f"/projects/{project.reference}/join")
    page.get_by_text("Say how to link").click()
    page.get_by_label("Linkage specification").fill("kind: [nonsense")
    page.get_by_role("button", name="Join the data").click()
    page.get_by_role("alert").wait_for()
    expect(page.get_by_label("Linkage specification")).to_have_value("kind: [nonsense")
    axe(page)
    screenshot(page, "join-refused")


def test_connecting_a_client(joined, page, look, sign_in):
    world, project = joined
    agreement = project.grants.first().agreement.reference
    sign_in(page, world.ann)
    page.goto(f"/agreements/{agreement}")
    look(page, "agreement-access")
    page.get_by_role("link", name="Connect pandas, Polars or Spark").click()
    look(page, "connect-first")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download a profile file").click()
    assert waiting.value.suggested_filename == "staithe.share"
    profile = json.loads(Path(waiting.value.path()).read_text("utf-8"))
    assert profile["bearerToken"].startswith(Recipient.objects.get().prefix)
    page.get_by_role("button", name="Show one to copy").click()
    page.get_by_text("This is shown once").wait_for()
    look(page, "connect")
    before = Recipient.objects.filter(revoked_at=None).count()
    page.get_by_role("button", name="End the token").first.click()
    page.get_by_text("Clients that use it stop now").wait_for()
    assert Recipient.objects.filter(revoked_at=None).count() == before - 1


def test_a_failed_preparation_and_the_way_back(
    live_server, live_home, page, look, sign_in
):
    world = World(live_home)
    agreement = world.agree(world.project(), world.spells(), SPELLS_SEEN, prepare=False)
    grant = grant_of(agreement)
    fail_grant(
        grant=grant,
        problem="part-00000.parquet of snapshot SNP-1 is damaged: restore it.",
        by=None,
        at=world.later(),
    )
    sign_in(page, world.olive)
    page.goto(f"/agreements/{agreement.reference}")
    look(page, "grant-failed")
    page.get_by_role("button", name="Prepare the data again").click()
    page.get_by_text("The data is being prepared again").wait_for()
    grant.refresh_from_db()
    assert grant.state == "preparing"


def test_the_holder_sees_how_often_the_data_was_read(joined, page, axe, sign_in):
    world, project = joined
    grant = project.grants.first()
    issue_recipient(grant=grant, by=world.ann, at=clock.now())
    sign_in(page, world.olive)
    page.goto(f"/agreements/{grant.agreement.reference}")
    page.get_by_text("Read by clients").wait_for()
    axe(page)
