"""A register is declared in one file, and the governance lists are there at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from staithe.base import clock
from staithe.base.errors import BadInput
from staithe.registers.actions import append_entries, schema_of
from staithe.registers.declaration import parse, shipped
from staithe.registers.declaring import declare_register


AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
GOOD = b"register: board\ntitle: Boards\nfields: [{id: name}, {id: met-on, datatype: datetime}]"


@pytest.mark.django_db
def test_the_governance_registers_have_pages_and_apis(client):
    for declared in shipped():
        declare_register(declared=declared, by=None, at=AT)
    for name in ("information-sharing-agreement", "direction", "potential-register"):
        assert client.get(f"/registers/{name}").status_code == 200
        fields = client.get(f"/registers/{name}/v2/context").json()["schema"]
        assert fields[0]["id"] == name
    page = client.get("/registers").text
    assert "Directions" in page


@pytest.mark.data
@pytest.mark.django_db
def test_the_published_agreements_fit_the_declared_register(load):
    published = schema_of(load("information-sharing-agreement-0001").register)
    declared = {d.name: d for d in shipped()}["information-sharing-agreement"]
    ours = {field.id: field for field in declared.fields}
    theirs = {
        name: f for name, f in published.fields.items() if name != published.register
    }
    assert list(ours) == list(theirs)
    assert {n: f.cardinality for n, f in ours.items()} == {
        n: f.cardinality for n, f in theirs.items()
    }


@pytest.mark.django_db
def test_declaring_again_adds_fields_and_changes_nothing_else():
    made = declare_register(declared=parse(GOOD), by=None, at=AT)
    append_entries(
        register=made, changes=[("1", {"board": "1", "met-on": "2026"})], by=None, at=AT
    )
    again = declare_register(declared=parse(GOOD), by=None, at=AT)
    assert again.metadata_size == 6
    more = parse(GOOD.replace(b"{id: name}", b"{id: name}, {id: chair}"))
    declare_register(declared=more, by=None, at=AT)
    assert list(schema_of(made).fields) == ["board", "name", "met-on", "chair"]
    other = parse(GOOD.replace(b"datatype: datetime", b"datatype: integer"))
    with pytest.raises(BadInput, match="never changes"):
        declare_register(declared=other, by=None, at=AT)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "cannot be read as YAML"), (b"[]", "names a register"), (b"register: A b\ntitle: x", "cannot be a name"),
        (GOOD + b"\ncolour: red", "no colour"), (GOOD.replace(b"title: Boards", b"title: 7"), "title"),
        (GOOD.replace(b"datetime", b"moment"), "datatype moment"), (b"register: a\ntitle: b", "lists its fields"),
        (GOOD.replace(b"{id: name}", b"{id: name, x: 1}"), "A field"), (GOOD + b"\npublic: maybe", "public"),
        (b"a: &a [*a]\nregister: x\ntitle: y", "unfold without end"),
    ],
)  # fmt: skip
def test_a_bad_declaration_is_refused_in_a_sentence(data, says):
    with pytest.raises(BadInput, match=says):
        parse(data)


@pytest.mark.django_db
def test_every_service_has_the_governance_registers_by_itself(client):
    from staithe.jobs.actions import enqueue
    from staithe.jobs.run import run_pending
    from staithe.people.actions import create_organisation
    from staithe.registers.details import change_details
    from staithe.registers.models import Register

    def tick() -> None:
        enqueue("registers:govern", arguments={}, by=None, at=clock.now())
        run_pending()

    tick()
    assert not Register.objects.exists()  # nobody runs the service yet
    create_organisation(
        name="Data Office", kind="other", is_operator=True, by=None, at=AT
    )
    tick()
    names = set(Register.objects.values_list("name", flat=True))
    assert names == {"direction", "information-sharing-agreement", "potential-register"}
    directions = Register.objects.get(name="direction")
    told = {"title": "Our directions"}
    change_details(register=directions, details=told, by=None, at=AT)
    tick()
    directions.refresh_from_db()
    assert directions.title == "Our directions"  # what the owner made of it stays
    assert "Lists that somebody needs" in client.get("/registers").text
