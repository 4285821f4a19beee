"""A home folder of its own for each test, and an action to write with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from staithe.ledger import recording
from staithe.ledger.actions import action, record


if TYPE_CHECKING:
    from collections.abc import Callable

    from staithe.ledger.models import Event

AT = datetime(2026, 1, 31, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    """Keep keys made by a test out of everybody else's way."""
    settings.HOME = tmp_path / "home"
    settings.BASE_URL = "https://data.example.gov.uk"
    return settings.HOME


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Forget the actions and handlers that a test registers."""
    monkeypatch.setattr(recording, "ACTIONS", dict(recording.ACTIONS))
    monkeypatch.setattr(recording, "HANDLERS", {})
    return recording


@pytest.fixture
def define() -> Callable[..., Any]:
    """Return what makes an action of a function, as if it stood in a room."""

    def make(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        function.__module__ = f"staithe.{name.partition(':')[0]}.actions"
        return action(name)(function)

    return make


@pytest.fixture
def act(define) -> Callable[..., Event]:
    """Return an action that records what it is given."""

    def make_thing(*, by: object = None, at: datetime = AT, **body: Any) -> Event:
        return record(by=by, at=at, subject="thing:1", organisation="ons", **body)

    made: Callable[..., Event] = define("sharing:thing:made", make_thing)
    return made
