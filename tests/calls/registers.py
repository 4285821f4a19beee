"""Calls of the registers room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from staithe.demo.story import Scene
from staithe.registers import corrections, erasure, hooks, rsf, uploads
from staithe.registers import item as items
from staithe.registers.actions import (
    append_entries,
    change_schema,
    create_register,
    load_rsf,
)
from staithe.registers.entry import Scope
from staithe.registers.models import Register
from staithe.registers.schema import Field


Said = Callable[[], dict[str, Any]]


def call(told: Scene) -> None:
    """Make a register and change it by every way there is."""
    owner = told.cast["owner"]

    def said() -> dict[str, Any]:
        return {"by": owner, "at": told.later()}

    town = create_register(
        name="town",
        title="Towns",
        owner=told.cast.organisations["dws"],
        fields=[Field("name"), Field("contact", erasable=True)],
        **said(),
    )
    ayr = {"town": "1", "name": "Ayr", "contact": "A. Person"}
    append_entries(register=town, changes=[("1", ayr)], **said())
    change_schema(register=town, fields=[Field("mayor")], **said())
    erasure.erase_values(
        register=town, key="1", field="contact", reason_code="test", **said()
    )
    _load(town, said)
    _correct(told, town, said)
    _upload(town, said)
    _tell(town, said)


def _load(town: Register, said: Said) -> None:
    data = items.to_canonical({"town": "2", "name": "Wick"}).encode()
    entry = rsf.AppendEntry(
        Scope.USER, "2", "2026-11-01T00:00:00Z", (items.hash_of(data),)
    )
    written = [rsf.write(rsf.AddItem(data)), rsf.write(entry)]
    town.refresh_from_db()
    load_rsf(register=town, lines=rsf.lines_of(written), **said())


def _correct(told: Scene, town: Register, said: Said) -> None:
    proposed = corrections.propose_correction(
        register=town,
        key="2",
        changes={"mayor": "M. Provost"},
        evidence="The council says so.",
        by=told.cast["stranger"],
        at=told.later(),
    )
    corrections.decide_correction(
        correction=proposed, accept=True, reason="True.", **said()
    )


def _upload(town: Register, said: Said) -> None:
    town.refresh_from_db()
    found = uploads.compare(
        town,
        [{"town": "3", "name": "Oban"}],
        fields={"town": "town", "name": "name"},
        whole=False,
        today=date(2026, 11, 1),
    )
    preview = uploads.keep_preview(
        register=town, name="towns.csv", found=found, **said()
    )
    uploads.apply_upload(upload=preview, **said())


def _tell(town: Register, said: Said) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # The address is looked up on the internet, where no test goes.
        patch.setattr(hooks, "check_address", lambda url: None)
        hook = hooks.add_hook(register=town, url="https://example.org/in", **said())
    hooks.note_told(hook=hook, size=town.size, **said())
    hooks.end_hook(hook=hook, **said())
