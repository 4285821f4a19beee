"""What both walks of the main job share: three small files, and a clock to move on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from staithe.base import clock
from staithe.demo.extracts import Extract, write_extracts
from staithe.demo.population import generate_world


PEOPLE = 600
SEED = 3


def small_extracts(folder: Path) -> dict[str, Extract]:
    """Write the demo's three files about 600 people; by the slug of their holder."""
    world = generate_world(people=PEOPLE, seed=SEED)
    return {each.source: each for each in write_extracts(world, folder)}


def movable_clock(patch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that moves the service's clock on by days, in every thread."""
    ahead = [timedelta()]

    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # not of the subclass
            return datetime.now(tz) + ahead[0]

    patch.setattr(clock, "datetime", Later)

    def move_on(days: int) -> None:
        ahead[0] += timedelta(days=days)

    return move_on
