"""A real browser, driven by Playwright, against the real service on a real port.

Without a Chromium every test here is skipped with one loud line; under CI=1 or
`./dev test --browser` that is a failure instead. A page fixture fails its test when
the page logs an error, breaks the content policy or misses a file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)


HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
AXE = REPOSITORY / "frontend/node_modules/axe-core/axe.min.js"
SCREENSHOTS = REPOSITORY / "screenshots"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ABSENT = (
    "NO CHROMIUM: the browser tests did NOT run. Install one "
    "(sudo apt-get install chromium, or ./dev browser) or name one in $CHROMIUM"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that `-m "not browser"` leaves it out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say loudly that nothing was looked at in a browser, or which pages were not."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(ABSENT in str(report.longrepr) for report in skipped):
        terminalreporter.write_line(ABSENT, red=True, bold=True)
    for name in config.stash.get(NOT_LOOKED_AT, []):
        terminalreporter.write_line(f"AXE LOOKED AT NO PAGE {name}", red=True)


# ------------------------------------------------- which pages axe has looked at

LOOKED_AT: set[str] = set()
NOT_LOOKED_AT: pytest.StashKey[list[str]] = pytest.StashKey()
# Addresses that show no page: they answer a program, send a file, or lead elsewhere.
NO_PAGE = frozenset(
    [
        "site-healthz",
        "site-readyz",
        "site-metrics",
        "people-sign-out",
        "people-token-revoke",
        "people-invitation-revoke",
        "catalogue-job-stop",
        "registers-entry-undo",
        "registers-update-undo",
        "registers-watch-end",
        "people-invitation-open",
        "people-inbox-read-all",
        "people-notice-open",
        "registers-seal-show",
        "registers-checkpoint",
        "registers-key",
        "registers-tile",
        "registers-metadata-checkpoint",
        "registers-metadata-key",
        "registers-metadata-tile",
        "registers-feed",
        "registers-feed-archive",
        "registers-record-proof",
        "registers-opening",
        "registers-curie",
        "registers-csv",
        "registers-json",
        "registers-picker",
        "registers-review",
        "registers-load-rsf",
        "registers-load-rsf-v2",
        "registers-v1-root",
        "registers-v1",
        "registers-v2-root",
        "registers-v2",
        "ledger-checkpoint-show",
        "ledger-key-show",
        "ledger-tile-show",
        "catalogue-job-progress",
        "catalogue-asset-download",
        "catalogue-dataset-show",
        "catalogue-dataset-jsonld",
        "catalogue-dataset-ttl",
        "sharing-message-send",
        "sharing-flow-review",
        "linkage-review-join",
        "linkage-review-next",
        "linkage-review-stop",
        "exchange-join-progress",
        "exchange-join-stop",
        "exchange-grant-prepare",
        "accountability-event-receipt",
        "accountability-event-proof",
        "accountability-log-download",
    ]
)


def pages() -> set[str]:
    """Return the name of every address that shows a page."""
    from django.urls import URLPattern, get_resolver

    def named(patterns: Any) -> Iterator[str]:
        for each in patterns:
            if isinstance(each, URLPattern):
                if each.callback.__module__.startswith("staithe."):
                    yield each.name or ""
            elif each.namespace is None and "api/" not in str(each.pattern):
                yield from named(each.url_patterns)

    return set(named(get_resolver().url_patterns)) - NO_PAGE - {""}


def note_look(address: str) -> None:
    """Note which address axe found nothing at."""
    from django.urls import Resolver404, resolve

    with suppress(Resolver404):  # the page that says so is looked at as well
        LOOKED_AT.add(resolve(urlsplit(address).path).view_name)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run of all browser tests that passed and left a page out."""
    ran = {item.path for item in session.items if HERE in item.path.parents}
    whole = ran == set(HERE.glob("test_*.py")) and not session.config.option.keyword
    if exitstatus == 0 and whole and LOOKED_AT:
        missed = sorted(pages() - LOOKED_AT)
        if missed:
            session.config.stash[NOT_LOOKED_AT] = missed
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def required() -> bool:
    """Say whether a missing browser is a failure."""
    return os.environ.get("CI", "") not in {"", "0"} or bool(
        os.environ.get("STAITHE_REQUIRE_BROWSER")
    )


def find_chromium(playwright: Playwright) -> str | None:
    """Return the path of a Chromium: named, on PATH, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next((p for p in map(shutil.which, NAMES) if p), None)
    own = playwright.chromium.executable_path
    return found or (own if Path(own).exists() else None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser once; each test gets a fresh profile of its own."""
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop on this thread, which Django mistakes for
        # asynchronous code calling the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        path = find_chromium(playwright)
        if path is None:
            (pytest.fail if required() else pytest.skip)(ABSENT)
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        arguments = [*QUIET, *(["--no-sandbox"] if root else [])]
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture
def open_context(browser: Browser, live_server: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a fresh profile at the live server."""
    opened: list[BrowserContext] = []

    def open_one(**options: Any) -> BrowserContext:
        size = {"width": 1200, "height": 900}
        options = {"locale": "en-GB", "viewport": size} | options
        context = browser.new_context(base_url=live_server.url, **options)
        # A busy build server takes its time; what never comes is waited for in vain.
        context.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture
def open_page(
    open_context: Callable[..., BrowserContext],
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of a fresh profile.

    At the end of the test nothing may have gone wrong on any of them.
    """
    wrong: list[list[str]] = []

    def open_one(**options: Any) -> Page:
        opened = open_context(**options).new_page()
        wrong.append(watch(opened))
        return opened

    yield open_one
    assert [each for each in wrong if each] == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """Return a page; at the end of the test nothing may have gone wrong on it."""
    return open_page()


@pytest.fixture
def page_without_javascript(open_page: Callable[..., Page]) -> Page:
    """Return a page that runs no script."""
    return open_page(java_script_enabled=False)


def watch(page: Page) -> list[str]:
    """Collect what goes wrong on a page; a refused form (4xx page) is not wrong."""
    wrong: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        expected = message.text.startswith("Failed to load resource")
        if message.type == "error" and not expected:
            wrong.append(message.text)

    def on_response(response: Response) -> None:
        kind = response.request.resource_type
        if response.status >= 400 and kind not in {"document", "fetch"}:
            wrong.append(f"{response.status} {response.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", on_response)
    return wrong


@pytest.fixture
def sign_in(live_server: Any) -> Callable[[Page, Any], None]:
    """Return a function that signs a person in on a page, past the sign-in form."""

    def sign_in(page: Page, person: Any) -> None:
        client = Client()
        client.force_login(person)
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value}
        page.context.add_cookies([cookie | {"url": live_server.url}])  # type: ignore[list-item]

    return sign_in


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """Return a function that finds no failure of WCAG 2.2 A and AA on a page."""
    if not AXE.exists():
        (pytest.fail if required() else pytest.skip)("run ./dev setup: no axe-core")
    source = AXE.read_text("utf-8")

    def check(page: Page) -> None:
        # evaluate, not a script element: the content policy stays in force.
        page.evaluate(source)
        page.evaluate(OPEN_DETAILS)
        only = {"runOnly": {"type": "tag", "values": STANDARDS}}
        result = page.evaluate("only => axe.run(document, only)", only)
        assert result["passes"], "axe looked at nothing"
        found = [describe(violation) for violation in result["violations"]]
        assert not found, "\n".join([page.url, *found])
        note_look(page.url)

    return check


# What is folded away counts too.
OPEN_DETAILS = "document.querySelectorAll('details').forEach(d => { d.open = true })"


def describe(violation: dict[str, Any]) -> str:
    """Write one violation as a person can act on it."""
    nodes = "\n".join(
        f"    {node['html'][:200]}\n      {node['failureSummary']}"
        for node in violation["nodes"][:5]
    )
    return f"{violation['id']}: {violation['help']}\n{nodes}"


@pytest.fixture
def screenshot() -> Callable[[Page, str], Path]:
    """Return a function that keeps a picture of a page under screenshots/."""

    def take(page: Page, name: str, *, full: bool = True) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=full)
        return path

    return take


# The words that a person would use for what has the focus: one by one, what sort of
# thing it is, and the legends it stands under.
FOCUSED = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return {words: [], kind: "", groups: []};
  const plain = text => (text || "").replace(/\\s+/g, " ").trim();
  const labels = [...(at.labels || [])].map(label => plain(label.innerText));
  const named = at.getAttribute("aria-label");
  const groups = [];
  for (let e = at.closest("fieldset"); e; e = e.parentElement.closest("fieldset")) {
    groups.push(plain(e.querySelector("legend")?.innerText));
  }
  const role = at.getAttribute("role");
  const kind = role === "button" || at.tagName === "BUTTON" ? "button"
    : at.tagName === "A" ? "link" : at.labels ? "field" : "";
  const words = [...labels, plain(named), plain(at.innerText), plain(at.value)];
  return {words: words.filter(Boolean), kind, groups};
}"""


@pytest.fixture
def tab_to() -> Callable[..., None]:
    """Return a function that presses Tab until what has the focus reads as `text`.

    With a `kind` (link, button, field) the words are the whole name: `text` or one
    of its items. `group` is the legend that it stands under.
    """

    def found(
        focused: dict[str, Any], text: str | list[str], kind: str, group: str
    ) -> bool:
        if group and not any(each.startswith(group) for each in focused["groups"]):
            return False
        if not kind:
            return text in " ".join(focused["words"])
        wanted = [text] if isinstance(text, str) else text
        return focused["kind"] == kind and any(w in focused["words"] for w in wanted)

    def tab(
        page: Page,
        text: str | list[str],
        *,
        kind: str = "",
        group: str = "",
        limit: int = 250,
    ) -> None:
        seen = []
        for _ in range(limit):
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if found(focused, text, kind, group):
                return
            seen.append(" ".join(focused["words"]))
        reached = "\n".join(dict.fromkeys(seen))
        pytest.fail(f"{text!r} cannot be reached with Tab; reached:\n{reached}")

    return tab


@pytest.fixture
def reflow() -> Callable[[Page], None]:
    """Return a function that finds no sideways scrolling at 320 pixels (WCAG 1.4.10)."""

    def check(page: Page) -> None:
        before = page.viewport_size
        page.set_viewport_size({"width": 320, "height": 800})
        width = page.evaluate("document.documentElement.scrollWidth")
        wide = page.evaluate(TOO_WIDE)
        if before:
            page.set_viewport_size(before)
        assert width <= 320, f"{page.url} is {width} pixels wide: {wide}"

    return check


TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > 321)
  .slice(0, 8).map(e => e.outerHTML.slice(0, 120))"""
