"""Registers to test with."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from staithe.registers import rsf
from staithe.registers.actions import create_register, load_rsf
from staithe.registers.schema import MANY, Field


AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def load(shared_data):
    """Return what loads a published register under its own name."""

    def by_name(name: str):
        register = create_register(name=name, title=name, owner=None, by=None, at=AT)
        data = (shared_data / f"registers/{name}.rsf").read_bytes()
        return load_rsf(register=register, lines=rsf.lines_of([data]), by=None, at=AT)

    return by_name


@pytest.fixture
def town(db):
    """Return a register made here, with a field of each kind."""
    return create_register(
        name="town",
        title="Towns",
        owner=None,
        by=None,
        at=AT,
        fields=[
            Field("name"),
            Field("tags", cardinality=MANY),
            Field("twin", datatype="curie"),
            Field("start-date", datatype="datetime"),
            Field("end-date", datatype="datetime"),
        ],
    )


@pytest.fixture
def stated(shared_data) -> dict[str, bytes]:
    """Return the closing roots that SOURCES.md states, by register."""
    text = (shared_data / "registers/SOURCES.md").read_text("utf-8")
    found = re.findall(r"\| `([a-z0-9-]+)\.rsf` \|.*\| `([0-9a-f]{64})` \|", text)
    return {name: bytes.fromhex(root) for name, root in found}
