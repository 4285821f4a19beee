"""Registers to test with."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from staithe.people.actions import add_member, create_organisation, create_person
from staithe.people.passwords import hash_password
from staithe.people.roles import Role
from staithe.registers import reading, rsf
from staithe.registers.actions import append_entries, create_register, load_rsf
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


@pytest.fixture
def held():
    """Return what tells what the newest entry of a record says."""

    def newest(register, key: str) -> dict:
        found = reading.find_record(register.pk, key)
        return reading.data_of(register.pk, found)[0]

    return newest


@pytest.fixture
def body(db):
    """Return a body that keeps registers."""
    return create_organisation(name="Mapping Body", kind="other", by=None, at=AT)


@pytest.fixture
def join(body):
    """Return what makes a person with a role at a body, the keepers' unless named."""

    def someone(name: str, role: Role, at_body=None):
        email = f"{name.lower()}@example.gov.uk"
        password = hash_password("correct horse battery", email=email, name=name)
        person = create_person(
            email=email, name=name, by=None, at=AT, password_hash=password
        )
        add_member(
            person=person, organisation=at_body or body, role=role, by=None, at=AT
        )
        return person

    return someone


@pytest.fixture
def owner(town, body, join):
    """Return a person whose organisation keeps the towns."""
    town.owner = body
    town.save(update_fields=["owner"])
    return join("Olwen", Role.DATA_OWNER)


@pytest.fixture
def second(owner, join):
    """Return a colleague who keeps the towns too."""
    return join("Sioned", Role.DATA_SHARING_OFFICER)


@pytest.fixture
def sends(client):
    """Return what sends a prepared update on from its own page, as a person does."""

    def send(answer, **said):
        assert answer.status_code == 302, answer.text
        place = answer.headers["Location"]
        return client.post(place, {"act": "send", "when": "now", "reason": ""} | said)

    return send


@pytest.fixture
def towns(town):
    """Return the towns with three records, of which one ended."""
    changes = [
        ("1", {"town": "1", "name": "Ayr"}),
        (
            "2",
            {"town": "2", "name": "Bala", "twin": "town:1", "tags": ["lake", "hill"]},
        ),
        ("3", {"town": "3", "name": "Aberaeron", "end-date": "2001"}),
    ]
    return append_entries(register=town, changes=changes, by=None, at=AT)
