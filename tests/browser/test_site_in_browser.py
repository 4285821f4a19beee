"""The service's own pages in a real browser: start, API reference, what went wrong."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


PATHS = ["/", "/api/v1/docs"]


@pytest.mark.parametrize("path", PATHS)
def test_page_has_no_accessibility_violation(page, axe, reflow, screenshot, path):
    page.goto(path)
    axe(page)
    reflow(page)
    screenshot(page, "site" + path.replace("/", "-"))


def test_api_reference_is_read_offline_and_without_scripts(page_without_javascript):
    page, asked = page_without_javascript, []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs")
    page.get_by_role("link", name="POST /api/v1/projects", exact=True).click()
    heading = page.get_by_role("heading", name="POST /api/v1/projects", exact=True)
    expect(heading).to_be_visible()
    example = page.get_by_label("Example of POST /api/v1/projects", exact=True)
    expect(example).to_contain_text("purpose_code")
    own = page.url.split("/api/")[0]
    assert asked
    assert [url for url in asked if not url.startswith(own)] == []


def test_page_that_is_not_there_has_no_accessibility_violation(page, axe):
    page.goto("/nothing-here")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    axe(page)
