"""/catalogue/{slug}.csv: an open asset's rows, exactly as published."""

from __future__ import annotations

import csv
import hashlib
import io

from staithe.catalogue.actions import withdraw_asset
from staithe.catalogue.models import Asset


def fetch(browse, slug, person=None):
    answer = browse(person).get(f"/catalogue/{slug}.csv")
    body = b"".join(answer) if answer.streaming else answer.content
    return answer, body


def test_it_works(publish, browse):
    version = publish(access_rights="OPEN")
    answer, body = fetch(browse, version.asset.slug)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv; charset=utf-8")
    assert 'filename="roads-of-the-county-v1.csv"' in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert rows[1] == {"road_id": "2", "length_m": "80", "surface": "gravel"}
    assert hashlib.sha256(body).hexdigest() == version.csv_sha256


def test_cells_are_not_changed_for_spreadsheets(publish, browse):
    version = publish(
        'note,text\n1,=1+1\n2,"a ""b"", c"\n3,<b>\n', access_rights="OPEN"
    )
    _, body = fetch(browse, version.asset.slug)
    assert [row["text"] for row in csv.DictReader(io.StringIO(body.decode()))] == [
        "=1+1",
        'a "b", c',
        "<b>",
    ]


def test_data_that_are_not_open_are_refused_to_everyone(cast, publish, browse):
    version = publish()
    for person in (None, cast.zed, cast.ann, cast.olive, cast.vera):
        answer, body = fetch(browse, version.asset.slug, person)
        assert answer.status_code == 403
        assert b"tarmac" not in body


def test_withdrawn_data_are_gone(cast, publish, browse, at):
    asset = publish(access_rights="OPEN").asset
    withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
    answer, body = fetch(browse, asset.slug)
    assert answer.status_code == 404
    assert b"was withdrawn" in body


def test_nothing_by_that_name(db, browse):
    assert fetch(browse, "nothing")[0].status_code == 404


def test_an_asset_without_data_has_nothing_to_download(cast, browse, at):
    Asset.objects.create(
        reference="AST-1",
        slug="planned",
        title="Planned",
        organisation=cast.roads,
        access_rights="OPEN",
        created_at=at,
        modified_at=at,
    )
    assert fetch(browse, "planned")[0].status_code == 404
    for person in (None, cast.olive):
        assert browse(person).get("/catalogue/planned").status_code == 200
