"""What every test may ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(Path(__file__).resolve().parent))  # for tests/factories.py


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
def _the_log_may_be_emptied_between_tests() -> Iterator[None]:
    """Lift the append-only triggers while Django flushes the test database.

    Only tests that commit for real are flushed; the others roll back.
    """
    from django.db import connection
    from django.test import TransactionTestCase

    from staithe.ledger import guards

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # Django's own hook, without a stub

    def flush_without_guards(case: TransactionTestCase) -> None:
        with guards.lifted(connection):
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_without_guards)
        yield


@pytest.fixture(scope="session", autouse=True)
def _connections_end_with_their_request(django_db_modify_db_settings: None) -> None:
    """Let no thread of a live server hold the database open after the last test."""
    from django.db import connections

    connections.settings["default"]["CONN_MAX_AGE"] = 0


@pytest.fixture
def live_home(settings: SettingsWrapper, tmp_path: Path) -> Path:
    """Point the service at an empty home: for tests outside tests/integration."""
    folder = tmp_path / "home"
    folder.mkdir()
    settings.HOME = folder
    settings.STORAGE_URL = str(folder / "snapshots")
    return folder
