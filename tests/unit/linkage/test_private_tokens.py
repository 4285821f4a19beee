"""Tokens: the HMAC of RFC 2104, and overlaps that mean what they are taken to mean."""

from __future__ import annotations

import hashlib
import hmac
import itertools

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from staithe.linkage.levels import HOUSE
from staithe.linkage.levels import LEVELS as CLEAR_LEVELS
from staithe.linkage.private.levels import LEVELS as TOKEN_LEVELS
from staithe.linkage.private.tokens import OF_KIND, hold_key, let_go_of_key
from staithe.linkage.standardise_sql import install_macros


KEY = bytes(range(32))
words = st.text(alphabet="abcdé", min_size=1, max_size=7)
dates = st.dates().map(lambda d: d.isoformat())


@pytest.fixture(scope="module")
def con():
    connection = duckdb.connect()
    install_macros(connection)
    hold_key(connection, KEY)
    return connection


def ask(con, sql, *values):
    return con.execute(f"SELECT {sql}", list(values)).fetchall()[0][0]


@given(
    domain=words, value=st.text(min_size=1, max_size=20).filter(lambda t: "\0" not in t)
)
def test_a_token_is_the_first_64_bits_of_the_hmac(con, domain, value):
    message = f"{domain}\x1f{value}".encode()
    expected = hmac.new(KEY, message, hashlib.sha256).digest()[:8]
    assert ask(con, "tk($1, $2)", domain, value) == int.from_bytes(expected)


def test_no_value_has_no_token_and_another_key_gives_another(con):
    assert ask(con, "tk('a', NULL)") is None
    other = duckdb.connect()
    hold_key(other, bytes(32))
    assert ask(con, "tk('a', 'b')") != ask(other, "tk('a', 'b')")


def test_no_token_is_made_after_the_key_is_let_go():
    con = duckdb.connect()
    hold_key(con, KEY)
    let_go_of_key(con)
    assert ask(con, "tk('a', 'b')") is None


@given(left=words, right=words)
def test_near_values_are_those_one_typing_error_apart(con, left, right):
    near = ask(con, "list_has_any(near_one($1), near_one($2))", left, right)
    distance = OSA.distance(left, right)
    if distance <= 1:
        assert near
    if distance > 2:
        assert not near


@given(left=words, right=words)
def test_nearer_lists_reach_two_typing_errors(con, left, right):
    near = ask(con, "list_has_any(near_two($1), near_two($2))", left, right)
    distance = OSA.distance(left, right)
    if distance <= 2:
        assert near
    if distance > 4:
        assert not near


@given(value=words, length=st.integers(2, 9))
def test_some_near_values_are_never_more_than_asked_for(con, value, length):
    found = ask(con, "near_some($1, $2)", value, length)
    assert found[0] == value
    assert len(found) == min(length, 1 + len(value))


def clear_date_is_near(left, right):
    swapped = (
        left[:4] == right[:4] and left[5:7] == right[8:] and left[8:] == right[5:7]
    )
    return OSA.distance(left, right) <= 1 or swapped


@given(left=dates, right=dates)
@settings(max_examples=300)
def test_near_dates_are_those_of_the_clear_comparison(con, left, right):
    near = ask(con, "list_has_any(near_date($1), near_date($2))", left, right)
    assert near == clear_date_is_near(left, right)


@given(date=dates, data=st.data())
def test_a_date_with_one_digit_wrong_or_swapped_is_near(con, date, data):
    place = data.draw(st.sampled_from([0, 1, 2, 3, 5, 6, 8, 9]))
    digit = data.draw(st.sampled_from("0123456789"))
    wrong = date[:place] + digit + date[place + 1 :]
    swapped = date[:5] + date[8:] + "-" + date[5:7]
    for other in (wrong, swapped):
        assert ask(con, "list_has_any(near_date($1), near_date($2))", date, other)


@given(left=dates, right=dates)
def test_parts_of_dates_agree_where_two_of_three_do(con, left, right):
    parts = [(d[:4], d[5:7], d[8:]) for d in (left, right)]
    same = [a == b for a, b in zip(*parts, strict=True)]
    shared = ask(con, "list_has_any(date_parts($1), date_parts($2))", left, right)
    assert shared == (sum(same) >= 2)


@given(left=st.integers(-40000, 40000), gap=st.integers(0, 80))
def test_cells_are_shared_by_near_numbers_only(con, left, gap):
    shared = ask(con, "list_has_any(cells($1, 33), cells($2, 33))", left, left + gap)
    if gap <= 28:
        assert shared
    if gap > 33:
        assert not shared


def test_every_kind_of_field_has_tokens_and_levels_on_tokens():
    assert set(TOKEN_LEVELS) == set(CLEAR_LEVELS) == {*OF_KIND, HOUSE}
    for kind, levels in TOKEN_LEVELS.items():
        of_kind = OF_KIND["address" if kind == HOUSE else kind]
        have = {column.name for column in of_kind("x")}
        sql = " ".join(level.sql for level in levels("x"))
        for column in {f"x{end}" for end in ends(sql)}:
            assert column in have, (kind, column)


def ends(sql):
    pieces = sql.split('"')[1::2]
    found = {piece.removesuffix("_l").removesuffix("_r")[1:] for piece in pieces}
    return set(itertools.chain(found))
