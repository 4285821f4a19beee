"""Terms are one byte string, compile to no more than they say, and refuse nonsense."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput, Damaged, NotAllowed
from staithe.sharing.grant import (
    Grant,
    check_grant,
    compile_terms,
    find_refusal,
    grant_from_plain,
    grant_to_plain,
)
from staithe.sharing.output_rules import OutputRules, rules_from_plain, strictest
from staithe.sharing.terms import (
    LONGEST_YEARS,
    OPERATORS,
    RowFilter,
    Terms,
    canonical,
    filter_from_plain,
    get_stored_terms,
    terms_from_plain,
    terms_sha256,
    terms_to_plain,
)


def test_terms_accepted_before_rows_were_a_choice_keep_their_hash_and_mean_no():
    """A no is not written, so that bytes accepted then are the bytes of now."""
    old = terms_to_plain(make_terms())
    assert "rows_may_leave" not in old
    terms = get_stored_terms(old, sha256=terms_sha256(make_terms()))
    assert not compile_terms(terms).rows_may_leave
    yes = make_terms(rows_may_leave=True)
    assert terms_sha256(yes) != terms_sha256(terms)
    assert terms_from_plain(terms_to_plain(yes)) == yes
    grant = grant_to_plain(compile_terms(yes))
    assert grant_from_plain(grant).rows_may_leave
    del grant["rows_may_leave"]
    assert not grant_from_plain(grant).rows_may_leave


def make_terms(**changes):
    plain = {
        "agreement": "AGR-1",
        "version": 1,
        "holder": "revenue",
        "holder_name": "Revenue",
        "recipient": "statistics",
        "recipient_name": "Statistics",
        "project": "PRJ-1",
        "project_title": "Work after college",
        "asset": "AST-1",
        "asset_title": "Jobs",
        "columns": ("sector", "pay_band"),
        "link_columns": ("surname", "born"),
        "row_filter": RowFilter(column="year", operator=">=", value=2020),
        "people": ("person:P-1", "person:P-2"),
        "purpose_code": "research-public-good",
        "purpose": "Find what helps.",
        "route_id": "dea-64-research",
        "route_citation": "DEA 2017 s64",
        "starts_on": date(2026, 1, 5),
        "ends_on": date(2026, 12, 31),
        "onward": "checked-results",
        "output": OutputRules(),
        "retention_until": date(2027, 1, 31),
        "conditions": "",
    }
    return Terms(**(plain | changes))


WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20
).filter(str.strip)
NAMES = st.lists(WORDS, min_size=1, max_size=4, unique=True).map(tuple)
VALUES = st.one_of(
    WORDS,
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
FILTERS = st.one_of(
    st.builds(
        RowFilter,
        column=WORDS,
        operator=st.sampled_from(["=", ">=", "<="]),
        value=VALUES,
    ),
    st.builds(
        RowFilter,
        column=WORDS,
        operator=st.just("in"),
        value=st.lists(VALUES, min_size=1, max_size=4).map(tuple),
    ),
)
RULES = st.builds(
    OutputRules,
    threshold=st.integers(3, 50),
    nk_n=st.integers(1, 5),
    nk_k=st.floats(0.1, 1),
    p_ratio=st.floats(0.01, 1),
    rounding_base=st.integers(1, 10),
)
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1))


@st.composite
def all_terms(draw):
    start = draw(DAYS)
    end = start + timedelta(days=draw(st.integers(0, 3000)))
    return make_terms(
        purpose=draw(WORDS),
        columns=draw(NAMES),
        link_columns=draw(st.one_of(st.just(()), NAMES)),
        people=draw(NAMES),
        row_filter=draw(st.one_of(st.none(), FILTERS)),
        starts_on=start,
        ends_on=end,
        retention_until=end + timedelta(days=draw(st.integers(0, 1000))),
        onward=draw(st.sampled_from(["none", "checked-results"])),
        output=draw(RULES),
    )


@given(terms=all_terms())
def test_terms_survive_json_and_keep_their_hash(terms):
    back = terms_from_plain(json.loads(json.dumps(terms_to_plain(terms))))
    assert back == terms
    assert terms_sha256(back) == terms_sha256(terms)
    assert terms_sha256(terms) == hashlib.sha256(canonical(terms)).hexdigest()


@given(terms=all_terms())
def test_a_grant_survives_json(terms):
    grant = compile_terms(terms)
    assert grant_from_plain(json.loads(json.dumps(grant_to_plain(grant)))) == grant


@given(terms=all_terms())
def test_a_grant_gives_exactly_what_the_terms_name(terms):
    grant = compile_terms(terms)
    assert grant == compile_terms(terms)
    assert grant.terms_sha256 == terms_sha256(terms)
    for name in ("columns", "link_columns", "people", "row_filter", "output", "asset"):
        assert getattr(grant, name) == getattr(terms, name), name
    assert grant.results_may_leave == (terms.onward != "none")


@given(
    terms=all_terms(),
    day=DAYS,
    seconds=st.integers(0, 86399),
    named=st.booleans(),
)
def test_a_door_opens_only_to_the_named_on_the_days_agreed(terms, day, seconds, named):
    at = datetime.combine(day, time(), UTC) + timedelta(seconds=seconds)
    person = terms.people[-1] if named else "nobody at all, in no list"
    refusal = find_refusal(compile_terms(terms), person=person, at=at)
    may = named and terms.starts_on <= day <= terms.ends_on
    assert (refusal is None) == may


def test_the_last_moment_of_the_last_day_is_in_and_the_next_is_out():
    grant = compile_terms(make_terms())
    last = datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    check_grant(grant, person="person:P-1", at=last)
    with pytest.raises(NotAllowed, match="ended on 31 December 2026"):
        check_grant(grant, person="person:P-1", at=last + timedelta(microseconds=1))
    with pytest.raises(NotAllowed, match="starts on 5 January 2026"):
        check_grant(grant, person="person:P-1", at=last.replace(year=2025))
    with pytest.raises(NotAllowed, match="not one of the people named"):
        check_grant(grant, person="person:P-3", at=last)


CHANGED = {
    "version": 2,
    "columns": ("sector",),
    "link_columns": (),
    "row_filter": None,
    "people": ("person:P-1",),
    "starts_on": date(2026, 1, 6),
    "ends_on": date(2026, 12, 30),
    "onward": "none",
    "output": OutputRules(threshold=11),
    "retention_until": date(2027, 2, 1),
    "rows_may_leave": True,
}


@pytest.mark.parametrize("field", [field.name for field in fields(Terms)])
def test_changing_any_one_term_changes_the_hash_and_stored_terms_say_so(field):
    terms = make_terms()
    changed = replace(terms, **{field: CHANGED.get(field, "something else")})
    assert terms_sha256(changed) != terms_sha256(terms)
    with pytest.raises(Damaged):
        get_stored_terms(terms_to_plain(changed), sha256=terms_sha256(terms))
    assert get_stored_terms(terms_to_plain(terms), sha256=terms_sha256(terms)) == terms


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"columns": ()}, "must name columns"),
        ({"columns": ("a", "a")}, "columns twice"),
        ({"people": ()}, "must name people"),
        ({"people": ("",)}, "must have a name"),
        ({"purpose": " "}, "must name the purpose"),
        ({"route_id": ""}, "must name the legal route"),
        ({"route_citation": ""}, "citation"),
        ({"version": 0}, "version"),
        ({"ends_on": date(2026, 1, 4)}, "must end on or after"),
        ({"ends_on": date(2036, 1, 6)}, f"at most {LONGEST_YEARS} years"),
        ({"retention_until": date(2026, 12, 30)}, "destroyed before"),
        ({"onward": "anything"}, "Onward use"),
    ],
)
def test_terms_that_make_no_sense_cannot_be_made(changes, sentence):
    with pytest.raises(BadInput, match=sentence):
        make_terms(**changes)


def test_every_fault_of_terms_is_named_at_once():
    with pytest.raises(BadInput) as refusal:
        make_terms(columns=(), purpose="", version=0)
    for words in ("columns", "purpose", "version"):
        assert words in refusal.value.message


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plain: plain.pop("people"),
        lambda plain: plain.update(schema="staithe-terms/2"),
        lambda plain: plain.update(more="words"),
        lambda plain: plain.update(columns="abc"),
        lambda plain: plain.update(ends_on="soon"),
        lambda plain: plain.update(ends_on=None),
        lambda plain: plain.update(output={"threshold": "ten"}),
        lambda plain: plain.update(row_filter={"column": "a"}),
        lambda plain: plain.update(purpose=None),
    ],
)
def test_json_that_is_not_terms_is_refused(spoil):
    plain = terms_to_plain(make_terms())
    spoil(plain)
    with pytest.raises(BadInput):
        terms_from_plain(plain)


@pytest.mark.parametrize(
    "plain",
    [
        {"column": "", "operator": "=", "value": 1},
        {"column": "a", "operator": "or 1=1", "value": 1},
        {"column": "a", "operator": "=", "value": [1]},
        {"column": "a", "operator": "in", "value": 1},
        {"column": "a", "operator": "in", "value": []},
        {"column": "a", "operator": "=", "value": {"a": 1}},
        {"column": "a", "operator": "=", "value": None},
        {"column": "a", "operator": "=", "value": float("nan")},
        {"column": "a", "operator": "=", "value": 2**60},
        {"column": ["a"], "operator": "=", "value": 1},
        {"column": "a", "value": 1},
        [],
    ],
)
def test_a_row_filter_that_is_not_one_comparison_is_refused(plain):
    with pytest.raises(BadInput):
        filter_from_plain(plain)


def test_every_operator_has_words():
    for operator in OPERATORS:
        value = ("a", "b") if operator == "in" else "a"
        text = RowFilter(column="sex", operator=operator, value=value).to_text()
        assert text.startswith("sex is")


@given(rules=st.lists(RULES, min_size=1, max_size=4))
def test_the_strictest_rules_are_at_least_as_strict_as_each(rules):
    all_of_them = strictest(*rules)
    for each in rules:
        assert all_of_them.threshold >= each.threshold
        assert all_of_them.nk_n >= each.nk_n
        assert all_of_them.nk_k <= each.nk_k
        assert all_of_them.p_ratio >= each.p_ratio
        assert all_of_them.rounding_base >= each.rounding_base
    assert strictest(rules[0]) == rules[0]


@pytest.mark.parametrize(
    "plain",
    [
        {"threshold": 2},
        {"threshold": 10.5},
        {"threshold": True},
        {"nk_k": 0},
        {"nk_k": 1.1},
        {"p_ratio": -1},
        {"rounding_base": 0},
        {"nk_n": 0},
        {"treshold": 10},
    ],
)
def test_output_rules_that_protect_nobody_are_refused(plain):
    with pytest.raises(BadInput):
        rules_from_plain(plain)


def test_rules_not_stated_have_their_defaults():
    assert rules_from_plain({"threshold": 20}) == OutputRules(threshold=20)
    assert strictest() == OutputRules()


def test_a_grant_of_another_kind_is_refused():
    plain = grant_to_plain(compile_terms(make_terms()))
    for spoiled in (
        plain | {"schema": "x"},
        plain | {"opens_at": 3},
        {"schema": plain["schema"]},
    ):
        with pytest.raises(BadInput):
            grant_from_plain(spoiled)


def test_a_grant_cannot_be_changed_after_it_is_compiled():
    grant = compile_terms(make_terms())
    with pytest.raises(AttributeError):
        grant.columns = ("everything",)
    assert isinstance(grant, Grant)
