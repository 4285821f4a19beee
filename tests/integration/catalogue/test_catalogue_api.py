"""The catalogue's API: each endpoint works, then each of its refusals."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from staithe.catalogue.actions import withdraw_asset
from staithe.catalogue.models import Asset
from staithe.jobs.run import run_pending


def csv_file(text="road_id,length_m\n1,120\n2,80\n", name="roads.csv"):
    return SimpleUploadedFile(name, text.encode())


PEOPLE = "forename,surname\nAmir,Begum\nCara,Doyle\n"
HIDDEN = [
    "description",
    "keywords",
    "theme",
    "licence",
    "update_frequency",
    "contact_email",
    "version",
]


class TestSearching:
    def test_it_works(self, publish, call):
        publish()
        publish(title="Bridges")
        status, found = call()("GET", "/assets?q=brigdes")
        assert status == 200
        assert [item["title"] for item in found["items"]] == ["Bridges"]
        assert (found["total"], found["page"], found["pages"]) == (1, 1, 1)
        assert found["mended"] == {"brigdes": "bridges"}

    def test_pages(self, publish, call):
        for number in range(5):
            publish(title=f"Asset {number}")
        seen = []
        for page in (1, 2, 3):
            _, found = call()("GET", f"/assets?size=2&page={page}")
            assert (found["total"], found["pages"], found["page"]) == (5, 3, page)
            seen += [item["reference"] for item in found["items"]]
        assert len(set(seen)) == 5
        _, beyond = call()("GET", "/assets?size=2&page=99")
        assert beyond["page"] == 3

    def test_filters(self, cast, publish, call):
        publish(access_rights="OPEN")
        publish(title="B", organisation=cast.health, by=cast.hal)
        program = call()
        for query, total in (
            ("organisation=health", 1),
            ("access_rights=OPEN", 1),
            ("kind=release", 0),
            ("organisation=nobody", 0),
        ):
            assert program("GET", f"/assets?{query}")[1]["total"] == total

    def test_a_program_of_a_body_searches_the_inside(self, cast, publish, call):
        publish()
        assert call()("GET", "/assets?q=surface")[1]["total"] == 0
        assert call(cast.ann)("GET", "/assets?q=surface")[1]["total"] == 1

    @pytest.mark.parametrize(
        "query", ["page=0", "size=0", "size=101", "page=x", "q=" + "a" * 201]
    )
    def test_nonsense_is_refused_by_name(self, db, call, query):
        status, problem = call()("GET", f"/assets?{query}")
        assert status == 422
        assert query.split("=")[0] in problem["detail"]

    def test_a_name_that_is_not_there_is_said(self, db, call):
        status, problem = call()("GET", "/assets?organization=roads")
        assert status == 400
        assert "organization: there is no field" in problem["detail"]

    def test_a_bad_token_is_refused_rather_than_passed_over(self, db, call):
        program = call()
        program.secret = "staithe_wrong"
        status, problem = program("GET", "/assets")
        assert (status, problem["code"]) == (401, "not-signed-in")


class TestReading:
    def test_it_works_by_reference_and_by_slug(self, cast, publish, call):
        version = publish(summary="Every road")
        asset = version.asset
        for key in (asset.reference, asset.slug):
            status, entry = call(cast.ann)("GET", f"/assets/{key}")
            assert status == 200
            assert entry["summary"] == "Every road"
            assert entry["url"] == f"https://data.example/catalogue/{asset.slug}"
            inside = entry["version"]
            assert (inside["number"], inside["rows"]) == (1, 3)
            assert inside["manifest_sha256"] == version.manifest_sha256
            assert [c["name"] for c in inside["columns"]] == [
                "road_id",
                "length_m",
                "surface",
            ]
            assert inside["quality"]["accuracy"]["score"] is None

    def test_the_public_sees_only_that_it_exists(self, cast, publish, call):
        slug = publish(description="Hidden").asset.slug
        for person in (None, cast.zed):
            _, entry = call(person)("GET", f"/assets/{slug}")
            assert entry["title"] == "Roads of the county"
            assert {name: entry[name] for name in HIDDEN} == dict.fromkeys(HIDDEN)

    def test_the_public_sees_all_of_an_open_one(self, publish, call):
        slug = publish(access_rights="OPEN").asset.slug
        _, entry = call()("GET", f"/assets/{slug}")
        assert entry["version"]["rows"] == 3
        assert "open-government-licence" in entry["licence"]

    def test_a_withdrawn_one_says_why(self, cast, publish, call, at):
        asset = publish(access_rights="OPEN").asset
        withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
        _, entry = call()("GET", f"/assets/{asset.slug}")
        assert (entry["status"], entry["withdrawn_reason"]) == ("withdrawn", "Old.")
        assert entry["version"] is None
        _, entry = call(cast.vera)("GET", f"/assets/{asset.slug}")
        assert entry["version"]["rows"] == 3

    def test_there_is_none(self, db, call):
        status, problem = call()("GET", "/assets/nothing")
        assert (status, problem["code"]) == (404, "not-found")


class TestPublishing:
    about = {"title": "Roads", "organisation": "roads"}

    def test_it_works(self, cast, call):
        status, entry = call(cast.olive)(
            "POST",
            "/assets",
            self.about | {"keywords": ["one", "two"], "access_rights": "OPEN"},
            file=csv_file(),
        )
        assert status == 201
        assert (entry["title"], entry["keywords"]) == ("Roads", ["one", "two"])
        assert entry["version"]["rows"] == 2
        assert Asset.objects.get().reference == entry["reference"]

    def test_the_program_may_say_what_identifies(self, cast, call):
        program = call(cast.olive)
        for said, expected in (
            ({}, ["forename", "surname"]),
            ({"identifies": ["surname"]}, ["surname"]),
            ({"identifies_nobody": "true"}, []),
        ):
            _, entry = program(
                "POST", "/assets", self.about | said, file=csv_file(PEOPLE)
            )
            columns = entry["version"]["columns"]
            assert [c["name"] for c in columns if c["identifies"]] == expected

    def test_a_large_file_is_read_in_the_background(self, cast, call, settings, home):
        settings.PUBLISH_INLINE_BYTES = 10
        program = call(cast.olive)
        status, job = program("POST", "/assets", self.about, file=csv_file())
        assert status == 202
        assert (job["state"], job["asset"], job["is_finished"]) == (
            "queued",
            None,
            False,
        )
        assert not Asset.objects.exists()
        run_pending()
        path = job["url"].removeprefix("https://data.example/api/v1")
        status, job = program("GET", path)
        assert (status, job["state"], job["asset"]) == (200, "done", "roads")
        assert list((home / "uploads").iterdir()) == []
        assert program("GET", "/assets/roads")[1]["version"]["rows"] == 2

    def test_a_large_file_keeps_what_was_said_of_its_columns(
        self, cast, call, settings
    ):
        settings.PUBLISH_INLINE_BYTES = 10
        program = call(cast.olive)
        about = self.about | {"identifies_nobody": "true"}
        program("POST", "/assets", about, file=csv_file(PEOPLE))
        run_pending()
        columns = Asset.objects.get().versions.get().columns
        assert not any(column["identifies"] for column in columns)

    def test_only_who_sent_it_sees_how_far_it_is(self, cast, call, settings):
        settings.PUBLISH_INLINE_BYTES = 10
        _, job = call(cast.olive)("POST", "/assets", self.about, file=csv_file())
        path = f"/publications/{job['reference']}"
        for person, status in ((None, 401), (cast.sam, 403), (cast.vera, 403)):
            assert call(person)("GET", path)[0] == status
        assert call(cast.olive)("GET", "/publications/JOB-NONE")[0] == 404

    def test_it_can_be_stopped_by_who_sent_it(self, cast, call, settings):
        settings.PUBLISH_INLINE_BYTES = 10
        program = call(cast.olive)
        _, job = program("POST", "/assets", self.about, file=csv_file())
        path = f"/publications/{job['reference']}/stop"
        assert call(cast.sam)("POST", path)[0] == 403
        status, job = program("POST", path)
        assert (status, job["state"], job["is_finished"]) == (200, "cancelled", True)
        assert program("POST", path)[0] == 409
        run_pending()
        assert not Asset.objects.exists()

    @pytest.mark.parametrize(
        ("who", "status"), [(None, 401), ("sam", 403), ("hal", 403), ("zed", 403)]
    )
    @pytest.mark.parametrize("most", [10, 1000])
    def test_others_may_not_however_large_it_is(  # noqa: PLR0917  fixtures
        self, cast, call, nothing_stays, settings, who, status, most
    ):
        settings.PUBLISH_INLINE_BYTES = most
        program = call(who and getattr(cast, who))
        with nothing_stays():
            answer = program("POST", "/assets", self.about, file=csv_file())
        assert answer[0] == status

    @pytest.mark.parametrize(
        ("changes", "status", "field"),
        [
            ({"title": ""}, 400, "title"),
            ({"title": "x" * 201}, 400, "title"),
            ({"organisation": "nobody"}, 404, None),
            ({"access_rights": "SECRET"}, 400, "access_rights"),
            ({"colour": "red"}, 400, None),
        ],
    )
    @pytest.mark.parametrize("most", [10, 1000])
    def test_a_wrong_detail_is_named_before_anything_is_kept(  # noqa: PLR0917  fixtures
        self, cast, call, nothing_stays, settings, changes, status, field, most
    ):
        settings.PUBLISH_INLINE_BYTES = most
        program = call(cast.olive)
        with nothing_stays():
            answer, problem = program(
                "POST", "/assets", self.about | changes, file=csv_file()
            )
        assert (answer, problem.get("field")) == (status, field)

    def test_a_file_is_needed(self, cast, call, nothing_stays):
        program = call(cast.olive)
        with nothing_stays():
            status, problem = program("POST", "/assets", self.about, other="x")
        assert status == 422
        assert "file" in problem["detail"]


class TestANewVersion:
    def test_it_works(self, cast, publish, call):
        asset = publish().asset
        status, entry = call(cast.olive)(
            "POST", f"/assets/{asset.reference}/versions", file=csv_file()
        )
        assert status == 201
        assert (entry["version"]["number"], entry["version"]["rows"]) == (2, 2)

    def test_a_large_one_is_read_in_the_background(self, cast, publish, call, settings):
        settings.PUBLISH_INLINE_BYTES = 10
        asset, program = publish().asset, call(cast.olive)
        status, job = program("POST", f"/assets/{asset.slug}/versions", file=csv_file())
        assert status == 202
        run_pending()
        _, job = program("GET", f"/publications/{job['reference']}")
        assert (job["asset"], asset.versions.count()) == (asset.slug, 2)

    @pytest.mark.parametrize(("who", "status"), [(None, 401), ("sam", 403)])
    def test_others_may_not(  # noqa: PLR0917  fixtures
        self, cast, publish, call, nothing_stays, who, status
    ):
        slug, program = publish().asset.slug, call(who and getattr(cast, who))
        with nothing_stays():
            path = f"/assets/{slug}/versions"
            assert program("POST", path, file=csv_file())[0] == status

    def test_a_withdrawn_asset_takes_none(self, cast, publish, call, at):
        asset = publish().asset
        withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
        path = f"/assets/{asset.slug}/versions"
        status, problem = call(cast.olive)("POST", path, file=csv_file())
        assert (status, problem["code"]) == (409, "conflict")


class TestEditing:
    def test_it_works_and_leaves_the_rest(self, cast, publish, call):
        slug = publish(summary="Kept").asset.slug
        status, entry = call(cast.sam)("PATCH", f"/assets/{slug}", {"theme": "Roads"})
        assert status == 200
        assert (entry["theme"], entry["summary"]) == ("Roads", "Kept")
        assert entry["access_rights"] == "INTERNAL"

    @pytest.mark.parametrize(
        ("who", "body", "status"),
        [
            (None, {"theme": "X"}, 401),
            ("ann", {"theme": "X"}, 403),
            ("hal", {"theme": "X"}, 403),
            ("sam", {"title": ""}, 400),
            ("sam", {"title": None}, 422),
            ("sam", {"holder": "health"}, 422),
            ("sam", {"keywords": "a, b"}, 422),
            ("sam", {"title": "a\ud800"}, 400),
        ],
    )
    def test_a_refusal_changes_nothing(  # noqa: PLR0917  fixtures
        self, cast, publish, call, nothing_stays, who, body, status
    ):
        slug, program = publish().asset.slug, call(who and getattr(cast, who))
        with nothing_stays():
            assert program("PATCH", f"/assets/{slug}", body)[0] == status


class TestDescribingColumns:
    body = [
        {"name": "road_id", "identifies": True},
        {"name": "length_m", "identifies": False, "description": "In metres"},
        {"name": "surface", "identifies": False},
    ]

    def put(self, program, asset, columns):
        return program("PUT", f"/assets/{asset.slug}/columns", {"columns": columns})

    def test_it_works(self, cast, publish, call):
        status, entry = self.put(call(cast.sam), publish().asset, self.body)
        columns = entry["version"]["columns"]
        assert status == 200
        assert [c["identifies"] for c in columns] == [True, False, False]
        assert columns[1]["description"] == "In metres"

    @pytest.mark.parametrize(
        ("columns", "sentence"),
        [
            (body[:2], "'surface' is missing"),
            ([*body, body[0]], "one is there twice"),
            ([*body, {"name": "x", "identifies": True}], "no column called 'x'"),
        ],
    )
    def test_every_column_is_named_once(  # noqa: PLR0917  fixtures
        self, cast, publish, call, nothing_stays, columns, sentence
    ):
        asset, program = publish().asset, call(cast.sam)
        with nothing_stays():
            status, problem = self.put(program, asset, columns)
        assert status == 400
        assert sentence in problem["detail"]

    @pytest.mark.parametrize(("who", "status"), [(None, 401), ("ann", 403)])
    def test_others_may_not(self, cast, publish, call, who, status):
        program = call(who and getattr(cast, who))
        assert self.put(program, publish().asset, self.body)[0] == status


class TestWithdrawing:
    def test_it_works(self, cast, publish, call):
        slug = publish().asset.slug
        path = f"/assets/{slug}/withdraw"
        status, entry = call(cast.olive)("POST", path, {"reason": "Old."})
        assert (status, entry["status"]) == (200, "withdrawn")
        assert call()("GET", "/assets")[1]["total"] == 0

    @pytest.mark.parametrize(
        ("who", "body", "status"),
        [
            (None, {"reason": "X"}, 401),
            ("ann", {"reason": "X"}, 403),
            ("olive", {"reason": " "}, 400),
            ("olive", {}, 422),
        ],
    )
    def test_a_refusal_changes_nothing(  # noqa: PLR0917  fixtures
        self, cast, publish, call, nothing_stays, who, body, status
    ):
        slug, program = publish().asset.slug, call(who and getattr(cast, who))
        with nothing_stays():
            assert program("POST", f"/assets/{slug}/withdraw", body)[0] == status


class TestOrganisations:
    def test_it_works(self, cast, publish, call, at):
        publish()
        gone = publish(title="Gone").asset
        withdraw_asset(
            asset=gone, reason="Old.", by=cast.olive, at=at + timedelta(days=1)
        )
        status, body = call()("GET", "/organisations/roads")
        assert status == 200
        assert (body["name"], body["assets"]) == ("Roads", 1)
        assert body["url"] == "https://data.example/organisations/roads"

    def test_there_is_none(self, db, call):
        assert call()("GET", "/organisations/nobody")[0] == 404

    def test_it_does_not_hide_the_list_of_those_i_manage(self, cast, call):
        status, _ = call(cast.root)("GET", "/organisations/managed")
        assert status == 200


def test_what_it_answers_is_what_its_description_says(cast, publish, call):
    import json

    from jsonschema import Draft202012Validator

    description = call()("GET", "/openapi.json")[1]
    publish()
    entry = call(cast.ann)("GET", "/assets/roads-of-the-county")[1]
    schema = {"$ref": "#/components/schemas/AssetOut", **description}
    Draft202012Validator(schema).validate(entry)
    json.dumps(entry)
