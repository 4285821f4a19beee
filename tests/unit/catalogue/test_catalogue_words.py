"""Words as search sees them: properties of splitting, weighing and mending."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.catalogue.words import (
    FIELD_WEIGHTS,
    LONGEST,
    MOST_WORDS,
    SATURATION,
    allowed_edits,
    edits_between,
    index_words,
    nearest,
    plain_words,
    query_words,
    stem,
)


ENGLISH = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@given(st.text())
def test_plain_words_are_short_folded_and_hold_no_marks(text):
    for word in plain_words(text):
        assert 0 < len(word) <= LONGEST
        assert not any(unicodedata.combining(mark) for mark in word)
        assert word.isalnum()


@given(st.text())
def test_splitting_what_was_split_changes_nothing(text):
    words = plain_words(text)
    assert [w for each in words for w in plain_words(each)] == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Long-term condition", ["long", "term", "condition"]),
        ("née Siân O'Hara", ["nee", "sian", "o", "hara"]),
        ("road_id", ["road", "id"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("数据 школа", ["数据", "школа"]),
        ("\x00a%_'b", ["a", "b"]),
    ],
)
def test_plain_words_by_example(text, words):
    assert plain_words(text) == words


@given(st.text())
def test_a_query_has_few_words_each_with_a_stem_of_its_own(text):
    words = query_words(text)
    assert len(words) <= MOST_WORDS
    assert len(set(words.values())) == len(words)


def test_plural_and_singular_of_a_query_are_one_word():
    assert query_words("school schools the SCHOOL") == {"school": "school"}


@given(st.dictionaries(st.sampled_from(sorted(FIELD_WEIGHTS)), st.text(max_size=200)))
def test_a_weight_is_positive_and_bounded_whatever_is_repeated(fields):
    for weight in index_words(fields).values():
        assert 0 < weight < SATURATION + 1


@given(ENGLISH, ENGLISH)
def test_a_word_of_the_title_weighs_more_than_the_same_elsewhere(word, other):
    text = f"{word}x {other}y"
    for field in set(FIELD_WEIGHTS) - {"title"}:
        in_title, elsewhere = index_words({"title": text}), index_words({field: text})
        assert in_title.keys() == elsewhere.keys()
        for key in in_title:
            assert in_title[key] > elsewhere[key]


@given(ENGLISH)
def test_a_word_of_a_short_title_weighs_more_than_of_a_long_one(word):
    key = stem([word + "x"])[0]
    short = index_words({"title": word + "x"})
    long = index_words({"title": f"{word}x alpha beta gamma"})
    assert short[key] > long[key]


def test_repetition_counts_but_ever_less():
    once, twice, often = (
        index_words({"summary": " ".join(["road"] * n)})["road"] for n in (1, 2, 200)
    )
    assert often < 3 * once
    assert twice < 2 * once


@given(ENGLISH, st.integers(0, 3), st.data())
def test_one_edit_is_always_mended_among_itself(word, kind, data):
    """Whatever single slip is made in a word, the word is among what was meant."""
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(LETTERS))
    typed = [
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    ][kind]
    found = nearest(typed, [word, "zzzzzzzzzzzzzzzzzzzzz"])
    assert found == ([word] if allowed_edits(typed) else found)
    assert edits_between(word, typed) <= 1


@given(ENGLISH, st.lists(ENGLISH, max_size=20))
def test_what_is_near_is_within_the_allowed_edits_and_in_order(word, spellings):
    far = [edits_between(word, one) for one in nearest(word, spellings, most=50)]
    assert far == sorted(far)
    assert all(edits <= allowed_edits(word) for edits in far)
    assert len(far) == sum(
        edits_between(word, one) <= allowed_edits(word) for one in spellings
    )


@pytest.mark.parametrize(
    ("word", "edits"),
    [
        ("the", 0),
        ("road", 1),
        ("school", 1),
        ("schools", 2),
        ("covid19", 0),
        ("2021", 0),
    ],
)
def test_short_words_and_numbers_are_not_guessed_at(word, edits):
    assert allowed_edits(word) == edits
