"""RSF sent over HTTP: appended whole by whoever keeps the register, or not at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from staithe.people.actions import (
    add_member,
    create_organisation,
    create_person,
    create_token,
)
from staithe.people.passwords import hash_password
from staithe.people.roles import Role
from staithe.registers import item
from staithe.registers.actions import create_register
from staithe.registers.models import Entry, Register
from staithe.registers.schema import Field


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
URL = "/registers/town/v1/load-rsf"
KIND = "application/uk-gov-rsf"


def lines(*records: dict, at: str = "2026-02-01T09:00:00Z") -> bytes:
    out = b""
    for values in records:
        data = item.to_canonical(values).encode()
        digest = item.hash_to_text(item.hash_of(data))
        out += b"add-item\t" + data + b"\n"
        out += f"append-entry\tuser\t{values['town']}\t{at}\t{digest}\n".encode()
    return out


@pytest.fixture
def tokens(db) -> dict[str, str]:
    """Return tokens of two people of the body that keeps the register `town`."""
    body = create_organisation(name="Body", kind="other", by=None, at=AT)
    create_register(
        name="town", title="Towns", owner=body, by=None, at=AT,
        fields=[Field("name"), Field("twin", datatype="curie")],
    )  # fmt: skip
    found = {}
    for name, role in (("olwen", Role.DATA_OWNER), ("ana", Role.ANALYST)):
        email = f"{name}@example.gov.uk"
        person = create_person(
            email=email, name=name, by=None, at=AT,
            password_hash=hash_password("correct horse battery", email=email, name=name),
        )  # fmt: skip
        add_member(person=person, organisation=body, role=role, by=None, at=AT)
        now = datetime.now(UTC)
        found[name] = create_token(person=person, name="t", by=person, at=now)[1]
    return found


@pytest.fixture
def post(client, tokens):
    """Return what sends RSF and expects a status."""

    def send(data: bytes, *, status: int, who: str = "olwen", url=URL, kind=KIND):
        headers = {"Authorization": f"Bearer {tokens[who]}"} if who else {}
        answer = client.post(url, data, content_type=kind, headers=headers)
        assert answer.status_code == status, answer.content
        return answer

    return send


def test_lines_are_appended_and_broken_links_are_told(post, client):
    good = {"town": "1", "name": "Ayr", "twin": "town:9"}
    found = post(lines(good), status=200).json()
    assert (found["success"], found["total-entries"], found["total-records"]) == (
        True,
        1,
        1,
    )
    root = client.get("/registers/town/v1/proof/register/merkle:sha-256").json()
    assert found["root-hash"] == root["root-hash"]
    assert found["broken-links"] == [
        {"field": "twin", "value": "town:9", "reason": "town has no record 9"}
    ]
    page = client.get("/registers/town/records/1").text
    assert "town has no record 9" in page
    second = lines({"town": "2"})
    post(second, status=200, url=URL.replace("v1", "v2"), kind="application/vnd.rsf")


def test_a_bad_line_is_named_and_nothing_is_appended(post):
    data = lines({"town": "1"}, {"town": "2", "colour": "red"})
    problem = post(data, status=400).json()
    assert problem["detail"] == "Line 4: town has no field colour."
    long = b'add-item\t{"town":"' + b"x" * 10_000_000 + b'"}\n'
    assert post(long, status=413).json()["detail"].startswith("Line 1: ")
    assert not Entry.objects.filter(scope=1).exists()
    assert Register.objects.get().size == 0


def test_only_keepers_send_rsf_and_only_rsf(post, client):
    good = lines({"town": "1"})
    post(good, status=401, who="")
    post(good, status=403, who="ana")
    post(good, status=400, kind="text/plain")
    post(good, status=404, url="/registers/nothing/v1/load-rsf")
    answer = client.get(URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert json.loads(answer.content)["code"] == "method-not-allowed"
    assert Register.objects.get().size == 0


def test_a_body_over_the_limit_is_refused(post, settings):
    settings.MAX_UPLOAD_BYTES = 0
    post(lines({"town": "1"}), status=413)
    assert Register.objects.get().size == 0


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"town": "1", "name": "x" * 11_000_000}, 413),
        ({"town": "1", "name": "x" * 2_000_000}, 400),
        ({"town": "1", "colour": "red"}, 400),
        ({"town": "1", "name": ["a"]}, 400),
        ({"town": "1", "name": 7}, 422),
        ({"town": "1", "twin": "nowhere"}, 400),
        ({"town": "1", "twin": "town:9"}, 400),
        ({"town": "1", "twin": "city:9"}, 400),
        ({"town": "2"}, 400),
        ({"town": "0", "name": "Ayr"}, 400),
        ({"town": "1", "name": "a\ud800"}, 400),
    ],
)
def test_a_bad_change_over_the_api_is_refused_in_a_sentence(
    client, tokens, values, code
):
    """One bad change among good ones: nothing is appended."""
    headers = {"Authorization": f"Bearer {tokens['olwen']}"}
    place = "/api/v1/registers/town/entries"

    def send(*changes: dict):
        given = [{"key": c["town"].replace("2", "1"), "values": c} for c in changes]
        body = {"changes": given}
        return client.post(
            place, body, content_type="application/json", headers=headers
        )

    first = {"town": "0", "name": "Ayr"}
    assert send(first).status_code == 201
    answer = send({"town": "3"}, values)
    assert answer.status_code == code, answer.content
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["detail"]
    assert Register.objects.get().size == 1
    assert Entry.objects.filter(scope=1).count() == 1


def test_a_formula_runs_in_no_spreadsheet_and_programs_get_it_as_it_is(post, client):
    """The page's CSV is for spreadsheets; the API's is exact to the byte."""
    post(lines({"town": "1", "name": "=HYPERLINK(1)"}), status=200)
    page = client.get("/registers/town/records?format=csv").getvalue()
    assert b"'=HYPERLINK(1)" in page
    exact = client.get("/registers/town/v1/records.csv").content
    assert exact.endswith(b",1,=HYPERLINK(1),\r\n")


def a_metadata_line(key: str, values: dict) -> bytes:
    data = item.to_canonical(values).encode()
    digest = item.hash_to_text(item.hash_of(data))
    line = f"append-entry\tsystem\t{key}\t2026-02-01T09:00:00Z\t{digest}\n"
    return b"add-item\t" + data + b"\n" + line.encode()


def test_no_metadata_line_switches_the_schema_off(post):
    """Under another name the register would have no schema, and take anything."""
    for values in ({"name": "x"}, {"name": ["town"]}, {"title": "town"}):
        detail = post(a_metadata_line("name", values), status=400).json()["detail"]
        assert detail == "Line 2: The name of a register never changes."
    post(lines({"town": "1", "zz": "anything"}), status=400)
    post(lines({"town": "1", "name": "Ayr"}), status=200)


def test_nothing_of_a_time_to_come_is_appended(post):
    post(lines({"town": "1"}, at="2999-01-01T00:00:00Z"), status=400)
    soon = datetime.now(UTC) + timedelta(hours=23)
    post(lines({"town": "1"}, at=f"{soon:%Y-%m-%dT%H:%M:%SZ}"), status=200)


@pytest.mark.parametrize("twin", ["nocolon", ":x", "town:!!"])
def test_a_malformed_link_is_a_wrong_datatype_where_a_register_is_added_to(post, twin):
    detail = post(lines({"town": "1", "twin": twin}), status=400).json()["detail"]
    assert detail == f"Line 2: twin is “{twin}”: write a link such as country:GB."
    assert Register.objects.get().size == 0
