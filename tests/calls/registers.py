"""Calls of the registers room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from staithe.demo.story import Scene
from staithe.people.models import Person
from staithe.registers import (
    comparison,
    corrections,
    details,
    erasure,
    hooks,
    mending,
    reach,
    rsf,
    updates,
    watches,
)
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
from staithe.registers.timestamps import to_text


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
    _keep(told, town, said)
    _tell(town, said)
    _watch(town, said)


def _load(town: Register, said: Said) -> None:
    given = said()
    data = items.to_canonical({"town": "2", "name": "Wick"}).encode()
    moment = to_text(int(given["at"].timestamp()))
    entry = rsf.AppendEntry(Scope.USER, "2", moment, (items.hash_of(data),))
    written = [rsf.write(rsf.AddItem(data)), rsf.write(entry)]
    town.refresh_from_db()
    load_rsf(register=town, lines=rsf.lines_of(written), **given)


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
        correction=proposed, outcome="accept", reason="True.", **said()
    )


def _keep(told: Scene, town: Register, said: Said) -> None:
    """Change records every way that an update can end."""
    owner, officer = told.cast["owner"], told.cast["officer"]
    updates.send_update(update=_prepared(town, "3", owner, said), **said())
    details.note_review(register=town, **said())
    details.change_details(
        register=town,
        details={"needs_second_person": "yes", "writers": "nhb"},
        **said(),
    )
    waiting = _prepared(town, "4", officer, said)
    proposed = corrections.propose_correction(
        register=town,
        key="3",
        changes={"mayor": "Another"},
        evidence="A letter.",
        by=told.cast["stranger"],
        at=told.later(),
    )
    decided = corrections.decide_correction(
        correction=proposed,
        outcome="accept",
        reason="So it is.",
        by=officer,
        at=told.later(),
    )
    assert decided.update is not None
    updates.agree_update(update=decided.update, **said())
    updates.send_update(update=waiting, by=officer, at=told.later())
    updates.refuse_update(update=waiting, reason="Not so.", **said())
    updates.withdraw_update(update=_prepared(town, "5", owner, said), **said())
    for key in ("6", "7"):
        later = _prepared(town, key, officer, said)
        at = told.later()
        updates.send_update(
            update=later, by=officer, at=at, apply_at=at + timedelta(days=1)
        )
        updates.agree_update(update=later, **said())
        if key == "6":
            updates.make_scheduled(update=later, by=None, at=told.later())
        else:
            updates.stop_update(update=later, problem="No.", by=None, at=told.later())


def _prepared(town: Register, key: str, by: Person, said: Said) -> updates.Update:
    lines = mending.add(town, key, {"name": f"Town {key}"})
    given = said() | {"by": by}
    return updates.prepare_update(
        register=town, origin="form", title=f"New record {key}", lines=lines, **given
    )


def _watch(town: Register, said: Said) -> None:
    fields = {"town": "town", "name": "name"}
    watch = watches.add_watch(
        register=town,
        place="",
        fields=fields,
        is_whole=False,
        every_minutes=60,
        **said(),
    )
    rows = [{"town": "9", "name": "Nairn"}]
    found = comparison.compare(
        town, rows, fields=fields, whole=False, today=date(2026, 11, 1)
    )
    watches.take_file(watch=watch, found=found, digest="0" * 64, **said())
    watches.note_look(watch=watch, outcome="Nothing new.", **said())
    watches.end_watch(watch=watch, **said())


def _tell(town: Register, said: Said) -> None:
    with pytest.MonkeyPatch.context() as patch:
        # The address is looked up on the internet, where no test goes.
        patch.setattr(reach, "check_address", lambda url: "192.0.2.1")
        hook = hooks.add_hook(register=town, url="https://example.org/in", **said())
    hooks.note_told(hook=hook, size=town.size, **said())
    hooks.end_hook(hook=hook, **said())
