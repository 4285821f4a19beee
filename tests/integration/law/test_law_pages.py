"""The legal library is public, on pages and for programs."""

from __future__ import annotations

from datetime import date

import pytest
from markupsafe import escape

from staithe.law.purposes import PURPOSES
from staithe.law.routes import load_routes


pytestmark = pytest.mark.django_db


def text_of(response):
    return " ".join(response.content.decode().split())


def test_anyone_reads_the_list_and_it_downloads(client):
    page = client.get("/law")
    assert page.status_code == 200
    for route in load_routes().routes:
        assert f'href="/law/{route.id}"' in page.content.decode()
    csv = client.get("/law?format=csv").content.decode()
    assert csv.count("\n") == len(load_routes().routes) + 1


def test_the_list_narrows_to_a_purpose_and_nonsense_means_all(client):
    debt = text_of(client.get("/law?purpose=debt-recovery"))
    assert "/law/dea-48-debt" in debt
    assert "/law/dea-64-research" not in debt
    assert "/law/dea-64-research" in text_of(client.get("/law?purpose=nonsense"))


@pytest.mark.parametrize("route", load_routes().routes, ids=lambda r: r.id)
def test_each_route_shows_its_conditions_and_how_sure_we_are(client, route):
    page = text_of(client.get(f"/law/{route.id}"))
    assert "Conditions, each to be evidenced" in page
    assert ("has not been checked" in page) == (route.status == "verify")
    assert "is lawful" not in page


def test_an_unknown_route_is_not_found(client):
    assert client.get("/law/dea-99").status_code == 404
    assert client.get("/api/v1/law/routes/dea-99").status_code == 404


@pytest.mark.parametrize("the_list", load_routes().lists.values(), ids=lambda x: x.id)
def test_each_list_shows_who_stands_in_it_on_a_day(client, the_list):
    page = text_of(client.get(f"/law/lists/{the_list.id}"))
    assert the_list.citation in page
    for entry in the_list.entries_on(date(2026, 7, 1)):
        assert str(escape(entry.who)) in page
    early = text_of(client.get("/law/lists/dea-sch-4?on=2018-06-01"))
    assert "Help for people with several disadvantages" not in early
    assert client.get("/law/lists/dea-sch-9").status_code == 404
    assert client.get("/law/lists/dea-sch-4?on=soon").status_code == 400


def test_a_route_is_shown_as_it_stood_on_a_day(client):
    assert "not in force today" in text_of(client.get("/law/ca04-16la?on=2024-01-01"))
    assert "not in force today" not in text_of(
        client.get("/law/ca04-16la?on=2026-07-01")
    )
    assert client.get("/law/ca04-16la?on=soon").status_code == 400
    shown = client.get("/api/v1/law/routes/ca04-16la?on=2026-07-01").json()
    assert shown["valid_from"] == "2026-05-30"


def test_programs_read_the_same_library(client):
    routes = client.get("/api/v1/law/routes").json()
    assert [r["id"] for r in routes] == [r.id for r in load_routes().routes]
    debt = client.get("/api/v1/law/routes?purpose=debt-recovery&on=2026-01-01").json()
    assert {r["id"] for r in debt} == {
        "dea-48-debt", "rsa-19aa-civil-reg", "wra-127-hmrc-dwp",
    }  # fmt: skip
    assert client.get("/api/v1/law/routes?on=2010-01-01").json() != routes
    one = client.get("/api/v1/law/routes/dea-64-research").json()
    assert one["citation"] == "DEA 2017 s64"
    assert "health-asc-bar" in one["conditions"]
    purposes = client.get("/api/v1/law/purposes").json()
    assert {p["code"] for p in purposes} == set(PURPOSES)
