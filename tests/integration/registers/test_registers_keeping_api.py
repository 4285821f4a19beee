"""A program keeps a register as a person does: shown, agreed, made, corrected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from staithe.base import clock
from staithe.people.actions import create_token
from staithe.people.roles import Role
from staithe.registers.models import Correction, Register, Update


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
AYR = {"key": "1", "values": {"town": "1", "name": "Inverayr"}}


@pytest.fixture
def call(client):
    """Return what calls the API, as a person where one is given."""

    def send(path: str, body=None, by=None, method: str = ""):
        headers = {}
        if by is not None:
            token = create_token(person=by, name="t", by=by, at=clock.now())[1]
            headers["Authorization"] = f"Bearer {token}"
        if body is None and not method:
            return client.get(f"/api/v1{path}", headers=headers)
        return client.post(
            f"/api/v1{path}", body or {}, "application/json", headers=headers
        )

    return send


def test_a_program_sees_the_difference_and_then_makes_it(towns, owner, call, held):
    asked = {"changes": [AYR], "send": False, "reason": "Renamed"}
    seen = call("/registers/town/updates", asked, owner)
    assert seen.status_code == 201
    told = seen.json()
    assert (told["state"], told["counts"]) == ("prepared", {"changed": 1})
    difference = {"field": "name", "before": "Ayr", "after": "Inverayr"}
    assert told["lines"] == [{"kind": "changed", "key": "1", "changes": [difference]}]
    assert held(towns, "1")["name"] == "Ayr"
    made = call("/registers/town/updates", {"changes": [AYR]}, owner).json()
    assert (made["state"], made["first_entry"], made["last_entry"]) == ("applied", 4, 4)
    assert made["lines"][0]["changes"] == [difference]
    place = f"/registers/town/updates/{told['reference']}"
    withdrawn = call(f"{place}/withdraw", by=owner, method="post").json()
    assert withdrawn["state"] == "withdrawn"
    assert call(place, by=owner).json()["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"town": "1", "colour": "red"}, "town has no field colour"),
        ({"town": "1", "start-date": "soon"}, "start-date is “soon”"),
        ({"town": "1", "twin": "town:77"}, "town has no record 77"),
        ({"town": "1", "tags": "one"}, "tags holds a list"),
        ({"town": "2", "name": "x"}, "does not hold town = 1"),
        ({"town": "1", "name": "Ayr"}, "holds just this already"),
        ({"town": "1", "name": "x" * (2 << 20)}, "larger than 1 MB"),
    ],
)
def test_what_cannot_be_appended_is_refused_in_a_sentence_at_both_doors(
    towns, owner, call, values, says
):
    body = {"changes": [{"key": "1", "values": values}]}
    for path in ("updates", "entries"):
        answer = call(f"/registers/town/{path}", body, owner)
        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        assert says in answer.json()["detail"]
    towns.refresh_from_db()
    assert towns.size == 3
    assert not Update.objects.exists()


def test_ten_megabytes_and_a_record_twice_are_refused(towns, owner, call):
    big = {"key": "1", "values": {"town": "1", "name": "x" * (11 << 20)}}
    answer = call("/registers/town/updates", {"changes": [big]}, owner)
    assert answer.status_code in {400, 413}
    assert answer["Content-Type"] == "application/problem+json"
    answer = call("/registers/town/updates", {"changes": [AYR, AYR]}, owner)
    assert "changed twice" in answer.json()["detail"]


def test_two_people_and_a_day_to_come_hold_for_programs(
    *, towns, owner, second, join, call, held
):
    Register.objects.update(needs_second_person=True)
    alone = call("/registers/town/entries", {"changes": [AYR]}, owner)
    assert (alone.status_code, "two people" in alone.json()["detail"]) == (403, True)
    later = (clock.now() + timedelta(days=3)).isoformat()
    asked = {"changes": [AYR], "apply_at": later}
    sent = call("/registers/town/updates", asked, owner).json()
    assert sent["state"] == "waiting"
    place = f"/registers/town/updates/{sent['reference']}/agree"
    assert call(place, by=owner, method="post").status_code == 403
    stranger = join("Ann", Role.ANALYST)
    assert call(place, by=stranger, method="post").status_code == 403
    assert call(place, method="post").status_code == 401
    agreed = call(place, by=second, method="post").json()
    assert agreed["state"] == "scheduled"
    assert held(towns, "1")["name"] == "Ayr"
    past = {"changes": [AYR], "apply_at": "2020-01-01T00:00:00Z"}
    refused = call("/registers/town/updates", past, owner)
    assert "in the future" in refused.json()["detail"]


def test_a_register_is_declared_by_its_body(owner, body, call):
    declared = {
        "register": "bench", "title": "Benches", "owner": body.slug,
        "fields": [{"id": "name"}],
    }  # fmt: skip
    assert call("/registers", declared).status_code == 401
    made = call("/registers", declared, owner)
    assert made.json()["address"].endswith("/registers/bench")
    wrong = call("/registers", declared | {"colour": "red"}, owner)
    assert "no colour" in wrong.json()["detail"]


def test_anyone_proposes_without_a_token_and_reads_the_figures(towns, call, client):
    asked = {"key": "1", "changes": {"name": "Air"}, "evidence": "A map"}
    made = call("/registers/town/corrections", asked)
    assert made.status_code == 201
    place = made.json()["address"]
    assert Correction.objects.get().reference in place
    assert "A map" in client.get(place.partition("8000")[2]).text
    wrong = call("/registers/town/corrections", asked | {"contact_email": "nobody"})
    assert "not an email address" in wrong.json()["detail"]
    for _ in range(4):
        call("/registers/town/corrections", asked | {"changes": {"name": str(_)}})
    flood = call("/registers/town/corrections", asked | {"changes": {"name": "x"}})
    assert flood.status_code == 429
    assert call("/registers/town/corrections").json()["waiting"] == 5
