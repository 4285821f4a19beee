"""Progress, the ledger, public shares and results in a real browser, seen by axe."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from playwright.sync_api import expect

from staithe.accountability.actions import record_outcome
from staithe.accountability.models import Outcome
from staithe.ledger.models import Event
from staithe.sharing.actions import escalate_overdue, start_review


def _load_world():
    """Return the world of this room's other tests: one for all."""
    here = Path(__file__).resolve().parent
    path = here.parent / "integration" / "accountability" / "conftest.py"
    spec = spec_from_file_location("accountability_world", path)
    module = module_from_spec(spec)
    sys.modules["accountability_world"] = module
    spec.loader.exec_module(module)
    return module


_world = _load_world()
START, DAY = _world.START, _world.DAY
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db):
    """Every state that a page can show: agreed, refused, overdue, with results."""
    world = _world.build_world()
    request = world.sent(world.jobs, world.claims)
    agreement = world.agree(request.flows.get(asset=world.jobs), at=START + 3 * DAY)
    world.refuse(
        request.flows.get(asset=world.claims), by=world.ben, at=START + 9 * DAY
    )
    silent = world.flow(at=START + 7 * DAY)
    start_review(flow=silent, by=world.olive, at=START + 8 * DAY)
    escalate_overdue(at=START + 45 * DAY)
    record_outcome(
        project=agreement.project,
        title="Courses that lead to work are named",
        description="Colleges changed what they teach.",
        measure="Colleges",
        value="12",
        evidence_link="https://example.org/report",
        by=world.ann,
        at=START + 40 * DAY,
    )
    world.agreement = agreement
    return world


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def paths(world) -> list[str]:
    decided = Event.objects.filter(name="sharing:decision:recorded").first()
    return [
        "/progress",
        "/progress?body=revenue&since-day=1&since-month=1&since-year=2026",
        "/progress?since-day=40&since-month=1&since-year=2026",
        "/ledger",
        "/ledger?subject=nothing",
        f"/ledger/events/{decided.number}",
        "/transparency",
        f"/transparency/{world.agreement.reference}",
        "/organisations/revenue",
        "/catalogue/jobs",
    ]


@pytest.mark.parametrize("name", [None, "ann", "vera"])
def test_every_page_of_this_room_passes_axe_and_fits_a_phone(  # noqa: PLR0917  fixtures
    page, axe, reflow, screenshot, sign_in, world, name
):
    if name:
        sign_in(page, getattr(world, name))
    for number, path in enumerate(paths(world)):
        page.goto(path)
        axe(page)
        reflow(page)
        screenshot(page, f"accountability-{name or 'public'}-{number}")


def test_pages_with_nothing_to_show_pass_axe(page, axe, reflow, transactional_db):
    for path in ("/progress", "/ledger", "/transparency"):
        page.goto(path)
        axe(page)
        reflow(page)


def test_member_records_a_result_with_the_keyboard_alone(  # noqa: PLR0917  fixtures
    page, axe, screenshot, sign_in, tab_to, world
):
    sign_in(page, world.ann)
    project = world.agreement.project
    page.goto(f"/projects/{project.reference}")
    tab_to(page, "Record a result")
    page.keyboard.press("Enter")
    page.wait_for_url("**/outcomes/new")
    axe(page)
    tab_to(page, "Record the result")
    page.keyboard.press("Enter")
    page.get_by_text("There is a problem").wait_for()
    expect(page).to_have_title(re.compile("^Error: "))
    axe(page)
    screenshot(page, "accountability-result-refused")
    tab_to(page, "The result in one line")
    page.keyboard.type("More people find work")
    tab_to(page, "What changed because the data was shared?")
    page.keyboard.type("Colleges dropped two courses.")
    tab_to(page, "Record the result")
    page.keyboard.press("Enter")
    page.get_by_text("The result is recorded and credited to Revenue Board.").wait_for()
    axe(page)
    assert Outcome.objects.filter(title="More people find work").exists()


def test_filters_and_downloads_work_without_javascript(
    page_without_javascript, sign_in, world
):
    page = page_without_javascript
    page.goto("/progress")
    page.get_by_label("Body that holds the data").select_option("Benefits Board")
    press(page, "Apply filters")
    page.get_by_role("heading", name="Benefits Board, all time").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Answers by body").click()
    text = Path(download.value.path()).read_text()
    assert "Benefits Board,1,0,0,1" in text
    assert "Revenue" not in text

    sign_in(page, world.vera)
    page.goto("/ledger")
    page.get_by_label("What happened").select_option(
        "Decision recorded (sharing:decision:recorded)"
    )
    press(page, "Apply filters")
    page.get_by_text("Showing 1 to 2 of 2 events").wait_for()
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_role("heading", name="Decision recorded").wait_for()
    with page.expect_download() as receipt:
        page.get_by_role("link", name="Download the receipt").click()
    assert receipt.value.suggested_filename.startswith("event-")
    with page.expect_download() as proof:
        page.get_by_role("link", name="Download the proof").click()
    assert proof.value.suggested_filename.endswith(".tlog-proof")


def test_citizen_goes_from_the_start_page_to_one_share_and_its_law(page, axe, world):
    page.goto("/")
    page.get_by_role("link", name="See which bodies share what").click()
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("heading", name="Jobs", level=1).wait_for()
    assert "Personal" not in page.inner_text("main")
    page.get_by_role("link", name="Who may use this route").click()
    page.wait_for_url("**/law/dea-64-research")
    axe(page)


def test_silence_shows_whom_it_passed_to_and_how_late_it_is(page, world):
    page.goto("/progress")
    table = page.get_by_role("table", name="What is overdue now")
    row = table.get_by_role("row").nth(1).inner_text()
    assert "Enforce" in row
    assert "The person who answers for Revenue Board" in row
    assert int(row.split("\t")[4]) > 100
