"""The pages of registers that anyone reads."""

from __future__ import annotations

import csv
import io
import json
import re
from array import array
from datetime import UTC, datetime, timedelta

import pytest

from staithe.base import clock
from staithe.base.errors import BadInput
from staithe.registers import comparison, finding, reading
from staithe.registers.actions import append_entries, create_register
from staithe.registers.models import Register
from staithe.registers.schema import Field


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)


def table(answer) -> list[list[str]]:
    """Return the rows of a CSV that was sent piece by piece."""
    return list(csv.reader(io.StringIO(answer.getvalue().decode())))


# ---------------------------------------------------------------- the registers


def test_registers_are_listed_and_found_by_words_owner_and_state(
    towns, owner, body, client
):
    create_register(name="old", title="Old list", owner=None, by=None, at=AT)
    Register.objects.filter(name="old").update(ended_on=AT.date(), end_reason="x")
    page = client.get("/registers").text
    assert "Towns" in page
    assert "A copy, kept elsewhere" in page
    assert client.get("/registers?q=nothing").text.count("No registers found") == 1
    for query, shown, hidden in (
        ("q=tow", "Towns", "Old list"),
        (f"owner={body.slug}", "Towns", "Old list"),
        ("state=ended", "Old list", "Towns"),
        ("state=kept", "Towns", "Old list"),
    ):
        found = client.get(f"/registers?{query}").text
        assert shown in found, query
        assert f">{hidden}<" not in found, query
    rows = client.get("/registers?format=csv").text
    assert "town,Towns,Mapping Body" in rows


def test_a_register_that_is_not_public_is_seen_by_its_keepers_alone(
    towns, owner, client
):
    Register.objects.filter(name="town").update(is_public=False)
    for path in ("", "/records", "/records.csv", "/records/1", "/changes",
                 "/picker.json?q=a", "/picker", "/corrections", "/propose"):  # fmt: skip
        assert client.get(f"/registers/town{path}").status_code == 404, path
    assert "Towns" not in client.get("/registers").text
    client.force_login(owner)
    assert "Not public" in client.get("/registers").text
    answer = client.get("/registers/town/records.csv")
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_register_says_whose_it_is_how_fresh_and_how_to_use_and_check_it(
    towns, owner, client
):
    Register.objects.filter(name="town").update(
        owner_role="Head of Towns", licence="OGL", review_every_days=10
    )
    with clock.set_to(AT + timedelta(days=11)):
        page = client.get("/registers/town").text
    assert reading.root(towns.pk, 3).hex() in page
    for words in (
        "curl ", "IMPORTDATA", "staithe register pull", "read_csv", "open_copy",
        "urllib.request", "records.json", "Head of Towns", "OGL", "Mapping Body",
        "2 in force today, 3 in all", "longer than promised", "every 10 days",
    ):  # fmt: skip
        assert words in page, words
    assert "I looked through it" not in page
    assert client.get("/registers/nothing").status_code == 404


def test_the_owner_says_that_the_register_was_looked_through(towns, owner, client):
    Register.objects.filter(name="town").update(review_every_days=10)
    assert client.post("/registers/town/reviewed").status_code == 302  # sign in
    client.force_login(owner)
    later = AT + timedelta(days=11)
    with clock.set_to(later):
        assert "Towns" in client.get("/registers/queue").text
        assert "longer than promised" in client.get("/registers/town").text
        assert client.post("/registers/town/reviewed").status_code == 302
        page = client.get("/registers/town").text
        assert "longer than promised" not in page
        assert "11 February 2026" in page
        assert client.post("/registers/town/reviewed").status_code == 409


# ---------------------------------------------------------------- the records


def test_records_are_found_by_the_start_of_a_word_old_names_too(towns, client):
    append_entries(
        register=towns,
        changes=[("1", {"town": "1", "name": "Inverayr"})],
        by=None,
        at=AT,
    )
    page = client.get("/registers/town/records").text
    assert "Bala" in page
    found_by = (("inver", "1"), ("AYR", "1"), ("aber", "3"), ("bálá", "2"), ("2", "2"))
    for text, key in found_by:
        asked = {"q": text, "which": "all"}
        found = client.get("/registers/town/records", asked).text
        assert f"/records/{key}" in found, text
    assert "No records found" in client.get("/registers/town/records?q=zz").text


def test_records_in_force_today_or_another_day_or_all(towns, client):
    change = ("4", {"town": "4", "name": "New Town", "start-date": "2099-01-01"})
    append_entries(register=towns, changes=[change], by=None, at=AT)

    def keys(query: str) -> set[str]:
        answer = client.get(f"/registers/town/records?format=csv&{query}")
        return {row[0] for row in table(answer)[1:]}

    assert keys("") == {"1", "2"}
    assert keys("which=all") == {"1", "2", "3", "4"}
    assert keys("which=on&on=2000-12-31") == {"1", "2", "3"}
    assert keys("which=on&on=2001-01-01") == {"1", "2"}
    assert keys("which=on&on=2099-01-01") == {"1", "2", "4"}
    assert keys("which=on&on=nonsense") == {"1", "2"}
    page = client.get("/registers/town/records?which=all").text
    assert len(re.findall(r">\s*Ended\s*</strong>", page)) == 1


@pytest.mark.data
def test_councils_are_filtered_by_type_in_words(load, client):
    load("local-authority-type")
    load("local-authority-eng")
    place = "/registers/local-authority-eng/records"
    page = client.get(place).text
    assert "Metropolitan district (36)" in page
    found = client.get(place, {"is-local-authority-type": "MD"}).text
    assert "of 36 records" in found
    assert "Remove this filter" in found
    both = client.get(place, {"is-local-authority-type": "MD", "q": "bol"}).text
    assert "Bolton" in both
    assert "1 record found" in both
    nonsense = client.get(place, {"is-local-authority-type": "nonsense"})
    assert nonsense.status_code == 200


@pytest.mark.data
def test_pages_of_a_long_list_are_in_the_order_of_names(load, client, monkeypatch):
    load("country")
    first = client.get("/registers/country/records").text
    assert first.index("Afghanistan") < first.index("Albania")
    assert "Zimbabwe" in client.get("/registers/country/records?page=8").text
    # Past a bound they come as they were logged, without reading them all.
    monkeypatch.setattr(finding, "MOST_SORTED", 10)
    logged = client.get("/registers/country/records?which=all&page=2").text
    assert "Showing 26 to 50 of 199 records" in logged


def test_places_left_out_are_stepped_over():
    out = array("q", [1, 2, 5, 9, 10])
    found = finding.Places(10, out)
    assert list(found) == [3, 4, 6, 7, 8]
    assert found[1:4] == [4, 6, 7]
    assert len(finding.Places(3, array("q"))) == 3
    with pytest.raises(IndexError):
        found[5]


def test_the_whole_list_is_one_file(towns, client):
    rows = table(client.get("/registers/town/records.csv"))
    assert rows[0] == ["town", "name", "tags", "twin", "start-date", "end-date"]
    assert rows[2] == ["2", "Bala", "lake;hill", "town:1", "", ""]
    assert len(rows) == 3
    assert len(table(client.get("/registers/town/records.csv?all=1"))) == 4
    answer = client.get("/registers/town/records.json?all=1")
    listed = json.loads(answer.getvalue())
    assert listed[1] == {
        "_id": "2", "town": "2", "name": "Bala", "twin": "town:1", "tags": ["lake", "hill"],
    }  # fmt: skip
    assert answer["Access-Control-Allow-Origin"] == "*"
    create_register(name="bare", title="Bare", owner=None, by=None, at=AT)
    assert json.loads(client.get("/registers/bare/records.json").getvalue()) == []
    assert table(client.get("/registers/bare/records.csv")) == [["key"]]


# ---------------------------------------------------------------- one record


def test_a_record_shows_history_links_and_proof(towns, client):
    append_entries(
        register=towns,
        changes=[("2", {"town": "2", "name": "Y Bala", "twin": "town:1"})],
        by=None,
        at=AT,
    )
    page = client.get("/registers/town/records/2").text
    assert '<del><span class="govuk-visually-hidden">was </span>Bala</del>' in page
    assert "becomes </span>Y Bala</ins>" in page
    assert "lake; hill" in page
    assert 'href="/registers/town/records/1">Ayr</a>' in page
    assert "2.tlog-proof" in page
    assert "Undo" not in page
    assert client.get("/registers/town/records/2.tlog-proof").status_code == 200
    assert client.get("/registers/town/records/9").status_code == 404


def test_a_record_shows_what_links_to_it_among_what_may_be_seen(towns, body, client):
    link = [Field("place", datatype="curie"), Field("name")]
    for name, public in (("shop", True), ("secret", False)):
        other = create_register(
            name=name, title=name, owner=body, fields=link, is_public=public, by=None, at=AT
        )  # fmt: skip
        change = ("9", {name: "9", "place": "town:1", "name": f"Of {name}"})
        append_entries(register=other, changes=[change], by=None, at=AT)
    page = client.get("/registers/town/records/1").text
    assert "What links here" in page
    assert 'href="/registers/town/records/2">Bala</a>' in page
    assert 'href="/registers/shop/records/9">Of shop</a>' in page
    assert "Of secret" not in page
    moved = [("9", {"shop": "9", "name": "Of shop"})]
    shop = Register.objects.get(name="shop")
    append_entries(register=shop, changes=moved, by=None, at=AT)
    assert "Of shop" not in client.get("/registers/town/records/1").text


@pytest.mark.data
def test_links_of_older_registers_lead_both_ways(load, client):
    load("local-authority-type")
    load("local-authority-sct")
    page = client.get("/registers/local-authority-sct/records/ABD").text
    assert 'href="/registers/local-authority-type/records/CA">Council area</a>' in page
    page = client.get("/registers/local-authority-type/records/CA").text
    assert ">Aberdeenshire</a>" in page
    assert "and 12 more" in page


@pytest.mark.data
def test_a_link_of_history_that_leads_nowhere_is_told_on_the_record(load, client):
    load("statistical-geography-county-eng")
    page = client.get(
        "/registers/statistical-geography-county-eng/records/E10000002"
    ).text
    assert "leads nowhere: no register local-authority-eng is here" in page


def test_values_cannot_put_markup_on_a_page(town, client):
    evil = "<script>alert(1)</script>"
    changes = [("1", {"town": "1", "name": evil, "tags": [evil]})]
    append_entries(register=town, changes=changes, by=None, at=AT)
    for path in (
        "records",
        "records/1",
        "records/1/propose",
        "changes",
        f"records?q={evil}",
    ):
        page = client.get(f"/registers/town/{path}").text
        assert evil not in page
        assert "&lt;script&gt;" in page
    append_entries(
        register=town, changes=[("2", {"town": "2", "name": "=1+1"})], by=None, at=AT
    )
    for path in ("records.csv", "records?format=csv"):
        rows = table(client.get(f"/registers/town/{path}"))
        assert rows[2][1] == "'=1+1"
    assert "'=1+1" in client.get("/registers/town/changes?format=csv").text


def test_a_link_cannot_be_a_script(body, client):
    shop = create_register(
        name="shop", title="Shops", owner=body, by=None, at=AT,
        fields=[Field("site", datatype="url")],
    )  # fmt: skip
    change = [("1", {"shop": "1", "site": "javascript:alert(1)"})]
    with pytest.raises(BadInput, match="starts with https"):
        append_entries(register=shop, changes=change, by=None, at=AT)


# ---------------------------------------------------------------- what changed


def test_what_changed_is_told_newest_first_and_between_two_days(towns, client):
    for day, name in ((10, "Second"), (20, "Third")):
        change = [("1", {"town": "1", "name": name})]
        at = datetime(2026, 2, day, 12, tzinfo=UTC)
        append_entries(register=towns, changes=change, by=None, at=at)
    page = client.get("/registers/town/changes").text
    assert page.index("Third") < page.index("Second") < page.index("Bala")

    def entries(query: str) -> list[str]:
        rows = client.get(f"/registers/town/changes?format=csv&{query}").text
        found = [line.partition(",")[0] for line in rows.splitlines()[1:]]
        return list(dict.fromkeys(found))

    assert entries("") == ["5", "4", "3", "2", "1"]
    assert entries("begin=2026-02-10") == ["5", "4"]
    assert entries("end=2026-02-10") == ["4", "3", "2", "1"]
    assert entries("begin=2026-02-11&end=2026-02-20") == ["5"]
    assert entries("begin=2026-02-11&end=2026-02-19") == []
    assert entries("begin=nonsense") == ["5", "4", "3", "2", "1"]
    assert "Nothing changed" in client.get("/registers/town/changes?begin=2030").text


@pytest.mark.data
def test_what_changed_of_a_real_register_pages_to_its_beginning(load, client):
    load("country")
    page = client.get("/registers/country/changes?page=9").text
    assert "Showing 201 to 210 of 210 entries" in page


# ---------------------------------------------------------------- a picker


@pytest.mark.data
def test_the_picker_finds_countries_by_every_name_they_have(load, client):
    load("country")

    def picked(**asked: str) -> list[tuple[str, str]]:
        answer = client.get("/registers/country/picker.json", asked)
        assert answer["Access-Control-Allow-Origin"] == "*"
        return [(r["key"], r["matched"]) for r in answer.json()["records"]]

    assert picked(q="fra")[0] == ("FR", "")
    assert picked(q="FR")[0] == ("FR", "")
    assert ("GB", "Briton;British citizen") in picked(q="brit")
    assert picked(q="the french rep") == [("FR", "The French Republic")]
    assert picked(q="cote d'iv") == [("CI", "")]
    assert picked(q="ussr") == []
    assert picked(q="ussr", all="1")[0][0] == "SU"
    assert picked(name="France") == [("FR", "")]
    assert picked(name="fr") == [("FR", "")]
    assert picked(name="Fra") == []
    assert picked(q="") == picked(q="!?") == []


@pytest.mark.data
def test_the_picker_finds_councils_by_their_welsh_names(load, client):
    load("principal-local-authority")
    answer = client.get("/registers/principal-local-authority/picker.json?q=aberta")
    (picked,) = answer.json()["records"]
    assert (picked["name"], picked["matched"]) == ("Swansea", "Abertawe")


@pytest.mark.data
def test_the_schools_of_wales_become_a_register_from_their_own_file(
    shared_data, body, client
):
    schools = create_register(
        name="school-wls", title="Schools in Wales", owner=body, by=None, at=AT,
        fields=[Field("name"), Field("name-cy"), Field("end-date", datatype="datetime")],
    )  # fmt: skip
    path = shared_data / "registers/school-wls.tsv"
    _, rows = comparison.read_rows(path, name=path.name)
    fields = {"school-wls": "school-wls", "name": "name", "name-cy": "name-cy"}
    found = comparison.compare(
        schools, rows, fields=fields, whole=False, today=AT.date()
    )
    assert found.counts() == {
        "added": 1616,
        "changed": 0,
        "ended": 0,
        "wrong": 0,
        "same": 0,
    }
    changes = [(line.key, dict(line.values)) for line in found.lines]
    append_entries(register=schools, changes=changes, by=None, at=AT)
    answer = client.get("/registers/school-wls/picker.json?q=gymuned bod")
    assert "Ysgol Gymuned Bodffordd" in [r["name"] for r in answer.json()["records"]]
    schools.refresh_from_db()
    again = comparison.compare(
        schools, rows, fields=fields, whole=True, today=AT.date()
    )
    assert (again.lines, again.same) == ([], 1616)


def test_the_picker_finds_what_a_record_was_called_before(towns, client):
    change = [("1", {"town": "1", "name": "Inverayr"})]
    append_entries(register=towns, changes=change, by=None, at=AT)
    answer = client.get("/registers/town/picker.json?q=ayr").json()
    assert answer["records"] == [
        {"key": "1", "name": "Inverayr", "matched": "Ayr", "ended": False}
    ]


def test_the_picker_page_says_how_and_what_a_service_without_scripts_receives(
    towns, client
):
    page = client.get("/registers/town/picker").text
    assert "register-picker.js" in page
    assert 'data-register="/registers/town"' in page
    sent = client.get("/registers/town/picker?picked=bala").text
    assert "It names one record" in sent
    assert "It names no record" in client.get("/registers/town/picker?picked=x").text
