"""Two ways to use a page as a person does: with a mouse, or with the keyboard alone.

Both offer the same few acts, so that one journey is walked with either. Neither
knows an address beyond the first: everything else is reached by what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as Timeout


Look = Callable[[Page], None]
TabTo = Callable[..., None]


class Hand(Protocol):
    """What a person does on a page."""

    page: Page

    def open(self, address: str) -> None: ...
    def follow(self, link: str) -> None: ...
    def press(self, button: str) -> None: ...
    def download(self, words: str, *, button: bool = False) -> Path: ...
    def write(self, label: str, text: str, *, group: str = "") -> None: ...
    def choose(self, label: str, *, group: str = "") -> None: ...
    def select(self, label: str, option: str) -> None: ...
    def give(self, label: str, file: Path) -> None: ...


OPTIONAL = " (optional)"


class Mouse:
    """Clicks, and types into what was clicked."""

    def __init__(self, page: Page, look: Look) -> None:
        self.page = page
        self._look = look

    def open(self, address: str) -> None:
        """Type an address."""
        self.page.goto(address)
        self._look(self.page)

    def follow(self, link: str) -> None:
        """Click a link and wait for its page."""
        self._go(self._one("link", link))

    def press(self, button: str) -> None:
        """Click a button, or a link that looks like one, and wait for the answer."""
        self._go(self._one("button", button))

    def download(self, words: str, *, button: bool = False) -> Path:
        """Click what gives a file."""
        with self.page.expect_download() as given:
            self._one("button" if button else "link", words).click()
        return given.value.path()

    def write(self, label: str, text: str, *, group: str = "") -> None:
        """Fill in a box."""
        within = self._within(group)
        shown = within.get_by_label(label, exact=True)
        shown.or_(within.get_by_label(label + OPTIONAL, exact=True)).fill(text)

    def choose(self, label: str, *, group: str = "") -> None:
        """Click a radio button or a checkbox: the latter is turned over."""
        self._within(group).get_by_label(label, exact=True).click()

    def select(self, label: str, option: str) -> None:
        """Choose from a list."""
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def give(self, label: str, file: Path) -> None:
        """Choose a file."""
        self.page.get_by_label(label, exact=True).set_input_files(file)

    def _one(self, role: Any, name: str) -> Locator:
        return self.page.get_by_role(role, name=name, exact=True).first

    def _within(self, group: str) -> Any:
        return self.page.get_by_role("group", name=group) if group else self.page

    def _go(self, target: Locator) -> None:
        with self.page.expect_navigation():
            target.click()
        self._look(self.page)


# What a person reads off the page before choosing: which radios belong together.
MATES = """([label, group]) => {
  const inputs = [...document.querySelectorAll("input[type=radio]")].filter(
    i => [...i.labels].some(l => l.innerText.trim() === label));
  const here = inputs.find(
    i => !group || i.closest("fieldset")?.innerText.trim().startsWith(group));
  return here && [...document.getElementsByName(here.name)].map(
    i => i.labels[0].innerText.trim());
}"""
CHOSEN = "() => document.activeElement.labels[0].innerText.trim()"


PRESSES = 3


def choose_file(page: Page, file: Path) -> None:
    """Press Space on a file box and choose a file.

    A busy browser drops a press now and then: a person presses again.
    """
    for left in reversed(range(PRESSES)):
        try:
            with page.expect_file_chooser(timeout=10_000) as chooser:
                page.keyboard.press("Space")
        except Timeout:
            if not left:
                raise
        else:
            chooser.value.set_files(file)
            return


class Keyboard:
    """Tab, Enter, Space, the arrow keys and letters; never a mouse."""

    def __init__(self, page: Page, look: Look, tab_to: TabTo) -> None:
        self.page = page
        self._look = look
        self._tab_to = tab_to

    def open(self, address: str) -> None:
        """Type an address."""
        self.page.goto(address)
        self._look(self.page)

    def follow(self, link: str) -> None:
        """Go to a link and open it."""
        self._go(link, "link")

    def press(self, button: str) -> None:
        """Go to a button and press it."""
        self._go(button, "button")

    def download(self, words: str, *, button: bool = False) -> Path:
        """Go to what gives a file and open it."""
        self._tab_to(self.page, words, kind="button" if button else "link")
        with self.page.expect_download() as given:
            self.page.keyboard.press("Enter")
        return given.value.path()

    def write(self, label: str, text: str, *, group: str = "") -> None:
        """Go to a box and type over what is in it."""
        shown = [label, label + OPTIONAL]
        self._tab_to(self.page, shown, kind="field", group=group)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, *, group: str = "") -> None:
        """Go to a checkbox and turn it over, or through radio buttons with arrows."""
        mates = self.page.evaluate(MATES, [label, group])
        if mates is None:
            self._tab_to(self.page, label, kind="field", group=group)
        else:
            self._tab_to(self.page, mates, kind="field", group=group)
            for _ in mates:
                if self.page.evaluate(CHOSEN) == label:
                    break
                self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Space")

    def select(self, label: str, option: str) -> None:
        """Go to a list and type the option's words."""
        self._tab_to(self.page, label, kind="field")
        self.page.keyboard.type(option)

    def give(self, label: str, file: Path) -> None:
        """Go to a file box and open its chooser."""
        self._tab_to(self.page, label, kind="field")
        choose_file(self.page, file)

    def _go(self, words: str, kind: str) -> None:
        self._tab_to(self.page, words, kind=kind)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self._look(self.page)
