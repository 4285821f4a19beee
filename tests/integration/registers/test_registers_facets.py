"""Records are found by what they hold now, page by page, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from staithe.registers import facets, indexing
from staithe.registers.actions import append_entries, schema_of
from staithe.registers.models import Register


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
LONG = "x" * 150


def add(register: Register, *records: dict) -> Register:
    changes = [(values["town"], values) for values in records]
    return append_entries(register=register, changes=changes, by=None, at=AT)


def keys(client, query: str) -> list[str]:
    answer = client.get(f"/registers/town/v2/records?{query}")
    assert answer.status_code == 200, answer.content
    return [each["_id"] for each in answer.json()]


def test_a_record_is_found_by_a_value_only_while_it_holds_it(town, client):
    add(
        town,
        {"town": "1", "name": "Ayr", "tags": ["sea", "fort"]},
        {"town": "2", "name": "Ayr"},
    )
    assert keys(client, "name=name&value=Ayr") == ["1", "2"]
    assert keys(client, "name=tags&value=fort") == ["1"]
    add(
        town,
        {"town": "1", "name": "Bala", "tags": ["fort"]},
        {"town": "1", "name": "Crail", "tags": ["fort"]},
    )
    for value, found in (("Ayr", ["2"]), ("Bala", []), ("Crail", ["1"])):
        assert keys(client, f"name=name&value={value}") == found
    assert keys(client, "name=tags&value=sea") == []
    assert keys(client, "name=tags&value=fort") == ["1"]
    add(town, {"town": "1", "name": "Ayr"})
    assert keys(client, "name=name&value=Ayr") == ["1", "2"]
    assert keys(client, "name=town&value=2") == ["2"]
    assert keys(client, "name=town&value=9") == []
    found = [
        r["key"]
        for r in client.get("/registers/town/picker.json?q=bala").json()["records"]
    ]
    assert found == ["1"], "an old name still leads to the record"


def test_values_longer_than_the_index_are_told_apart(town, client):
    add(
        town,
        {"town": "1", "name": LONG},
        {"town": "2", "name": LONG + "y"},
        {"town": "3", "name": LONG[:100]},
    )
    for value, found in (
        (LONG, ["1"]),
        (LONG + "y", ["2"]),
        (LONG[:100], ["3"]),
        (LONG + "z", []),
    ):
        assert keys(client, f"name=name&value={value}") == found


def test_while_the_index_lags_records_are_read_through(town, client):
    add(town, {"town": "1", "name": "Ayr"}, {"town": "2", "tags": ["Ayr", "b"]})
    Register.objects.update(indexed_size=0)
    assert keys(client, "name=name&value=Ayr") == ["1"]
    assert keys(client, "name=tags&value=Ayr") == ["2"]
    register = Register.objects.get()
    while indexing.index_some(register):
        register.refresh_from_db()
    assert keys(client, "name=tags&value=Ayr") == ["2"]


def test_pages_of_a_facet_stitch_together_and_end(town, client):
    add(town, *({"town": str(n), "name": "same"} for n in range(25)))
    base = "/registers/town/v2/records"
    found, query = [], "?name=name&value=same&page-size=10"
    while query:
        answer = client.get(base + query)
        found += [each["_id"] for each in answer.json()]
        links = answer.get("Link", "")
        query = links.split(">")[0].strip("<") if 'rel="next"' in links else ""
    assert found == [str(n) for n in range(25)]
    past = client.get(f"{base}?name=name&value=same&page-size=5&page-index=6")
    assert past.status_code == 404
    assert client.get(f"{base}?name=colour&value=red").status_code == 404


def test_a_page_of_a_facet_reads_no_more_records_than_it_shows(town):
    """However many records have the value: the cost is the page's, not the register's."""
    register = add(town, *({"town": str(n), "name": "same"} for n in range(300)))
    schema = schema_of(register)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        found = facets.places(
            register, schema, field="name", value="same", start=101, limit=11
        )
    assert found == list(range(101, 112))
    assert len(caught) == 1
