"""What the catalogue takes: texts, file names, details."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.catalogue.policies import (
    FREQUENCIES,
    FREQUENCY_DAYS,
    check_details,
    check_may_be_open,
    clean_file_name,
    clean_text,
)


ANY = st.text(st.characters(exclude_categories=()))  # half characters too


def outcome(call: Callable[[], Any]) -> tuple[Any, BadInput | None]:
    """Return what a call gives, or the refusal that it raises."""
    try:
        return call(), None
    except BadInput as refused:
        return None, refused


@given(ANY)
def test_a_file_name_can_always_be_kept_and_shown(name):
    kept = clean_file_name(name)
    assert 0 < len(kept) <= 255
    kept.encode("utf-8")
    assert "/" not in kept
    assert "\\" not in kept
    assert all(mark.isprintable() or ord(mark) > 127 for mark in kept)
    assert clean_file_name(kept) == kept


@given(st.integers(1, 400), st.sampled_from(["csv", "parquet", "tar.gz"]))
def test_the_ending_of_a_long_name_survives(length, ending):
    assert clean_file_name("x" * length + "." + ending).endswith(
        ending.rsplit(".", 1)[-1]
    )


@pytest.mark.parametrize("name", ["x" * 300, "x" * 200 + "." + "y" * 100])
def test_a_long_name_without_an_ending_is_cut(name):
    assert clean_file_name(name) == name[:255]


@given(ANY, st.integers(0, 50), st.booleans())
def test_a_text_is_refused_or_fit_to_be_stored(text, longest, paragraphs):
    kept, refused = outcome(
        lambda: clean_text(text, name="x", longest=longest, paragraphs=paragraphs)
    )
    if refused:
        assert refused.field == "x"
        return
    kept.encode("utf-8")
    assert "\0" not in kept
    assert kept == kept.strip()
    assert len(kept) <= longest
    assert paragraphs or "\n" not in kept


def test_line_breaks_stay_only_where_paragraphs_are_wanted():
    text = " a\r\n\r\nb  c\t"
    assert clean_text(text, name="x", longest=9, paragraphs=True) == "a\n\nb  c"
    assert clean_text(text, name="x", longest=9) == "a b c"


@pytest.mark.parametrize("value", [None, 1, ["a"], b"a"])
def test_what_is_not_text_is_refused(value):
    with pytest.raises(BadInput, match="must be text"):
        clean_text(value, name="title", longest=9)


@given(st.dictionaries(ANY, st.one_of(ANY, st.none(), st.integers(), st.lists(ANY))))
def test_details_of_any_shape_are_refused_in_a_sentence_or_kept(fields):
    kept, refused = outcome(lambda: check_details(fields, partial=True))
    if refused:
        assert refused.message.endswith(".")
        return
    json.dumps(kept, ensure_ascii=False).encode("utf-8")
    assert check_details(kept, partial=True) == kept


def test_a_title_is_needed_unless_it_stays():
    assert check_details({"theme": "T"}, partial=True) == {"theme": "T"}
    for fields in ({}, {"title": ""}):
        with pytest.raises(BadInput, match="Enter the title"):
            check_details(fields)
    with pytest.raises(BadInput, match="Enter the title"):
        check_details({"title": " "}, partial=True)


def test_columns_that_identify_are_named_at_most_five():
    columns = [{"name": f"c{n}", "identifies": True} for n in range(7)]
    with pytest.raises(BadInput, match="c0, c1, c2, c3, c4 and more"):
        check_may_be_open(columns)
    check_may_be_open([{"name": "a", "identifies": False}])


def test_every_frequency_is_longer_than_the_one_that_is_oftener():
    days = [FREQUENCY_DAYS[code] for code in FREQUENCIES if FREQUENCY_DAYS[code]]
    assert days == sorted(days, reverse=True)
