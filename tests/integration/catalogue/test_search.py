"""Search: every word first, mended spelling, and never a word the reader may not see."""

from __future__ import annotations

import pytest
from django.test.utils import CaptureQueriesContext

from staithe.catalogue.actions import edit_asset
from staithe.catalogue.models import Spelling
from staithe.catalogue.search import search


ROADS = "road_id,length_m,surface\n1,120,tarmac\n2,80,gravel\n"


@pytest.fixture
def library(publish, cast):
    """Publish four assets that differ in what they say where."""

    def one(title, text=ROADS, **details):
        return publish(text, title=title, **details).asset

    return {
        "roads": one("Roads of the county", summary="Every road and its surface"),
        "bridges": one("Bridges", summary="Bridges over roads", access_rights="OPEN"),
        "school": one("School places", description="Near which road each one is"),
        "buses": one(
            "Bus and tramways",
            "stop,route\n1,7\n",
            organisation=cast.health,
            by=cast.hal,
            access_rights="COMMERCIAL",
        ),
    }


def found(text, **wanted):
    return [asset.slug for asset in search(text, **wanted)]


def test_without_words_the_newest_come_first(library):
    assert found("")[0] == "bus-and-tramways"
    assert len(found("  ")) == 4


def test_all_words_come_before_some_words(library, cast):
    assert found("bridges roads", person=cast.ann) == [
        "bridges",
        "roads-of-the-county",
        "school-places",
    ]


def test_both_words_in_passing_come_before_one_in_a_short_title(publish, cast):
    publish(title="Kingfisher", keywords=["kingfisher"], summary="Kingfisher")
    publish(title="Nests of riverside birds", description="Dippers and a kingfisher")
    assert found("kingfisher dippers", person=cast.ann)[0] == "nests-of-riverside-birds"


def test_a_word_of_the_title_comes_before_one_of_the_description(library, cast):
    assert found("road", person=cast.ann)[0] == "roads-of-the-county"
    assert found("road", person=cast.ann)[-1] == "school-places"


def test_plural_and_singular_are_one_word(library):
    assert found("bridge") == found("bridges") == ["bridges"]


@pytest.mark.parametrize("typed", ["brigdes", "brdges", "briidges", "bzidges"])
def test_one_slip_is_mended_and_said(library, typed):
    page = search(typed)
    assert page.mended == {typed: "bridges"}
    assert [asset.slug for asset in page] == ["bridges"]


def test_a_slip_in_the_first_letter_is_mended_too(library):
    assert search("wridges").mended == {"wridges": "bridges"}


def test_the_beginning_of_a_word_finds_it(library):
    assert search("tramw").mended == {"tramw": "tramways"}


@pytest.mark.parametrize(
    "typed", ["xyzzyx", "a1b2", "bus9", "bsu", "数据", "!!", "the"]
)
def test_nonsense_finds_nothing_rather_than_everything(library, typed):
    page = search(typed)
    assert (page.total, page.mended) == (0, {})


def test_of_equally_near_words_the_commoner_is_meant(publish):
    publish(title="Rivers one")
    publish(title="Rivers two")
    publish(title="Rovers")
    assert search("revers").mended == {"revers": "rivers"}


def test_the_public_searches_only_what_the_public_may_read(library, cast):
    assert found("surface", access_rights="INTERNAL") == ["roads-of-the-county"]
    # A column's name, and a description, of an asset that is not open.
    for hidden in ("length", "near"):
        assert found(hidden, organisation="roads", access_rights="INTERNAL") == []
        assert found(hidden, person=cast.zed, access_rights="INTERNAL") == []
        assert found(hidden, person=cast.ann, access_rights="INTERNAL")


def test_a_hidden_word_is_not_given_away_by_mending(publish, cast):
    publish(title="Plain", description="Operation kingfisher")
    assert search("kingfishar").mended == {}
    assert search("kingfishar", person=cast.ann).mended == {"kingfishar": "kingfisher"}
    assert search("kingf").total == 0


def test_an_open_asset_is_searched_whole_by_anyone(library):
    assert found("length") == ["bridges"]


def test_filters_narrow(library):
    assert found("", organisation="health") == ["bus-and-tramways"]
    assert found("", access_rights="OPEN") == ["bridges"]
    assert found("roads", access_rights="OPEN") == ["bridges"]
    assert found("", kind="release") == []
    assert found("", organisation="nobody") == []


def test_the_name_of_the_holder_is_searched(library):
    assert found("health") == ["bus-and-tramways"]


def test_a_page_of_results_reads_only_that_page(library, django_assert_num_queries):
    page = search("")
    assert page.total == 4
    with django_assert_num_queries(1):
        first = page[:2]
    assert [asset.slug for asset in first] == found("")[:2]
    assert [asset.slug for asset in page[2:]] == found("")[2:]


def test_spellings_are_read_only_when_a_word_is_unknown(library):
    from django.db import connection

    table = Spelling._meta.db_table
    with CaptureQueriesContext(
        connection,
    ) as ran:
        search("bridges over roads")
    assert not any(table in query["sql"] for query in ran)
    with CaptureQueriesContext(connection) as ran:
        search("brigdes")
    assert any(table in query["sql"] for query in ran)


def test_a_spelling_that_no_entry_holds_any_more_is_not_offered(library, cast, at):
    edit_asset(asset=library["bridges"], title="X", summary="", by=cast.olive, at=at)
    assert search("brigdes").mended == {}


@pytest.mark.parametrize(
    "text", ["%", "_", "' or 1=1 --", "a" * 5000, "\0", "bridges " * 400]
)
def test_hostile_words_are_words(library, text):
    assert search(text).total in {0, 1}
