"""The main job done by people in a browser: nothing but pages, from file to proof.

The same journey twice: with JavaScript off, by mouse, every page looked at by axe and
at 320 pixels; and by keyboard alone. The test itself does what no person does: it runs
the jobs that a worker would run and lets the weeks of a silent holder pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser import hands, journey
from main_job import movable_clock, small_extracts
from staithe.base import clock
from staithe.demo.cast import assemble_cast
from staithe.demo.extracts import Extract


pytestmark = pytest.mark.django_db(transaction=True)

WHO = (*journey.ADDRESSES, "anyone")


class NoScripts:
    """Keeps the scripts of a page from running, except ours that look at it."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)
        self._switch(off=True)

    def _switch(self, *, off: bool) -> None:
        name = "Emulation.setScriptExecutionDisabled"
        self._session.send(name, {"value": off})

    @contextmanager
    def paused(self) -> Iterator[None]:
        self._switch(off=False)
        yield
        self._switch(off=True)


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extract]:
    return small_extracts(tmp_path_factory.mktemp("extracts"))


@pytest.fixture
def stage(
    extracts: dict[str, Extract],
    live_home: Path,
    live_server: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> journey.Stage:
    """Assemble the cast in an empty service that knows its own address."""
    settings.BASE_URL = live_server.url
    assemble_cast(at=clock.now())
    return journey.Stage({}, extracts, movable_clock(monkeypatch), live_home.parent)


def test_the_main_job_with_javascript_off(
    stage: journey.Stage, open_page: Any, axe: Any, reflow: Any, screenshot: Any
) -> None:
    """Four people and a passer-by need no script; axe and 320 px pass on each page."""
    looked: set[str] = set()
    kinds: list[str] = []

    def look(page: Page, scripts: NoScripts) -> None:
        expect(page.locator("body.js-enabled")).to_have_count(0)
        shown = plain(page.locator("body").inner_html())
        if shown in looked:
            return
        looked.add(shown)
        with scripts.paused():
            for check in (axe, reflow):
                try:
                    check(page)
                except AssertionError as fault:
                    stage.faults.append(str(fault))
        kind = plain(re.sub(r"https?://[^/]+/?|\?.*", "", page.url)).replace("/", "-")
        if kind not in kinds:
            kinds.append(kind)
            screenshot(page, f"main-job-{len(kinds):02}-{kind or 'start'}")

    for who in WHO:
        page = open_page()
        stage.people[who] = hands.Mouse(page, partial(look, scripts=NoScripts(page)))
    journey.walk(stage)
    assert len(kinds) > 40
    assert not stage.faults, "\n".join(stage.faults)


def plain(text: str) -> str:
    """Leave out what differs from one showing of a page to the next."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    return re.sub(r"[A-Z]+-[0-9A-Z]{8}|\d+", "x", text)


def test_the_main_job_with_the_keyboard_alone(
    stage: journey.Stage, open_page: Any, tab_to: Any
) -> None:
    """Four people and a passer-by need no mouse, scripts on."""
    for who in WHO:
        stage.people[who] = hands.Keyboard(open_page(), lambda page: None, tab_to)
    journey.walk(stage)
