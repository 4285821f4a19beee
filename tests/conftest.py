"""What every test may ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings


if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))  # for tests/factories.py

# A busy machine is not a fault. On a build server Hypothesis also fixes its seed.
settings.register_profile(
    "patient",
    parent=settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of published data, or skip loudly where it is absent."""
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("STAITHE_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(
            "SHARED DATA ABSENT: set STAITHE_SHARED_DATA to the folder of "
            "published test data; this claim is NOT tested in this run"
        )
    return folder


@pytest.fixture(scope="session", autouse=True)
def _logs_may_be_emptied_between_tests() -> Iterator[None]:
    """Lift the append-only triggers while Django flushes the test database.

    Only tests that commit for real are flushed; the others roll back.
    """
    from django.db import connection
    from django.test import TransactionTestCase

    from staithe.ledger import guards as of_the_ledger
    from staithe.registers import guards as of_registers

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # Django's own hook, without a stub

    def flush_without_guards(case: TransactionTestCase) -> None:
        with of_the_ledger.lifted(connection), of_registers.lifted(connection):
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_without_guards)
        yield


@pytest.fixture(scope="session", autouse=True)
def _connections_end_with_their_request(django_db_modify_db_settings: None) -> None:
    """Let no thread of a live server hold the database open after the last test."""
    from django.db import connections

    connections.settings["default"]["CONN_MAX_AGE"] = 0


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """End what a browser's last request still holds open, so the database can go."""
    yield
    from django.db import connection

    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture
def live_home(settings: SettingsWrapper, tmp_path: Path) -> Path:
    """Point the service at an empty home: for tests outside tests/integration."""
    folder = tmp_path / "home"
    folder.mkdir()
    settings.HOME = folder
    settings.STORAGE_URL = str(folder / "snapshots")
    return folder


# ---------------------------------------------------------------- templates

RENDERED: set[str] = set()
TEMPLATES = "src/staithe/*/templates/**/*.html"


def pytest_configure() -> None:
    """Note each template that is loaded: it is loaded when it is first rendered."""
    from jinja2 import FileSystemLoader

    load = FileSystemLoader.get_source

    def get_source(loader: FileSystemLoader, env: object, name: str) -> object:
        RENDERED.add(name)
        return load(loader, env, name)  # type: ignore[arg-type]  # what Jinja gives

    FileSystemLoader.get_source = get_source  # type: ignore[method-assign,assignment]  # a listener


def templates_not_rendered() -> list[str]:
    """Return the templates of every room that no test has rendered so far."""
    known = {
        str(path).partition("/templates/")[2] for path in REPOSITORY.glob(TEMPLATES)
    }
    return sorted(known - RENDERED)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a whole run that passed and yet rendered some template never."""
    options = session.config.option
    whole = not options.file_or_dir and not options.keyword
    if exitstatus == 0 and whole and options.markexpr in {"", "not long"}:
        missed = templates_not_rendered()
        if missed:
            session.config.stash[MISSED] = missed
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


MISSED: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the templates that no test renders."""
    for name in config.stash.get(MISSED, []):
        terminalreporter.write_line(f"NO TEST RENDERS THE TEMPLATE {name}", red=True)
