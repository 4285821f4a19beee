"""Kinds of composite token, and what shared kinds are taken to say of each field."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.linkage.meanings import BY_WORD
from staithe.linkage.private.agreement import (
    Reader,
    degrees_of,
    evidence_of,
    learn,
    weights,
)
from staithe.linkage.private.kinds import MOST_KINDS, fields_of, token_kinds
from staithe.linkage.specification import LinkField, LinkSpecification


PEOPLE = ("forename", "middle_name", "surname", "sex", "date_of_birth", "postcode")


def kinds_for(*meanings):
    fields = tuple(LinkField(each, each) for each in dict.fromkeys(meanings))
    return token_kinds(LinkSpecification("dedupe", fields))


@given(st.lists(st.sampled_from(sorted(BY_WORD)), min_size=1, max_size=12))
def test_every_kind_binds_two_fields_or_more_and_enough_to_tell_people_apart(meanings):
    kinds = kinds_for(*meanings)
    assert len(kinds) <= MOST_KINDS
    assert len({kind.name for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert len(kind.fields) >= 2
        assert kind.bits >= 22


def test_a_file_of_places_alone_binds_places():
    assert kinds_for("postcode", "address", "house_number")


def test_people_have_kinds_that_forgive_an_error_in_each_name_and_the_date():
    alike = {
        k.name.partition(" alike")[0] for k in kinds_for(*PEOPLE) if "alike" in k.name
    }
    assert alike == {"forename", "surname", "date_of_birth"}


# Records as small numbers: 0 is missing, tens are values, units a typing error.
values = st.sampled_from([0, 10, 11, 20])
records = st.fixed_dictionaries(dict.fromkeys(PEOPLE, values))


def tokens(record, kinds):
    """Return kind → tokens as a holder would make them, near values by dropping units."""
    found = {}
    for place, kind in enumerate(kinds):
        made = [()]
        for atom in kind.atoms:
            parts = [record[name] for name in fields_of(atom)]
            if 0 in parts or (atom.degree == "either" and parts[0] == parts[1]):
                made = []
                break
            options = {
                "same": [parts[0]],
                "alike": [parts[0], parts[0] // 10 * 10],
                "part": [parts[0] // 10],
                "either": [tuple(sorted(parts))],
            }[atom.degree]
            made = [(*token, option) for token in made for option in options]
        if made:
            found[place] = set(made)
    return found


@given(left=records, right=records)
def test_what_is_read_of_a_field_is_never_false(left, right):
    kinds = kinds_for(*PEOPLE)
    ours, theirs = tokens(left, kinds), tokens(right, kinds)
    both = sum(1 << n for n in ours.keys() & theirs.keys())
    shared = sum(1 << n for n in ours.keys() & theirs.keys() if ours[n] & theirs[n])
    read = Reader(kinds).read(shared, both)
    for name, degree in read.items():
        same = left[name] == right[name] and left[name] != 0
        if degree == "same":
            assert same
        elif degree == "alike":
            assert left[name] // 10 == right[name] // 10
        elif degree == "different":
            assert not same
        elif degree == "swapped":
            assert {left["forename"], left["surname"]} == {
                right["forename"],
                right["surname"],
            }


def test_all_that_agrees_is_read_where_everything_is_shared():
    kinds = kinds_for(*PEOPLE)
    every = (1 << len(kinds)) - 1
    assert Reader(kinds).read(every, every) == dict.fromkeys(PEOPLE, "same")


def test_one_differing_field_is_named():
    kinds = kinds_for(*PEOPLE)
    every = (1 << len(kinds)) - 1
    without = sum(
        1 << n for n, kind in enumerate(kinds) if "postcode" not in kind.fields
    )
    read = Reader(kinds).read(without, every)
    assert read.pop("postcode") == "different"
    assert read == dict.fromkeys(set(PEOPLE) - {"postcode"}, "same")


def test_swapped_names_are_read_once():
    kinds = kinds_for(*PEOPLE)
    every = (1 << len(kinds)) - 1
    shared = sum(
        1 << n
        for n, kind in enumerate(kinds)
        if all(a.field not in {"forename", "surname"} for a in kind.atoms)
    )
    read = Reader(kinds).read(shared, every)
    assert read["forename"] == "swapped"
    assert "surname" not in read


def test_learning_gives_matches_weight_and_strangers_none():
    """1,000 matches that move house in 2 of 10 cases, 1,000 people of one address."""
    kinds = kinds_for("forename", "surname", "date_of_birth", "postcode")
    every = (1 << len(kinds)) - 1

    def agreeing(*fields):
        return sum(1 << n for n, kind in enumerate(kinds) if kind.fields <= set(fields))

    names = ("forename", "surname", "date_of_birth", "postcode")
    masks = [
        (every, every),
        (agreeing(*names[:3], "middle_name"), every),
        (agreeing("surname", "postcode"), every),
    ]
    evidence = evidence_of(kinds, masks, np.array([800.0, 200.0, 1000.0]))
    u = [
        np.array([0.99, *([0.01 / len(degrees)] * len(degrees))])
        for degrees in degrees_of(kinds).values()
    ]
    m, warnings = learn(evidence, [shared for shared, _ in masks], kinds, u)
    assert not warnings
    column = list(degrees_of(kinds)).index("postcode")
    assert m[column][-1] == pytest.approx(0.8, abs=0.02)
    weight = weights(evidence, m, u, 1e-4)
    assert weight[0] > weight[1] > 0 > weight[2]
