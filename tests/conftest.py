"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


REPOSITORY = Path(__file__).resolve().parent.parent




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
