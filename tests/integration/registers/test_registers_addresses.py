"""What stands at an address: keys that end as formats and pages do, methods, dates."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from staithe.base.errors import BadInput
from staithe.registers import comparison, item, keys, mending, rsf
from staithe.registers.actions import append_entries, load_rsf


pytestmark = pytest.mark.django_db

AT = datetime(2026, 1, 31, 9, tzinfo=UTC)
ODD = ["X.json", "b.xlsx", "q/entries", "a/edit", "m/mend", "p/propose", "t.tlog-proof"]


def load_keys(register, names):
    out = []
    for key in names:
        data = item.to_canonical({"town": key, "name": f"Called {key}"}).encode()
        digest = item.hash_to_text(item.hash_of(data))
        out.append(b"add-item\t" + data)
        out.append(
            f"append-entry\tuser\t{key}\t2026-01-31T09:00:00Z\t{digest}".encode()
        )
    data = b"\n".join(out) + b"\n"
    load_rsf(register=register, lines=rsf.lines_of([data]), by=None, at=AT)


def test_older_keys_that_look_like_something_else_are_found(towns, client):
    load_keys(towns, ODD)
    for key in ODD:
        first = client.get(f"/registers/town/v1/records/{key}")
        assert (first.status_code, list(first.json())) == (200, [key])
        second = client.get(f"/registers/town/v2/records/{key}")
        assert (second.status_code, second.json()["_id"]) == (200, key)
        page = client.get(f"/registers/town/records/{key}")
        assert (page.status_code, f"Called {key}" in page.text) == (200, True)
    csv = client.get("/registers/town/v2/records/X.json.csv")
    assert csv["Content-Type"] == "text/csv;charset=UTF-8"
    assert client.get("/registers/town/v1/records/1.json").status_code == 200
    assert client.get("/registers/town/v1/records/1.xlsx").status_code == 410
    trail = client.get("/registers/town/v1/records/1/entries").json()
    assert [each["key"] for each in trail] == ["1"]
    assert client.get("/registers/town/v1/records/9/entries").status_code == 404


@pytest.mark.parametrize("key", [*ODD, "z.csv", "z.tsv", "z.ttl", "z.yaml"])
def test_such_a_key_is_no_new_key_by_any_door(towns, key):
    values = {"town": key, "name": "x"}
    with pytest.raises(BadInput, match="means something else"):
        append_entries(register=towns, changes=[(key, values)], by=None, at=AT)
    with pytest.raises(BadInput, match="means something else"):
        mending.add(towns, key, {"name": "x"})
    found = comparison.compare(
        towns, [{"k": key}], fields={"k": "town"}, whole=False, today=AT.date()
    )
    assert "means something else" in found.lines[0].problem
    load_keys(towns, [key])  # history is what it is, and is still corrected
    values["name"] = "y"
    append_entries(register=towns, changes=[(key, values)], by=None, at=AT)
    keys.check_new_key("z.jsonp")


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_another_method_is_told_which_are_allowed(towns, version, method):
    visitor = Client(enforce_csrf_checks=True)
    for rest in ("/records", "/records/1", ""):
        answer = getattr(visitor, method)(f"/registers/town/{version}{rest}")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "method-not-allowed"


def test_an_end_to_come_has_not_ended_anything_yet(towns, client):
    ends = {"4": "2030-01-01", "5": "2130", "6": "2001", "7": "2099-12"}
    changes = [
        (key, {"town": key, "name": f"Ending {key}", "end-date": day})
        for key, day in ends.items()
    ]
    append_entries(register=towns, changes=changes, by=None, at=AT)
    found = client.get("/registers/town/picker.json?q=ending&all=1").json()["records"]
    ended = {each["key"]: each["ended"] for each in found}
    assert ended == {"4": False, "5": False, "6": True, "7": False}
