"""An owner's own spreadsheet: mapped, remembered, compared, shown, then appended."""

from __future__ import annotations

import io
import os
import time
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from staithe.registers import comparison, mending, tidying, updates
from staithe.registers.actions import create_register
from staithe.registers.models import Correction, Mapping, Update
from staithe.registers.schema import Field


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
ROWS = [
    ["Code", "Town name", "Opened"],
    ["1", "Ayr", "1200"],
    ["3", "Aberaeron", ""],
    ["7", "New", "2020-13"],
    ["8", "Newer", "2020"],
    ["8", "Twice", "2020"],
    ["", "", ""],
]
CSV = "\n".join(",".join(row) for row in ROWS) + "\n"


def a_csv(text: str = CSV) -> SimpleUploadedFile:
    return SimpleUploadedFile("towns.csv", text.encode())


def an_excel(rows) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("towns.xlsx", out.getvalue())


ANSWERS = {"c0": "town", "c1": "name", "c2": "start-date", "whole": "on"}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_is_mapped_previewed_and_then_appended(
    *, towns, owner, client, kind, held, sends
):
    client.force_login(owner)
    file = a_csv() if kind == "csv" else an_excel(ROWS)
    asked = client.post("/registers/town/upload", {"file": file})
    place = asked.headers["Location"]
    page = client.get(place).text
    assert "What do the columns mean?" in page
    assert "For example: Ayr" in page
    prepared = client.post(place, ANSWERS)
    update = Update.objects.get()
    assert update.counts == {
        "added": 1,
        "changed": 1,
        "ended": 1,
        "same": 1,
        "wrong": 2,
    }
    preview = client.get(prepared.headers["Location"]).text
    assert "stands in the file twice" in preview
    assert "start-date is “2020-13”" in preview
    assert "<ins>" in preview
    assert "1200" in preview
    assert preview.index("2020-13") < preview.index("Newer")  # what is wrong first
    with pytest.raises(AttributeError):  # nothing is appended yet
        held(towns, "8")
    table = client.get(prepared.headers["Location"] + "?format=csv").text
    assert "6,wrong,8,The record 8 stands in the file twice." in table
    sends(prepared)
    assert held(towns, "8") == {"town": "8", "name": "Newer", "start-date": "2020"}
    assert held(towns, "1")["start-date"] == "1200"
    assert "end-date" in held(towns, "2")
    assert held(towns, "2")["tags"] == ["lake", "hill"]  # no column stood for it
    assert client.get(place).status_code == 404  # the file is gone
    again = client.post("/registers/town/upload", {"file": a_csv()})
    page = client.get(again.headers["Location"]).text
    assert "A file with these columns came before" in page
    assert page.count("selected") >= 3
    assert Mapping.objects.get().fields["Opened"] == "start-date"


def test_text_of_a_csv_stays_as_it_was_typed(tmp_path):
    """No number is rounded, no zero is dropped, no decimal is lengthened."""
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n007,1.5,1\n010,1.25,2\n")
    _, rows = comparison.read_rows(path, name="t.csv")
    assert rows == [
        {"a": "007", "b": "1.5", "c": "1"},
        {"a": "010", "b": "1.25", "c": "2"},
    ]


def test_a_spreadsheets_dates_and_numbers_become_what_a_person_sees(tmp_path):
    path = tmp_path / "t.xlsx"
    book = openpyxl.Workbook()
    for row in (
        ["d", "t", "n", "b"],
        [
            date(2020, 1, 31),
            datetime(2020, 1, 31, 9, 5, tzinfo=UTC).replace(tzinfo=None),
            12.0,
            True,
        ],
    ):
        book.active.append(row)
    book.save(path)
    _, rows = comparison.read_rows(path, name="t.xlsx")
    assert rows == [
        {"d": "2020-01-31", "t": "2020-01-31T09:05:00Z", "n": "12", "b": "true"}
    ]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"c0": "", "c1": "name"}, "Say which column holds town"),
        (
            {"c0": "town", "c1": "name", "c2": "name"},
            "Town name and Opened cannot both be name",
        ),
        ({"c0": "town", "c1": "colour"}, "Select a valid choice"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(towns, owner, client, answers, says):
    client.force_login(owner)
    place = client.post("/registers/town/upload", {"file": a_csv()}).headers["Location"]
    answer = client.post(place, answers)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert not Update.objects.exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\x00\x01\x02binary", "towns.csv"),
        (b"a,b\n1\n", "do not fit the header|does not fit the header"),
        (b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_not_kept(
    *, towns, owner, client, home, data, says
):
    import re

    client.force_login(owner)
    file = SimpleUploadedFile("towns.csv", data)
    answer = client.post("/registers/town/upload", {"file": file})
    assert answer.status_code == 422
    assert re.search(says, answer.text)
    kept = home / tidying.UPLOADS
    assert not kept.exists() or not list(kept.iterdir())


@pytest.mark.parametrize(
    ("data", "encoding", "status"),
    [
        ("town,name\n5,Llŷn\n".encode(), "", 302),
        ("town,name\n5,Café £\n".encode("cp1252"), "", 422),
        ("town,name\n5,Café £\n".encode("cp1252"), "cp1252", 302),
        (b"town,name\n5,\x81\n", "cp1252", 422),
    ],
)
def test_a_csv_of_excel_on_windows_is_taken_where_it_is_said_to_be_one(
    *, towns, owner, client, data, encoding, status, home
):
    client.force_login(owner)
    given = {"file": SimpleUploadedFile("t.csv", data), "encoding": encoding}
    answer = client.post("/registers/town/upload", given)
    assert answer.status_code == status
    kept = list((home / tidying.UPLOADS).iterdir())
    if status == 422:
        assert "cp1252" in answer.text
        assert not kept
    else:
        _, rows = comparison.read_rows(kept[0], name="t.csv")
        assert rows[0]["name"] in {"Llŷn", "Café £"}


def test_a_value_too_large_for_any_record_spoils_its_row_alone(towns, owner, client):
    client.force_login(owner)
    big = "x" * (2 << 20)
    file = a_csv(f"town,name\n5,{big}\n6,Oban\n")
    place = client.post("/registers/town/upload", {"file": file}).headers["Location"]
    prepared = client.post(place, {"c0": "town", "c1": "name"})
    page = client.get(prepared.headers["Location"]).text
    assert "The record 5 is larger than 1 MB" in page
    assert Update.objects.get().counts == {"added": 1, "wrong": 1}


def test_a_file_of_ten_megabytes_in_one_field_is_refused_in_a_sentence(
    towns, owner, client
):
    client.force_login(owner)
    file = a_csv("town,name\n5," + "x" * (11 << 20) + "\n")
    answer = client.post("/registers/town/upload", {"file": file})
    assert answer.status_code == 422
    assert "longer than 10 MB" in answer.text


def test_formulas_of_a_spreadsheet_are_text_and_harmless_on_the_way_out(
    towns, owner, client, sends, held
):
    client.force_login(owner)
    file = a_csv('town,name\n5,"=HYPERLINK(""http://x"")"\n6,<b>bold</b>\n')
    place = client.post("/registers/town/upload", {"file": file}).headers["Location"]
    prepared = client.post(place, {"c0": "town", "c1": "name"})
    table = client.get(prepared.headers["Location"] + "?format=csv").text
    assert "'=HYPERLINK" in table
    page = client.get(prepared.headers["Location"]).text
    assert "<b>bold" not in page
    sends(prepared)
    assert held(towns, "5")["name"] == '=HYPERLINK("http://x")'
    whole = client.get("/registers/town/records.csv").getvalue().decode()
    assert "'=HYPERLINK" in whole


def test_links_may_lead_to_records_of_the_same_file_and_to_nothing_else(towns):
    rows = [
        {"k": "5", "t": "town:6"},
        {"k": "6", "t": "town:1"},
        {"k": "7", "t": "town:99"},
        {"k": "8", "t": "place:1"},
    ]
    found = comparison.compare(
        towns, rows, fields={"k": "town", "t": "twin"}, whole=False, today=AT.date()
    )
    problems = {line.key: line.problem for line in found.lines}
    assert problems == {
        "5": "",
        "6": "",
        "7": "twin is “town:99”: town has no record 99.",
        "8": "twin is “place:1”: no register place is here.",
    }


def test_whole_files_need_an_end_date(body):
    plain = create_register(
        name="plain", title="Plain", owner=body, fields=[Field("name")], by=None, at=AT
    )
    with pytest.raises(Exception, match="has no field end-date"):
        comparison.compare(
            plain, [{"a": "1"}], fields={"a": "plain"}, whole=True, today=AT.date()
        )


def test_a_file_of_another_register_or_a_made_up_name_is_not_found(
    towns, owner, body, client
):
    create_register(
        name="other", title="Other", owner=body, fields=[Field("name")], by=None, at=AT
    )
    client.force_login(owner)
    place = client.post("/registers/town/upload", {"file": a_csv()}).headers["Location"]
    assert client.get(place).status_code == 200
    assert client.get(place.replace("/town/", "/other/")).status_code == 404
    for name in ("../keys/django.key", "1-../../x", ""):
        place = f"/registers/town/upload/columns?upload={name}"
        assert client.get(place).status_code == 404


def test_what_is_left_lying_is_dropped(towns, owner, client, home):
    client.force_login(owner)
    client.post("/registers/town/upload", {"file": a_csv()})
    (path,) = (home / tidying.UPLOADS).iterdir()
    update = updates.prepare_update(
        register=towns, origin="form", title="x", by=owner, at=AT,
        lines=mending.add(towns, "5", {"name": "x"}),
    )  # fmt: skip
    Correction.objects.create(
        register=towns, key="1", number_seen=1, changes={"name": "x"},
        changes_digest="x", evidence="x", contact_email="a@b.cd", made_at=AT,
    )  # fmt: skip
    assert tidying.tidy(at=datetime.now(UTC) - timedelta(hours=1))["files"] == 0
    os.utime(path, (time.time() - 90_000,) * 2)
    later = max(datetime.now(UTC), AT + timedelta(days=91))
    done = tidying.tidy(at=later)
    assert done["files"] == 1
    assert not path.exists()
    assert not Update.objects.filter(pk=update.pk).exists()
    assert Correction.objects.get().contact_email == ""
