"""One demo world for the whole room: its tests only read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from staithe.demo.extracts import (
    Extract,
    benefit_spells,
    earnings,
    hospital_care,
    write_extracts,
)
from staithe.demo.population import World, generate_world
from staithe.demo.truth import draw_truth


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def world() -> World:
    return generate_world(people=20_000, seed=11)


@pytest.fixture(scope="session")
def tables(world: World) -> dict[str, pa.Table]:
    return {
        "dws": benefit_spells(world),
        "nhb": hospital_care(world),
        "rs": earnings(world),
    }


@pytest.fixture(scope="session")
def truth(world: World) -> pa.Table:
    return draw_truth(world)


@pytest.fixture(scope="session")
def written(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Extract]]:
    folder = tmp_path_factory.mktemp("world") / "extracts"
    return folder, write_extracts(world, folder)
