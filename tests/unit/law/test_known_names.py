"""A name that is known gives its kind, and several kinds are asked where it matters."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.law.advise import advise
from staithe.law.library import load_library


LIBRARY = load_library()
WORDS = LIBRARY.words
BODIES = [body for body in WORDS.bodies.values() if body.type]
PURPOSES = [p for p in WORDS.purposes if not p.endswith("*")]
KINDS = sorted(WORDS.parties)


def told(holder, recipient, purpose="psd-fuel-poverty", **more):
    facts = {"holder": holder, "recipient": recipient, "purpose": {"code": purpose}}
    return advise({"personal_data": "identifiable", **facts, **more})


def fits(advice):
    return {each.id for each in advice.gateways}


@pytest.mark.parametrize("name", ["HMRC", "Birmingham City Council", "Home Office"])
def test_a_body_of_another_kind_is_no_registration_official(name):
    """Nobody passes as an official because nobody said what kind of body it is."""
    advice = told({"name": name}, {"name": "Leeds City Council"})
    assert "rsa-19aa-civil-reg" not in fits(advice)


@pytest.mark.parametrize("kind", KINDS)
def test_registration_facts_come_from_a_registration_official_only(kind):
    """Every kind but one is ruled out, whatever else it is."""
    advice = told(
        {"name": "a body", "type": kind}, "Home Office", "civil-registration-function"
    )
    official = kind == "civil-registration-official"
    assert ("rsa-19aa-civil-reg" in fits(advice)) is official


def test_an_unknown_kind_does_not_fit_where_some_kinds_are_barred():
    """A route that bars some kinds asks for the kind; it does not pass for it."""
    advice = told("Someone", "Leeds City Council", "civil-registration-function")
    branch = next(b for b in advice.reasoning if b.id == "rsa-19aa-civil-reg")
    assert next(s for s in branch.steps if s.id == "holder").answer is None
    assert "holder.type" in {q.id for q in advice.questions}


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(BODIES),
    st.sampled_from(BODIES),
    st.sampled_from(PURPOSES),
    st.data(),
)
def test_a_known_name_is_as_good_as_its_kind(holder, recipient, purpose, data):
    """The name alone, in any form, gives the answer of name and kind together."""
    names = [data.draw(st.sampled_from(b.names)) for b in (holder, recipient)]
    bare = told({"name": names[0]}, {"name": names[1]}, purpose)
    full = told(
        {"name": names[0], "type": holder.type},
        {"name": names[1], "type": recipient.type},
        purpose,
    )
    assert replace(bare, reasoning=()) == replace(full, reasoning=())


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("the HMRC", {"non-ministerial-department"}),
        ("HM Revenue and Customs (HMRC)", {"non-ministerial-department"}),
        ("HMRC and DWP", {"ministerial-department", "non-ministerial-department"}),
        ("Leeds City Council", {"local-authority"}),
        ("West Midlands Police", {"police"}),
        ("University of Leeds", {"university"}),
        ("Leeds Teaching Hospitals NHS Trust", {"nhs-body"}),
        ("A contractor of HMRC", set()),
        ("A contractor for Leeds City Council", set()),
        ("University of Leeds Press", set()),
        ("Arts Council England", set()),
        ("National Fraud Initiative", set()),
        ("", set()),
    ],
)
def test_only_a_whole_name_tells_a_kind(name, kinds):
    """A contractor is not the body that it works for."""
    assert WORDS.kinds_called(name) == kinds


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from(KINDS), min_size=2, max_size=3, unique=True),
    st.sampled_from(KINDS),
    st.sampled_from(PURPOSES),
    st.booleans(),
)
def test_one_of_several_kinds_is_settled_only_where_all_agree(
    kinds, other, purpose, swap
):
    """A route fits, or does not, only as it would for each kind that it may be."""
    several = {"name": "Someone", "type": kinds}
    fixed = {"name": "Somebody", "type": other}

    def trials(party):
        pair = (fixed, party) if swap else (party, fixed)
        try:
            found = told(*pair, purpose)
        except BadInput:
            return None
        return {b.id: b.answer for b in found.reasoning}

    each = [trials({"name": "Someone", "type": kind}) for kind in kinds]
    if None in each:
        return
    for route, answer in trials(several).items():
        answers = {found[route] for found in each if route in found}
        if answer is not None and answers:
            assert answers == {answer}


def test_the_kind_is_asked_only_where_it_matters_and_only_what_it_may_be():
    """A department may receive under the research power, ministerial or not."""
    both = ["ministerial-department", "non-ministerial-department"]
    research = told(
        {"name": "A department", "type": both},
        "Northmoor University",
        "research-public-good",
        personal_data="de-identified",
    )
    needing = {q.id: q.hangs_on for q in research.questions}
    assert "dea-64-research" not in needing.get("holder.type", ())
    other = told({"name": "A department", "type": both}, "Leeds City Council",
                 "policy-analysis", personal_data="de-identified")  # fmt: skip
    asked = {q.id: q.accepts for q in other.questions}
    assert asked["holder.type"] == tuple(both)


def test_a_name_narrows_the_kinds_that_are_stated():
    """HMRC, a department of some kind, is not ministerial."""
    both = ["ministerial-department", "non-ministerial-department"]
    narrowed = told({"name": "HMRC", "type": both}, "Leeds City Council")
    assert narrowed == told({"name": "HMRC"}, "Leeds City Council")


def test_kinds_that_no_body_of_the_name_has_are_refused():
    """A department among kinds that it is not: one sentence with the field."""
    with pytest.raises(BadInput, match=r"holder\.type: HM Revenue and Customs is a"):
        told({"name": "HMRC", "type": ["university", "charity"]}, "DWP")
