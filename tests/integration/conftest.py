"""Each integration test has a home folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture(autouse=True)
def home(settings: SettingsWrapper, tmp_path: Path) -> Path:
    """Point the service at an empty home, so tests share no files."""
    folder = tmp_path / "home"
    folder.mkdir()
    settings.HOME = folder
    settings.STORAGE_URL = str(folder / "snapshots")
    return folder
