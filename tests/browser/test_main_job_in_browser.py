"""The main job done by people in a browser: nothing but pages, from file to proof.

The same journey twice: with JavaScript off, by mouse, every page looked at by axe and
at 320 pixels; and by keyboard alone. The test itself does what no person does: it runs
the jobs that a worker would run and lets the weeks of a silent holder pass.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from staithe.base import clock
from staithe.demo.cast import Cast, assemble_cast
from staithe.demo.extracts import Extract, write_extracts
from staithe.demo.population import generate_world


def _load(name: str) -> Any:
    """Import a file that lies beside this one: tests are no package."""
    path = Path(__file__).resolve().parent / f"{name}.py"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


hands, journey = _load("hands"), _load("journey")
pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 600
SEED = 3
WHO = (*journey.ADDRESSES, "anyone")


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Extract]:
    """Return three small files about the same people, without a common identifier."""
    world = generate_world(people=PEOPLE, seed=SEED)
    folder = tmp_path_factory.mktemp("extracts")
    return {each.source: each for each in write_extracts(world, folder)}


@pytest.fixture
def home(settings: Any, tmp_path: Path, live_server: Any) -> Path:
    """Give the service an empty home and its true address."""
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    settings.STORAGE_URL = str(settings.HOME / "snapshots")
    settings.BASE_URL = live_server.url
    return settings.HOME


@pytest.fixture
def pass_days(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that moves the service's clock on, in every thread of it."""
    ahead = [timedelta()]

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + ahead[0]

    monkeypatch.setattr(clock, "datetime", Later)

    def move_on(days: int) -> None:
        ahead[0] += timedelta(days=days)

    return move_on


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


@pytest.fixture
def cast(home: Path) -> Cast:
    return assemble_cast(at=clock.now())


@pytest.fixture
def stage(cast: Cast, extracts: Any, pass_days: Any, tmp_path: Path) -> Any:
    return journey.Stage({}, extracts, pass_days, tmp_path)


def test_the_main_job_with_javascript_off(
    stage: Any, open_page: Any, axe: Any, reflow: Any, screenshot: Any
) -> None:
    """Four people and a passer-by need no script; axe and 320 px pass on each page."""
    looked: set[str] = set()
    kinds: list[str] = []

    def look(page: Page, scripts: NoScripts) -> None:
        assert page.locator("body.js-enabled").count() == 0
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
    stage: Any, open_page: Any, tab_to: Any
) -> None:
    """Four people and a passer-by need no mouse, scripts on."""
    for who in WHO:
        stage.people[who] = hands.Keyboard(open_page(), lambda page: None, tab_to)
    journey.walk(stage)
