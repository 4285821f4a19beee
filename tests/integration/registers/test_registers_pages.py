"""The pages of registers: read by anyone, changed by the owner, corrected by all."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from staithe.people.actions import add_member, create_organisation, create_person
from staithe.people.passwords import hash_password
from staithe.people.roles import Role
from staithe.registers import reading
from staithe.registers.actions import append_entries
from staithe.registers.models import Correction, Mapping, Upload


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def owner(town):
    """Return a person whose organisation keeps the towns."""
    body = create_organisation(name="Mapping Body", kind="other", by=None, at=AT)
    town.owner = body
    town.save(update_fields=["owner"])
    person = create_person(
        email="owner@example.gov.uk", name="Olwen", by=None, at=AT,
        password_hash=hash_password("correct horse battery", email="owner@example.gov.uk", name="Olwen"),
    )  # fmt: skip
    add_member(person=person, organisation=body, role=Role.DATA_OWNER, by=None, at=AT)
    return person


@pytest.fixture
def towns(town):
    changes = [
        ("1", {"town": "1", "name": "Ayr"}),
        (
            "2",
            {"town": "2", "name": "Bala", "twin": "town:1", "tags": ["lake", "hill"]},
        ),
        ("3", {"town": "3", "name": "Aberaeron", "end-date": "2001"}),
    ]
    append_entries(register=town, changes=changes, by=None, at=AT)
    return town


def held(register, key: str) -> dict:
    return reading.data_of(register.pk, reading.find_record(register.pk, key))[0]


def test_registers_are_listed(towns, client):
    page = client.get("/registers").text
    assert "Towns" in page
    assert client.get("/registers?q=nothing").text.count("No registers found") == 1
    assert "town,Towns" in client.get("/registers?format=csv").text


def test_a_register_says_how_to_use_and_check_it(towns, client):
    page = client.get("/registers/town").text
    assert reading.root(towns.pk, 3).hex() in page
    for words in (
        "curl ",
        "IMPORTDATA",
        "staithe register pull",
        "read_csv",
        "open_copy",
    ):
        assert words in page
    assert client.get("/registers/nothing").status_code == 404


def test_records_are_found_by_the_start_of_a_word_old_names_too(towns, client):
    append_entries(
        register=towns,
        changes=[("1", {"town": "1", "name": "Inverayr"})],
        by=None,
        at=AT,
    )
    page = client.get("/registers/town/records").text
    assert "Bala" in page
    for words, key in (("inver", "1"), ("AYR", "1"), ("aber", "3"), ("bálá", "2")):
        found = client.get("/registers/town/records", {"q": words}).text
        assert f"/records/{key}" in found, words
    assert "No records found" in client.get("/registers/town/records?q=zz").text
    picked = client.get("/registers/town/picker.json?q=ab").json()["records"]
    assert picked == []  # it ended
    picked = client.get("/registers/town/picker.json?q=ab&all=1").json()["records"]
    assert picked == [{"key": "3", "name": "Aberaeron"}]


def test_a_record_shows_history_links_and_proof(towns, client):
    append_entries(
        register=towns,
        changes=[("2", {"town": "2", "name": "Y Bala", "twin": "town:1"})],
        by=None,
        at=AT,
    )
    page = client.get("/registers/town/records/2").text
    assert "<del>Bala</del> became <ins>Y Bala</ins>" in page
    assert "<del>lake; hill</del>" in page
    assert 'href="/registers/town/records/1"' in page
    assert "2.tlog-proof" in page
    assert client.get("/registers/town/records/2.tlog-proof").status_code == 200
    assert client.get("/registers/town/records/9").status_code == 404


@pytest.mark.data
def test_a_link_of_history_that_leads_nowhere_is_told_on_the_record(load, client):
    load("statistical-geography-county-eng")
    page = client.get(
        "/registers/statistical-geography-county-eng/records/E10000002"
    ).text
    assert "leads nowhere: no register local-authority-eng is here" in page


def test_values_cannot_put_markup_on_a_page(town, client):
    evil = "<script>alert(1)</script>"
    append_entries(
        register=town, changes=[("1", {"town": "1", "name": evil})], by=None, at=AT
    )
    for path in ("records", "records/1", "records/1/propose"):
        assert evil not in client.get(f"/registers/town/{path}").text
    csv = client.get("/registers/town/records?format=csv").text
    append_entries(
        register=town, changes=[("2", {"town": "2", "name": "=1+1"})], by=None, at=AT
    )
    csv = client.get("/registers/town/records?format=csv").text
    assert "'=1+1" in csv


def test_only_the_owner_changes_a_record_by_form(towns, owner, client):
    assert client.get("/registers/town/records/1/edit").status_code == 302
    client.force_login(owner)
    page = client.get("/registers/town/records/1/edit").text
    assert 'value="Ayr"' in page
    data = {"f1": "Ayr", "f2": "sea;beach", "f3": "", "f4": "1200", "f5": ""}
    assert client.post("/registers/town/records/1/edit", data).status_code == 302
    assert held(towns, "1") == {
        "town": "1", "name": "Ayr", "tags": ["sea", "beach"], "start-date": "1200",
    }  # fmt: skip
    answer = client.post("/registers/town/records/1/edit", data | {"f4": "soon"})
    assert (answer.status_code, "start-date is" in answer.text) == (422, True)
    answer = client.post("/registers/town/records/1/edit", data)
    assert "holds just this already" in answer.text
    answer = client.post("/registers/town/add", data | {"key": "9", "f3": "town:77"})
    assert "no record 77" in answer.text
    assert client.post("/registers/town/add", data | {"key": "9"}).status_code == 302
    assert "already" in client.post("/registers/town/add", data | {"key": "9"}).text


def test_anyone_proposes_and_the_owner_decides(towns, owner, client):
    data = {"f1": "Ayr", "f4": "1205", "evidence": "The charter", "website": ""}
    sent = client.post("/registers/town/records/1/propose", data)
    proposal = Correction.objects.get()
    assert proposal.reference in sent.text
    assert proposal.changes == {"start-date": "1205"}
    place = f"/registers/town/corrections/{proposal.reference}"
    assert client.get(place).status_code == 404  # it is not for the public yet
    client.force_login(owner)
    assert "The charter" in client.get(place).text
    decided = client.post(place, {"outcome": "accept", "reason": "The charter says so"})
    assert decided.status_code == 302
    assert held(towns, "1")["start-date"] == "1205"
    client.logout()
    assert "The charter says so" in client.get("/registers/town/corrections").text
    assert client.get(place).status_code == 200
    proposal.refresh_from_db()
    assert (proposal.state, proposal.entry_number) == ("accepted", 4)


def test_a_proposal_changes_something_says_why_and_is_no_flood(towns, client):
    data = {"f1": "Ayr", "evidence": "x"}
    assert (
        "Change at least one"
        in client.post("/registers/town/records/1/propose", data).text
    )
    answer = client.post("/registers/town/records/1/propose", {"f1": "Air"})
    assert answer.status_code == 422
    trap = {"f1": "Air", "evidence": "x", "website": "spam"}
    assert client.post("/registers/town/records/1/propose", trap).status_code == 400
    for number in range(5):
        client.post(
            "/registers/town/records/1/propose", {"f1": f"A{number}", "evidence": "x"}
        )
    assert Correction.objects.count() == 5
    answer = client.post(
        "/registers/town/records/1/propose", {"f1": "A9", "evidence": "x"}
    )
    assert "Try again in an hour" in answer.text


def excel(rows: list[list[str]]) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("towns.xlsx", out.getvalue())


CSV = "Code,Town name,Opened\n1,Ayr,1200\n3,Aberaeron,\n7,New,2020-13\n8,Newer,2020\n8,Twice,2020\n"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_is_mapped_previewed_and_then_appended(towns, owner, client, kind):
    client.force_login(owner)
    file = SimpleUploadedFile("towns.csv", CSV.encode())
    if kind == "xlsx":
        file = excel([line.split(",") for line in CSV.splitlines()])
    page = client.post("/registers/town/upload", {"file": file}).text
    assert "What do the columns mean?" in page
    kept = page.partition('name="upload" value="')[2].partition('"')[0]
    answers = {
        "upload": kept,
        "file_name": file.name,
        "c0": "town",
        "c1": "name",
        "c2": "start-date",
        "whole": "on",
    }
    preview = client.post("/registers/town/upload/columns", answers).text
    upload = Upload.objects.get()
    assert upload.counts == {
        "added": 1,
        "changed": 1,
        "ended": 1,
        "same": 1,
        "wrong": 2,
    }
    assert "stands in the file twice" in preview
    assert "start-date is “2020-13”" in preview
    assert reading.find_record(towns.pk, "8") is None  # nothing is appended yet
    place = f"/registers/town/uploads/{upload.reference}"
    assert client.post(place).status_code == 302
    assert held(towns, "8") == {"town": "8", "name": "Newer", "start-date": "2020"}
    assert held(towns, "1")["start-date"] == "1200"
    assert "end-date" in held(towns, "2")
    assert held(towns, "2")["tags"] == ["lake", "hill"]
    assert client.post(place).status_code == 409
    file = SimpleUploadedFile("again.csv", CSV.encode())
    again = client.post("/registers/town/upload", {"file": file}).text
    assert again.count("selected") >= 3
    assert Mapping.objects.get().fields["Opened"] == "start-date"


def test_a_second_person_applies_where_the_register_asks_for_one(towns, owner, client):
    from staithe.registers.uploads import apply_upload, compare, keep_preview

    towns.needs_second_person = True
    towns.save(update_fields=["needs_second_person"])
    towns.refresh_from_db()
    found = compare(
        towns, [{"a": "5"}], fields={"a": "town"}, whole=False, today=AT.date()
    )
    upload = keep_preview(register=towns, name="x.csv", found=found, by=owner, at=AT)
    assert apply_upload(upload=upload, by=owner, at=AT).state == "waiting"
    from staithe.base.errors import Conflict

    with pytest.raises(Conflict, match="second person"):
        apply_upload(upload=upload, by=owner, at=AT)
    assert apply_upload(upload=upload, by=None, at=AT).state == "applied"
    assert held(towns, "5") == {"town": "5"}
