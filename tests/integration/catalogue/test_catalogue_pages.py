"""/catalogue, /catalogue/{slug} and /organisations/{slug}: what readers see."""

from __future__ import annotations

import csv
import io
import re

import pytest

from staithe.catalogue.actions import describe_columns, withdraw_asset
from staithe.catalogue.models import AssetVersion


def text_of(answer) -> str:
    return str(answer.content.decode())


def words_of(answer) -> str:
    """Return the words of a page without its markup."""
    body = text_of(answer).split("<main", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


class TestTheList:
    def test_it_works(self, publish, browse):
        publish(summary="Every road")
        answer = browse().get("/catalogue")
        assert answer.status_code == 200
        assert "1 entry, newest first" in words_of(answer)
        assert "Every road" in words_of(answer)
        assert 'href="/catalogue/roads-of-the-county"' in text_of(answer)

    def test_words_and_mending(self, publish, browse):
        publish(title="Bridges")
        page = words_of(browse().get("/catalogue?q=brigdes"))
        assert "Nothing holds the word “brigdes”" in page
        assert "1 entry for “ brigdes ”, best first" in page

    def test_a_filter_is_shown_and_can_be_taken_away(self, publish, browse):
        publish()
        page = text_of(browse().get("/catalogue?q=roads&access_rights=OPEN"))
        assert "Who can use it: Open" in page
        assert 'href="?q=roads"' in page
        assert "Nothing matches “roads”" in page

    def test_nonsense_in_a_filter_is_passed_over(self, publish, browse):
        publish()
        answer = browse().get("/catalogue?organisation=nobody&page=x&kind=1")
        assert "1 entry" in words_of(answer)

    def test_thirty_are_two_pages_and_words_survive(self, publish, browse):
        for number in range(26):
            publish(title=f"Asset {number}")
        first = text_of(browse().get("/catalogue?q=asset"))
        assert "?q=asset&amp;page=2" in first
        second = words_of(browse().get("/catalogue?q=asset&page=2"))
        assert "Showing 26 to 26 of 26 results" in second

    def test_an_empty_catalogue_says_what_to_do(self, cast, browse):
        assert "Nobody has published anything yet" in words_of(
            browse().get("/catalogue")
        )
        page = text_of(browse(cast.olive).get("/catalogue"))
        assert 'href="/catalogue/publish"' in page

    def test_only_publishers_are_offered_to_publish(self, cast, publish, browse):
        publish()
        for person, offered in ((None, False), (cast.ann, False), (cast.olive, True)):
            page = text_of(browse(person).get("/catalogue"))
            assert ('href="/catalogue/publish"' in page) is offered

    def test_all_of_it_as_csv(self, publish, browse):
        for number in range(26):
            publish(title=f"Asset {number}")
        publish(title="=cmd()")
        answer = browse().get("/catalogue?format=csv")
        rows = list(csv.DictReader(io.StringIO(text_of(answer))))
        assert len(rows) == 27
        assert "'=cmd()" in {row["title"] for row in rows}

    def test_hostile_words_are_shown_as_words(self, publish, browse):
        publish(title="<script>alert(1)</script>")
        page = text_of(browse().get("/catalogue?q=<script>alert(1)</script>"))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


class TestAnAsset:
    def test_it_works_for_people_of_a_body(self, cast, publish, browse):
        publish(description="Surveyed yearly.\n\nBy car.", update_frequency="annual")
        page = words_of(browse(cast.ann).get("/catalogue/roads-of-the-county"))
        for shown in (
            "Surveyed yearly.",
            "By car.",
            "Every year",
            "3 rows, 3 columns",
            "length_m",
            "Ask for this data",
            "How good it is",
            "Not measured There is no reference to compare the values with.",
        ):
            assert shown in page, shown

    def test_quality_is_told_in_plain_words(self, cast, publish, browse):
        publish("a,b\n1,x\n,x\n")
        page = words_of(browse(cast.ann).get("/catalogue/roads-of-the-county"))
        assert "1 of 4 cells are empty" in page
        for mark in ("{", "}", "None", "Finding(", "('"):
            assert mark not in page

    def test_the_public_sees_that_it_exists_and_how_to_see_more(
        self, cast, publish, browse
    ):
        publish(summary="Every road", description="Hidden", theme="Hidden")
        for person in (None, cast.zed):
            page = words_of(browse(person).get("/catalogue/roads-of-the-county"))
            assert "Every road" in page
            assert "Hidden" not in page
            assert "length_m" not in page
            assert "shown to people who work for a body" in page
        page = text_of(browse().get("/catalogue/roads-of-the-county"))
        assert "/sign-in?next=/catalogue/roads-of-the-county" in page

    def test_open_data_are_shown_whole_and_downloaded(self, publish, browse):
        publish(access_rights="OPEN")
        page = text_of(browse().get("/catalogue/roads-of-the-county"))
        assert 'href="/catalogue/roads-of-the-county.csv"' in page
        assert "length_m" in page
        assert "Who may see it" not in page

    def test_its_reference_leads_to_its_address(self, publish, browse):
        asset = publish().asset
        answer = browse().get(f"/catalogue/{asset.reference}")
        assert (answer.status_code, answer["Location"]) == (
            301,
            "/catalogue/roads-of-the-county",
        )

    def test_those_who_look_after_it_are_offered_what_they_may(
        self, cast, publish, browse
    ):
        publish()
        offered = {
            "olive": {"edit", "columns", "version", "withdraw"},
            "sam": {"edit", "columns", "withdraw"},
            "ann": set(),
            "hal": set(),
            "vera": set(),
        }
        for who, expected in offered.items():
            page = text_of(
                browse(getattr(cast, who)).get("/catalogue/roads-of-the-county")
            )
            found = set(
                re.findall(r'href="/catalogue/roads-of-the-county/(\w+)"', page)
            )
            assert found == expected, who

    def test_a_withdrawn_one_leaves_a_notice(self, cast, publish, browse, at):
        asset = publish(description="Hidden").asset
        withdraw_asset(asset=asset, reason="Wrong <b>county</b>", by=cast.sam, at=at)
        for person in (None, cast.zed, cast.ann):
            answer = browse(person).get(f"/catalogue/{asset.slug}")
            assert answer.status_code == 410
            assert "Roads withdrew this on 5 January 2026" in words_of(answer)
            assert "Wrong &lt;b&gt;county" in text_of(answer)
            assert "length_m" not in text_of(answer)
        for person in (cast.olive, cast.vera):
            answer = browse(person).get(f"/catalogue/{asset.slug}")
            assert answer.status_code == 200
            assert "length_m" in text_of(answer)
            assert "/edit" not in text_of(answer)
            assert "Ask for this data" not in text_of(answer)

    def test_hostile_names_are_shown_as_names(self, cast, publish, browse):
        name = '<img src=x onerror="alert(1)">'
        asset = publish(
            f'"{name.replace(chr(34), chr(34) * 2)}",b\n1,<script>\n2,<script>\n',
            source_name=name + ".csv",
            title=name,
        ).asset
        describe_columns(
            asset=asset,
            identifies=set(),
            descriptions={"b": name},
            by=cast.olive,
            at=asset.created_at,
        )
        page = text_of(browse(cast.ann).get(f"/catalogue/{asset.slug}"))
        assert "<img" not in page
        assert "&lt;img src=x" in page
        assert "<script>" not in page

    def test_a_javascript_address_is_no_link(self, cast, publish, browse):
        publish(licence="javascript:alert(1)")
        page = text_of(browse(cast.ann).get("/catalogue/roads-of-the-county"))
        assert 'href="javascript' not in page

    def test_versions_are_listed_with_their_digests(self, cast, publish, browse):
        version = publish()
        AssetVersion.objects.create(
            asset=version.asset,
            number=2,
            snapshot_id="S",
            manifest_sha256="b" * 64,
            rows=9,
            bytes=9,
            columns=version.columns,
            profile={},
            source_name="n.csv",
            created_at=version.created_at,
        )
        page = text_of(browse(cast.ann).get("/catalogue/roads-of-the-county"))
        assert version.manifest_sha256 in page
        assert "b" * 64 in page

    def test_there_is_none(self, db, browse):
        assert browse().get("/catalogue/nothing").status_code == 404

    def test_rare_values_of_people_are_not_on_the_page(self, cast, publish, browse):
        publish("forename,surname,nhs_number\nAmir,Begumovic,9434765919\n")
        page = text_of(browse(cast.ann).get("/catalogue/roads-of-the-county"))
        for value in ("Begumovic", "9434765919", "Amir"):
            assert value not in page


class TestABody:
    def test_it_works(self, publish, browse):
        publish()
        answer = browse().get("/organisations/roads")
        page = words_of(answer)
        assert answer.status_code == 200
        assert "Roads of the county" in page
        assert "data@roads.example" in page

    def test_what_it_holds_as_csv(self, publish, browse):
        publish()
        answer = browse().get("/organisations/roads?format=csv")
        (row,) = csv.DictReader(io.StringIO(text_of(answer)))
        assert row["title"] == "Roads of the county"
        assert row["address"] == "https://data.example/catalogue/roads-of-the-county"

    def test_before_it_publishes_anything(self, cast, browse):
        page = words_of(browse().get("/organisations/roads"))
        assert "It has published nothing yet." in page
        page = text_of(browse(cast.olive).get("/organisations/roads"))
        assert 'href="/catalogue/publish?organisation=roads"' in page

    def test_what_it_withdrew_is_for_those_who_look_after_it(
        self, cast, publish, browse, at
    ):
        asset = publish(title="Gone for good").asset
        withdraw_asset(asset=asset, reason="Old.", by=cast.olive, at=at)
        assert "Gone for good" in words_of(browse(cast.sam).get("/organisations/roads"))
        for person in (None, cast.ann, cast.vera):
            page = words_of(browse(person).get("/organisations/roads"))
            assert "Gone for good" not in page

    def test_there_is_none(self, db, browse):
        assert browse().get("/organisations/nobody").status_code == 404


@pytest.mark.parametrize("path", ["/catalogue", "/organisations/roads"])
def test_the_number_of_queries_does_not_grow_with_the_list(
    publish, browse, path, django_assert_max_num_queries
):
    for number in range(12):
        publish(title=f"Asset {number}")
    with django_assert_max_num_queries(12):
        browse().get(path)
