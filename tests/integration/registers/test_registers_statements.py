"""What a register says of itself is in its signed log, and comes with it elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from staithe.base.errors import Conflict
from staithe.registers import details, export, heads, reading, rsf
from staithe.registers.actions import append_entries, create_register, load_new
from staithe.registers.models import Register
from staithe.registers.schema import Field


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
SAID = {
    "title": "Towns of Wales",
    "description": "Every town with a charter",
    "owner_role": "Head of places",
    "licence": "OGL-UK-3.0",
    "copyright": "Crown copyright",
    "review_every_days": "30",
    "answer_within_days": "10",
}
END = {
    "ended_on": "2026-02-01",
    "end_reason": "Merged",
    "replacement": "https://example.org/settlement",
}


def say(register: Register, **said: str) -> Register:
    return details.change_details(register=register, details=said, by=None, at=AT)


def test_each_thing_said_is_an_entry_of_the_signed_log(town):
    before = town.metadata_size
    changed = say(town, **SAID)
    metadata = reading.metadata(town.pk)
    assert metadata["register-name"] == {"register-name": "Towns of Wales"}
    assert metadata["custodian"] == {"custodian": "Head of places"}
    assert metadata["licence"] == {"licence": "OGL-UK-3.0"}
    assert metadata["review-every-days"] == {"review-every-days": "30"}
    assert changed.metadata_size == before + len(SAID)
    assert say(town, licence="OGL-UK-3.0").metadata_size == changed.metadata_size
    signed = heads.latest_checkpoint(changed, at=AT, scope=reading.METADATA)
    assert signed.size == changed.metadata_size
    say(town, licence="")
    assert reading.metadata(town.pk)["licence"] == {"licence": ""}


def test_the_end_of_a_register_is_logged_and_it_takes_no_more(town, client):
    say(town, **END)
    metadata = reading.metadata(town.pk)
    assert metadata["status"] == {
        "end-date": "2026-02-01",
        "reason": "Merged",
        "replacement": "https://example.org/settlement",
    }
    status = client.get("/registers/town/v2/context").json()["status"]
    assert {**status, "start-date": ""} == {**metadata["status"], "start-date": ""}
    with pytest.raises(Conflict, match="ended"):
        append_entries(register=town, changes=[("1", {"town": "1"})], by=None, at=AT)


def test_what_was_said_comes_with_the_log(town, client):
    """Another service that loads the file shows the same context."""
    say(town, **SAID, **END)
    lines = b"".join(export.lines(export.commands(Register.objects.get())))
    first = client.get("/registers/town/v2/context").json()
    loaded = load_new(
        name="city", title="city", owner=None, by=None, at=AT,
        lines=rsf.lines_of([lines]),
    ).register  # fmt: skip
    assert details.details_of(loaded) == details.details_of(
        Register.objects.get(name="town")
    )
    second = client.get("/registers/city/v2/context").json()
    for context in (first, second):
        context.pop("id")
        context["status"].pop("start-date")
    assert first == second


def test_a_new_register_says_its_details_at_once(db):
    made = create_register(
        name="town", title="Towns", owner=None, by=None, at=AT, fields=[Field("name")],
        licence="OGL-UK-3.0", owner_role="Head of places",
    )  # fmt: skip
    metadata = reading.metadata(made.pk)
    assert metadata["licence"] == {"licence": "OGL-UK-3.0"}
    assert metadata["custodian"] == {"custodian": "Head of places"}
    assert "copyright" not in metadata
