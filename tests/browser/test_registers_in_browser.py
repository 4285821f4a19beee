"""Pages of registers in a real browser: accessible, narrow, without JavaScript."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from staithe.registers.actions import append_entries, create_register
from staithe.registers.schema import MANY, Field


pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def towns(transactional_db):
    register = create_register(
        name="town", title="Towns", owner=None, by=None, at=AT,
        fields=[Field("name"), Field("tags", cardinality=MANY), Field("twin", datatype="curie")],
    )  # fmt: skip
    changes = [
        ("1", {"town": "1", "name": "Ayr"}),
        (
            "2",
            {"town": "2", "name": "Bala", "twin": "town:1", "tags": ["lake", "hill"]},
        ),
    ]
    append_entries(register=register, changes=changes, by=None, at=AT)
    changes = [("2", {"town": "2", "name": "Y Bala", "twin": "town:1"})]
    return append_entries(register=register, changes=changes, by=None, at=AT)


@pytest.mark.parametrize(
    "path",
    ["/registers", "/registers/town", "/registers/town/records", "/registers/town/records/2",
     "/registers/town/records/2/propose", "/registers/town/corrections"],
)  # fmt: skip
@pytest.mark.usefixtures("towns")
def test_a_page_is_accessible_and_fits_a_narrow_screen(
    page, axe, reflow, screenshot, path
):
    page.goto(path)
    axe(page)
    reflow(page)
    screenshot(page, "registers" + path.replace("/", "-"))


def test_a_proposal_is_made_without_javascript(page_without_javascript, towns):
    page = page_without_javascript
    page.goto("/registers/town/records?q=bal")
    page.get_by_role("link", name="2", exact=True).click()
    page.get_by_role("link", name="Propose a change").click()
    page.get_by_label("name").fill("Bala")
    page.get_by_role("button", name="Send the proposal").click()
    page.get_by_label("How do you know?").fill("The council says so")
    page.get_by_role("button", name="Send the proposal").click()
    assert page.get_by_text("Your proposal is sent").first.is_visible()
