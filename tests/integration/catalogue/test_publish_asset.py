"""publish_asset: a file becomes an asset; refused, it leaves nothing."""

from __future__ import annotations

import hashlib

import pytest
from django.conf import settings

from staithe.base.errors import BadInput, NotAllowed, NotSignedIn
from staithe.catalogue.actions import keep_asset, publish_asset
from staithe.catalogue.csv_text import csv_chunks
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.policies import OPEN_LICENCE, matching_only
from staithe.ledger import recording
from staithe.tables.snapshot import list_snapshots, open_snapshot, read_batches
from staithe.tables.store import open_store


from_people = (
    "forename,surname,date_of_birth,postcode,benefit\n"
    "Amir,Begum,1980-02-03,LS1 4AP,housing\n"
    "Cara,Doyle,1975-11-30,LS2 8NG,pension\n"
)


def test_it_works(cast, publish, last_event):
    version = publish(
        summary="  Every road\nof the county ",
        keywords=["roads", "transport", "roads"],
        update_frequency="annual",
    )
    asset = version.asset
    assert (asset.slug, asset.kind, version.number, version.rows) == (
        "roads-of-the-county",
        "dataset",
        1,
        3,
    )
    assert asset.summary == "Every road of the county"
    assert asset.keywords == ["roads", "transport"]
    assert asset.contact_email == "data@roads.example"
    assert last_event("catalogue:asset:published") == {
        "actor": cast.olive.ledger_id,
        "subject": asset.ledger_id,
        "asset": asset.reference,
        "title": "Roads of the county",
        "kind": "dataset",
        "holder": "roads",
        "version": 1,
        "rows": 3,
        "columns": 3,
        "manifest_sha256": version.manifest_sha256,
    }


def test_the_snapshot_holds_the_rows_and_the_csv_facts_are_of_the_same_bytes(publish):
    version = publish()
    store = open_store(settings.STORAGE_URL)
    manifest = open_snapshot(
        version.snapshot_id, store=store, digest=f"sha256:{version.manifest_sha256}"
    )
    (batch,) = read_batches(manifest, store=store)
    assert batch.column("surface").to_pylist() == ["tarmac", "gravel", "tarmac"]
    text = b"".join(csv_chunks(manifest, store=store))
    assert len(text) == version.csv_bytes
    assert hashlib.sha256(text).hexdigest() == version.csv_sha256


def test_a_table_without_rows_is_published_with_its_header(publish):
    version = publish("road_id,length_m\n")
    store = open_store(settings.STORAGE_URL)
    manifest = open_snapshot(version.snapshot_id, store=store)
    assert version.rows == 0
    assert b"".join(csv_chunks(manifest, store=store)) == b'"road_id","length_m"\n'


def test_columns_that_look_as_if_they_identify_are_told_apart(publish):
    version = publish(from_people)
    marked = {c["name"] for c in version.columns if c["identifies"]}
    assert marked == {"forename", "surname", "date_of_birth", "postcode"}


def test_the_publisher_may_say_which_columns_identify(publish):
    version = publish(from_people, identifies={"benefit"})
    assert {c["name"] for c in version.columns if c["identifies"]} == {"benefit"}


def test_open_data_get_the_open_government_licence_unless_another_is_named(publish):
    assert publish(access_rights="OPEN").asset.licence == OPEN_LICENCE
    named = publish(access_rights="OPEN", licence="https://example.org/l", title="B")
    assert named.asset.licence == "https://example.org/l"
    assert publish(title="C").asset.licence == ""


def test_a_release_was_permitted_where_it_was_reviewed(cast, write, at):
    """Another room publishes a checked result for a person who owns no data."""
    from staithe.catalogue.storing import stored_file

    path = write()
    with stored_file(path, source_name="r", identifies=set(), at=at) as stored:
        version = keep_asset(
            stored=stored,
            source_name="r.csv",
            organisation=cast.roads,
            kind="release",
            fields={"title": "Result", "access_rights": "OPEN"},
            by=cast.ann,
            at=at,
        )
    assert (version.asset.kind, version.asset.licence) == ("release", OPEN_LICENCE)


def test_two_assets_of_one_title_have_two_addresses(publish):
    slugs = [publish(title="Roads").asset.slug for _ in range(3)]
    assert slugs == ["roads", "roads-2", "roads-3"]


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Publish", "publish-2"), ("Jobs!", "jobs-2"), ("数据", "untitled")],
)
def test_no_title_takes_the_address_of_a_page(publish, title, slug):
    assert publish(title=title).asset.slug == slug


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ('<img src=x onerror="alert(1)">.csv', '<img src=x onerror="alert(1)">.csv'),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\data\\roads.csv", "roads.csv"),
        ("a\nb\x00c\x1b[31m.csv", "a b�c�[31m.csv"),
        ("\udcff.csv", "�.csv"),
        ("x" * 300 + ".parquet.csv", "x" * 249 + "….csv"),
        ("", "file"),
    ],
)
def test_any_file_name_is_kept_so_that_it_can_be_shown(publish, name, kept):
    version = publish(source_name=name)
    shown = AssetVersion.objects.get(pk=version.pk).source_name
    assert shown.endswith(kept[-20:])
    assert len(shown) <= 255
    if len(name) < 200:
        assert shown == kept


# Every refusal below leaves no row, no event and no file.


@pytest.mark.parametrize("who", ["sam", "ann", "hal", "vera", "zed"])
def test_only_a_data_owner_of_the_body_publishes_for_it(
    cast, publish, nothing_stays, who
):
    with nothing_stays(), pytest.raises(NotAllowed, match="not allowed to publish"):
        publish(by=getattr(cast, who))


def test_nobody_publishes_without_an_account(cast, publish, nothing_stays):
    with nothing_stays(), pytest.raises(NotSignedIn, match="Sign in"):
        publish(by=None)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": ""}, "title", "Enter the title."),
        ({"title": " \n "}, "title", "Enter the title."),
        ({"title": "x" * 201}, "title", "must be 200 characters or fewer"),
        ({"title": "a\0b"}, "title", "cannot be shown"),
        ({"title": "a\udc80b"}, "title", "cannot be shown"),
        ({"title": None}, "title", "must be text"),
        ({"summary": "x" * 251}, "summary", "must be 250 characters or fewer"),
        ({"description": "\x1b[2J"}, "description", "cannot be shown"),
        ({"access_rights": "SECRET"}, "access_rights", "must be one of OPEN"),
        ({"update_frequency": "hourly"}, "update_frequency", "must be one of"),
        ({"contact_email": "nobody"}, "contact_email", "must be an address"),
        ({"keywords": "one, two"}, "keywords", "must be a list"),
        ({"keywords": ["x" * 61]}, "keywords", "60 characters or fewer"),
        ({"keywords": [str(n) for n in range(51)]}, "keywords", "50 keywords or fewer"),
        ({"colour": "red"}, None, "no field 'colour'"),
    ],
)
def test_a_wrong_detail_is_named(publish, nothing_stays, changes, field, sentence):
    with nothing_stays(), pytest.raises(BadInput, match=sentence) as refused:
        publish(**changes)
    assert refused.value.field == field


def test_open_data_may_not_identify_people(publish, nothing_stays):
    with nothing_stays(), pytest.raises(BadInput, match="identify people: forename"):
        publish(from_people, access_rights="OPEN")
    version = publish(from_people, access_rights="OPEN", identifies=set())
    assert version.asset.access_rights == "OPEN"


@pytest.mark.parametrize("broken", ["_append", "entry"])
def test_when_the_ledger_cannot_be_written_the_snapshot_goes_too(
    publish, nothing_stays, monkeypatch, broken
):
    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    if broken == "_append":
        monkeypatch.setattr(recording, "_append", fail)
    else:
        monkeypatch.setattr("staithe.catalogue.actions.assets.index_asset", fail)
    with nothing_stays(), pytest.raises(OSError, match="disk is full"):
        publish()


def test_a_snapshot_whose_row_was_committed_outlives_a_later_error(
    cast, write, at, monkeypatch
):
    """Ctrl-C in the instant after the commit must not delete published data."""
    from staithe.catalogue.storing import stored_file

    def interrupted():
        path = write()
        with stored_file(path, source_name="r", identifies=None, at=at) as stored:
            keep_asset(
                stored=stored,
                source_name="r.csv",
                organisation=cast.roads,
                kind="dataset",
                fields={"title": "Roads"},
                by=cast.olive,
                at=at,
            )
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    version = Asset.objects.get().versions.get()
    assert list_snapshots(store=open_store(settings.STORAGE_URL)) == [
        version.snapshot_id
    ]


def test_progress_is_told_from_nothing_to_the_end(publish):
    told: list[tuple[float, str]] = []
    publish(progress=lambda done, note: told.append((done, note)))
    shares = [done for done, _ in told]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert ("Measuring column 2 of 3") in [note for _, note in told]


def test_a_permission_lost_while_the_file_was_read_is_lost(
    cast, publish, nothing_stays
):
    def leave(done, note):
        cast.olive.memberships.update(ended_at=cast.roads.created_at)

    with nothing_stays(), pytest.raises(NotAllowed):
        publish(progress=leave)


def test_it_is_the_action_that_checks(cast, write, at, nothing_stays):
    with nothing_stays(), pytest.raises(NotAllowed):
        publish_asset(
            path=write(),
            source_name="roads.csv",
            organisation=cast.health,
            title="Roads",
            by=cast.olive,
            at=at,
        )


NUMBERED = "rec_id,surname,date_of_birth,state\n" + "".join(
    f"rec-{number}-org,Begum,1980-02-{number % 28 + 1:02},nsw\n" for number in range(60)
)


def test_the_number_of_a_row_about_a_person_is_for_matching_only(publish):
    version = publish(NUMBERED)
    marked = [c["name"] for c in version.columns if c["identifies"]]
    assert marked == ["rec_id", "surname", "date_of_birth"]
    assert matching_only(version)["rec_id"] == "can identify a person"


def test_it_stays_so_whatever_the_publisher_says(publish, browse, cast, call):
    version = publish(NUMBERED, identifies=set())
    assert matching_only(version) == {"rec_id": "is an identifier"}
    olive = browse(cast.olive)
    slug = version.asset.slug
    for page in (f"/catalogue/{slug}/published", f"/catalogue/{slug}/columns"):
        assert "rec_id" in olive.get(page).content.decode()
    shown = olive.get(f"/catalogue/{slug}").content.decode()
    assert shown.count("Nobody: for matching only") == 1
    status, entry = call(cast.olive)("GET", f"/assets/{slug}")
    hidden = [c["name"] for c in entry["version"]["columns"] if c["matching_only"]]
    assert (status, hidden) == (200, ["rec_id"])
