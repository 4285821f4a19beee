"""Mistakes are put right by new entries: the log before them stays to the byte."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from staithe.base.errors import BadInput, Conflict, NotFound
from staithe.registers import erasure, mending, reading, updates
from staithe.registers.actions import (
    append_entries,
    change_schema,
    create_register,
    schema_of,
)
from staithe.registers.models import Opening, Update
from staithe.registers.schema import MANY, Field


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
TODAY = date(2026, 1, 31)


def log(register, size=3):
    return [(e.number, e.key, e.items) for e in reading.entries(register.pk, 1, size)]


@pytest.fixture
def made(owner):
    """Return what makes an update of lines at once."""

    def make(register, lines, origin="mend"):
        update = updates.prepare_update(
            register=register, origin=origin, title="x", lines=lines, by=owner, at=AT
        )
        return updates.send_update(update=update, by=owner, at=AT)

    return make


def test_undoing_the_newest_entry_sets_a_record_back(towns, owner, client, held, sends):
    change = [("2", {"town": "2", "name": "Y Bala"})]
    append_entries(register=towns, changes=change, by=None, at=AT)
    before, root = log(towns, 4), reading.root(towns.pk, 4)
    client.force_login(owner)
    assert "Undo this" in client.get("/registers/town/records/2").text
    answer = client.post("/registers/town/entries/4/undo")
    page = client.get(answer.headers["Location"]).text
    assert "Bala" in page
    sends(answer)
    assert held(towns, "2") == {
        "town": "2", "name": "Bala", "twin": "town:1", "tags": ["lake", "hill"],
    }  # fmt: skip
    assert log(towns, 4) == before
    assert reading.root(towns.pk, 4) == root


def test_undoing_the_first_entry_ends_the_record(towns, made, held):
    made(towns, mending.undo_entry(towns, 1, on=TODAY))
    assert held(towns, "1")["end-date"] == "2026-01-31"


def test_an_entry_that_another_followed_is_not_undone(towns, owner, client):
    change = [("2", {"town": "2", "name": "Y Bala"})]
    append_entries(register=towns, changes=change, by=None, at=AT)
    client.force_login(owner)
    answer = client.post("/registers/town/entries/2/undo")
    assert (answer.status_code, "undo entry 4 first" in answer.text) == (409, True)
    assert client.post("/registers/town/entries/99/undo").status_code == 404
    assert client.get("/registers/town/entries/4/undo").status_code == 405


def test_a_whole_update_is_undone_but_for_what_moved_on(
    towns, owner, made, client, held
):
    first = made(
        towns, mending.bulk(towns, field="tags", to="sea", named=["1", "2"]), "bulk"
    )
    change = [("1", {"town": "1", "name": "Changed again"})]
    append_entries(register=towns, changes=change, by=None, at=AT)
    client.force_login(owner)
    place = f"/registers/town/updates/{first.reference}"
    assert "Undo these changes" in client.get(place).text
    answer = client.post(place + "/undo")
    page = client.get(answer.headers["Location"]).text
    assert "It changed again, in entry 6" in page
    client.post(answer.headers["Location"], {"act": "send", "when": "now"})
    assert held(towns, "2")["tags"] == ["lake", "hill"]
    assert held(towns, "1")["name"] == "Changed again"
    with pytest.raises(Conflict, match="added no entries"):
        mending.undo_update(Update(register=towns), on=TODAY)


def test_a_wrong_key_ends_in_favour_of_the_right_one(towns, owner, client, held, sends):
    change_schema(
        register=towns, fields=[Field("replaced-by", datatype="curie")], by=None, at=AT
    )
    client.force_login(owner)
    place = "/registers/town/records/2/mend"
    asked = {"what": "key", "right_key": "BAL"}
    sends(client.post(place, asked))
    new, old = held(towns, "BAL"), held(towns, "2")
    assert new["name"] == "Bala"
    assert new["town"] == "BAL"
    assert old["replaced-by"] == "town:BAL"
    assert "end-date" in old
    page = client.get("/registers/town/records/2").text
    assert 'href="/registers/town/records/BAL"' in page


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"what": "key", "right_key": ""}, "Enter the right key"),
        ({"what": "key", "right_key": "1"}, "There is a record 1 already"),
        ({"what": "key", "right_key": "a b"}, "is not a key"),
        ({"what": "duplicate", "other": "77"}, "no record 77"),
        ({"what": "duplicate", "other": "2"}, "no duplicate of itself"),
        ({"what": "ended"}, "Enter the day it ended"),
        ({}, "Answer the question “What is wrong?”"),
    ],
)
def test_what_cannot_be_put_right_so_is_refused_in_a_sentence(
    towns, owner, client, asked, says
):
    client.force_login(owner)
    answer = client.post("/registers/town/records/2/mend", asked)
    assert answer.status_code in {404, 422}
    assert says in answer.text
    assert not Update.objects.exists()


def test_a_duplicate_ends_and_the_other_stays(towns, made, held):
    made(towns, mending.merge(towns, "2", "1", on=TODAY))
    assert held(towns, "2")["end-date"] == "2026-01-31"
    assert "end-date" not in held(towns, "1")
    with pytest.raises(BadInput, match="ended already, on 2026-01-31"):
        mending.merge(towns, "2", "1", on=TODAY)
    with pytest.raises(BadInput, match="ended already"):
        mending.end(towns, "2", on=TODAY)
    with pytest.raises(NotFound):
        mending.merge(towns, "77", "1", on=TODAY)


def test_a_record_cannot_end_where_no_field_says_so(body):
    plain = create_register(
        name="plain", title="Plain", owner=body, fields=[Field("name")], by=None, at=AT
    )
    append_entries(register=plain, changes=[("1", {"plain": "1"})], by=None, at=AT)
    with pytest.raises(BadInput, match="no field end-date"):
        mending.end(plain, "1", on=TODAY)


# ---------------------------------------------------------------- many at once


def test_one_field_is_set_in_many_records(towns, owner, client, held, sends):
    client.force_login(owner)
    form = {"field": "start-date", "to": "2026-04-01", "where": "", "has": ""}
    page = client.get("/registers/town/many").text
    assert "Field to set" in page
    sends(client.post("/registers/town/many", form | {"which": "all"}))
    assert held(towns, "1")["start-date"] == "2026-04-01"
    assert held(towns, "2")["start-date"] == "2026-04-01"
    assert "start-date" not in held(towns, "3")  # it ended


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"which": "where", "where": "tags", "has": "lake"}, ["2"]),
        ({"which": "where", "where": "name", "has": "Ayr"}, ["1"]),
        ({"which": "where", "where": "twin", "has": ""}, ["1"]),
        ({"which": "named", "named": "3\n1"}, ["3", "1"]),
    ],
)
def test_the_records_of_a_bulk_change_are_chosen_by_value_or_name(
    towns, owner, client, asked, changed
):
    client.force_login(owner)
    form = {"field": "start-date", "to": "2026"}
    client.post("/registers/town/many", form | asked)
    lines = Update.objects.get().lines.values_list("key", flat=True)
    assert list(lines) == changed


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"which": "where"}, "Choose the field that they have in common"),
        ({"which": "named", "named": " "}, "Enter the keys"),
        ({"which": "named", "named": "77"}, "There is no record 77"),
        (
            {"which": "where", "where": "name", "has": "Nowhere"},
            "No record would change",
        ),
        ({"which": "all", "field": ""}, "Select the field to set"),
    ],
)
def test_a_bulk_change_of_nothing_is_refused(towns, owner, client, asked, says):
    client.force_login(owner)
    form = {"field": "start-date", "to": "2026"}
    answer = client.post("/registers/town/many", form | asked)
    assert (answer.status_code, says in answer.text) == (422, True)


def test_a_bulk_change_shows_the_records_that_it_would_spoil(towns, owner, client):
    client.force_login(owner)
    form = {"field": "start-date", "to": "soon", "which": "all"}
    answer = client.post("/registers/town/many", form)
    page = client.get(answer.headers["Location"]).text
    assert "start-date is “soon”" in page
    assert "Make these changes" not in page
    with pytest.raises(BadInput, match="record by record"):
        mending.bulk(towns, field="town", to="x")
    with pytest.raises(BadInput, match="no field colour"):
        mending.bulk(towns, field="colour", to="x")


# ---------------------------------------------------------------- of the wrong shape


def test_a_field_of_the_wrong_shape_is_replaced_and_values_carried_over(
    towns, owner, client, held, sends
):
    change = [("1", {"town": "1", "name": "Ayr", "start-date": "1205"})]
    append_entries(register=towns, changes=change, by=None, at=AT)
    metadata = reading.entries(towns.pk, 1, 99, scope=reading.METADATA)
    client.force_login(owner)
    place = "/registers/town/fields/name/replace"
    assert "can never change" in client.get(place).text
    new = {
        "id": "names", "text": "What people call it.", "datatype": "string",
        "cardinality": MANY,
    }  # fmt: skip
    sends(client.post(place, new))
    fields = schema_of(towns).fields
    assert fields["names"].cardinality == MANY
    assert "No longer used: see names" in fields["name"].text
    assert held(towns, "1") == {"town": "1", "names": ["Ayr"], "start-date": "1205"}
    now = reading.entries(towns.pk, 1, 99, scope=reading.METADATA)
    assert now[: len(metadata)] == metadata


def test_values_that_do_not_fit_the_new_field_are_shown_and_stay(towns, owner, client):
    client.force_login(owner)
    new = {"id": "number", "text": "x", "datatype": "integer", "cardinality": "1"}
    answer = client.post("/registers/town/fields/name/replace", new)
    page = client.get(answer.headers["Location"]).text
    assert "number is “Ayr”: write a whole number" in page
    with pytest.raises(BadInput, match="cannot be replaced"):
        mending.replace_field(towns, "town", Field("other"))
    with pytest.raises(BadInput, match="There is a field name already"):
        mending.replace_field(towns, "tags", Field("name"))


# ---------------------------------------------------------------- erased values


def test_a_value_that_was_erased_is_never_written_again_by_a_form(
    body, owner, client, held
):
    shop = create_register(
        name="shop", title="Shops", owner=body, by=None, at=AT,
        fields=[Field("name"), Field("keeper", erasable=True)],
    )  # fmt: skip
    change = [("1", {"shop": "1", "name": "Corner", "keeper": "A. Person"})]
    append_entries(register=shop, changes=change, by=None, at=AT)
    token = held(shop, "1")["keeper"]
    waiting = updates.prepare_update(
        register=shop, origin="form", title="x", by=owner, at=AT,
        lines=mending.change(shop, "1", {"keeper": "B. Person"}),
    )  # fmt: skip
    erasure.erase_values(
        register=shop, key="1", field="keeper", reason_code="asked", by=owner, at=AT
    )
    assert waiting.lines.get().values == {"shop": "1", "name": "Corner"}
    assert waiting.lines.get().kind == "wrong"
    client.force_login(owner)
    page = client.get("/registers/shop/records/1/edit").text
    assert "keeper" not in page.lower().split("<form")[1]
    answer = client.post(
        "/registers/shop/records/1/edit", {"f1": "Corner shop", "seen": "1"}
    )
    client.post(answer.headers["Location"], {"act": "send", "when": "now"})
    assert held(shop, "1") == {"shop": "1", "name": "Corner shop", "keeper": token}
    assert not Opening.objects.exists()
