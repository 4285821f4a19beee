"""The people of the demo world are many, related, housed and always the same."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from staithe.base.errors import BadInput
from staithe.demo.extracts import write_extracts
from staithe.demo.households import Kind
from staithe.demo.kinship import NEVER, NO_NAME
from staithe.demo.names import FEMALE, MALE
from staithe.demo.population import TODAY, generate_world


YEAR = 365.25
DIGEST_OF_1000_PEOPLE = """
import hashlib, pathlib, sys
from staithe.demo.extracts import write_extracts
from staithe.demo.population import generate_world
for extract in write_extracts(generate_world(people=1000, seed=7), pathlib.Path(sys.argv[1])):
    print(hashlib.sha256(extract.path.read_bytes()).hexdigest())
"""


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path):
    here = [
        hashlib.sha256(extract.path.read_bytes()).hexdigest()
        for extract in write_extracts(
            generate_world(people=1000, seed=7), tmp_path / "a"
        )
    ]
    done = subprocess.run(
        [sys.executable, "-c", DIGEST_OF_1000_PEOPLE, str(tmp_path / "b")],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == here


def test_another_seed_gives_other_people():
    one, other = (generate_world(people=500, seed=seed) for seed in (1, 2))
    assert (one.called.surname != other.called.surname).mean() > 0.9
    assert (one.birth_day != other.birth_day).mean() > 0.9


@pytest.mark.parametrize("people", [100, 101, 997, 5000])
def test_a_world_has_exactly_the_people_asked_for(people):
    world = generate_world(people=people, seed=3)
    assert world.people == len(world.birth_day) == len(world.home) == people
    assert world.households.size.sum() == people
    assert world.households.size.min() >= 1


@pytest.mark.parametrize("people", [-1, 0, 99, 1_000_001])
def test_too_few_or_too_many_people_are_refused_with_the_bounds(people):
    with pytest.raises(BadInput, match=r"100 to 1,000,000"):
        generate_world(people=people, seed=1)


def test_a_negative_seed_is_refused():
    with pytest.raises(BadInput, match="from 0"):
        generate_world(people=1000, seed=-1)


def test_ages_look_like_those_of_a_country(world):
    age = (TODAY - world.birth_day) / YEAR
    assert age.min() > 0
    assert age.max() < 110
    assert 36 < np.median(age) < 44
    assert 0.15 < (age < 16).mean() < 0.23
    assert 0.14 < (age >= 66).mean() < 0.24


def test_sexes_are_even_and_couples_are_mostly_of_two(world):
    assert 0.47 < (world.sex == FEMALE).mean() < 0.54
    partner = np.flatnonzero(world.households.partner)
    mixed = (world.sex[partner] != world.sex[partner - 1]).mean()
    assert 0.94 < mixed < 0.99


def test_a_household_lives_at_one_address_with_one_postcode(world):
    living = world.households
    stayed = world.moved == NEVER
    homes = world.home[stayed]
    head = world.home[living.first[living.home[stayed]]]
    head_stayed = stayed[living.first[living.home[stayed]]]
    assert (homes[head_stayed] == head[head_stayed]).all()
    assert living.size.max() > 4


def test_children_are_younger_than_their_parents(world):
    living = world.households
    child = np.flatnonzero(living.child)
    head = living.first[living.home[child]]
    gap = (world.birth_day[child] - world.birth_day[head]) / YEAR
    assert (gap > 15).mean() > 0.99
    assert (gap < 62).mean() > 0.99


def test_there_are_twins_at_one_address(world):
    living = world.households
    twin = (
        living.child[1:]
        & (living.home[1:] == living.home[:-1])
        & (world.birth_day[1:] == world.birth_day[:-1])
    )
    assert 20 < twin.sum() < 300


def test_some_sons_bear_the_name_of_their_father(world):
    living, called = world.households, world.called
    child = np.flatnonzero(living.child & (world.sex == MALE))
    head = living.first[living.home[child]]
    same = (
        (world.sex[head] == MALE)
        & (called.forename[child] == called.forename[head])
        & (called.surname[child] == called.surname[head])
    )
    assert 20 < same.sum() < 300


def test_siblings_share_a_surname(world):
    living, called = world.households, world.called
    sibling = np.flatnonzero(
        living.child[1:] & living.child[:-1] & (living.home[1:] == living.home[:-1])
    )
    # Sikh and Polish brothers and sisters bear two forms of one name.
    same = called.surname[sibling] == called.surname[sibling + 1]
    assert same.mean() > 0.97


def test_most_couples_share_a_surname_and_some_are_double_barrelled(world):
    living, called = world.households, world.called
    partner = np.flatnonzero(living.partner)
    same = called.surname[partner] == called.surname[partner - 1]
    assert 0.55 < same.mean() < 0.8
    assert 0.005 < (called.second != NO_NAME).mean() < 0.05


def test_marriages_changed_surnames_lately_mostly_of_women(world):
    changed = world.called.renamed != NEVER
    assert 0.01 < changed.mean() < 0.05
    assert (world.sex[changed] == FEMALE).mean() > 0.9
    assert (TODAY - world.called.renamed[changed]).min() >= 0
    single = changed & (world.called.second == NO_NAME)
    assert (world.called.surname != world.called.surname_before)[single].mean() > 0.98


def test_movers_have_two_homes_and_the_others_one(world):
    moved = world.moved != NEVER
    assert 0.2 < moved.mean() < 0.4
    assert (world.home[moved] != world.home_before[moved]).all()
    assert (world.home[~moved] == world.home_before[~moved]).all()
    assert (TODAY - world.moved[moved]).min() >= 0


def test_each_kind_of_household_is_there(world):
    kinds = np.bincount(world.households.kind, minlength=len(Kind))
    assert (kinds > 100).all()


def test_organisations_know_overlapping_parts_of_the_population(world):
    dws, nhb, rs = (world.listed[source] for source in ("dws", "nhb", "rs"))
    for one, other in ((dws, nhb), (nhb, dws), (dws, rs), (rs, dws), (rs, nhb)):
        assert 0.65 < (one & other).sum() / one.sum() < 0.88


def test_no_adults_only_body_knows_a_child(world):
    age = (TODAY - world.birth_day) / YEAR
    assert age[world.listed["dws"]].min() >= 16
    assert age[world.listed["rs"]].min() >= 16
    assert age[world.listed["nhb"]].min() < 2
