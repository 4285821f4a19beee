"""Places are shaped as real ones and are nobody's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from staithe.base.errors import BadInput
from staithe.demo.places import (
    HOMES_PER_POSTCODE,
    load_councils,
    regions,
    settle,
)


REAL_AREAS = """
AB AL B BA BB BD BF BH BL BN BR BS BT BX CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH
DL DN DT DY E EC EH EN EX FK FY G GL GU GX GY HA HD HG HP HR HS HU HX IG IM IP IV JE
KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO
PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W
WA WC WD WF WN WR WS WV YO ZE
"""
POSTCODE = re.compile(r"[A-Z]{2}\d{1,2} \d[ABD-HJLNP-UW-Z]{2}")


def test_postcodes_have_the_shape_and_an_area_that_was_never_allocated(world):
    assert all(POSTCODE.fullmatch(text) for text in world.addresses.postcodes)
    assert not {text[:2] for text in world.addresses.postcodes} & set(
        REAL_AREAS.split()
    )


def test_a_postcode_is_given_to_one_council_only(world):
    assert len(set(world.addresses.postcodes)) == len(world.addresses.postcodes)


def test_a_full_council_names_no_postcode_twice():
    skerries = np.full(50_000, len(load_councils()) - 1, dtype=np.int32)
    postcodes = settle(np.random.default_rng(1), skerries).postcodes
    assert len(postcodes) == len(set(postcodes)) == -(-50_000 // HOMES_PER_POSTCODE)


def test_a_postcode_has_about_fifteen_homes(world):
    homes = np.bincount(world.addresses.postcode)
    assert homes.max() == HOMES_PER_POSTCODE
    assert np.median(homes) == HOMES_PER_POSTCODE


def test_no_two_homes_of_a_council_have_one_address(world):
    homes = world.addresses
    texts = set(
        zip(
            homes.number.tolist(),
            homes.street.tolist(),
            homes.postcode.tolist(),
            strict=True,
        )
    )
    assert len(texts) == len(homes.council)


def test_homes_stand_in_councils_by_their_weight(world):
    weights = np.array([council.weight for council in load_councils()])
    counts = np.bincount(world.addresses.council, minlength=len(weights))
    assert np.abs(counts / counts.sum() - weights / weights.sum()).max() < 0.02


def test_there_are_five_regions_and_one_is_very_small(world):
    assert len(regions()) == 5
    smallest = world.addresses.council == len(load_councils()) - 1
    assert 0.004 < smallest.mean() < 0.02


def test_a_council_that_runs_out_of_postcodes_is_refused():
    skerries = np.full(60_000, len(load_councils()) - 1, dtype=np.int32)
    with pytest.raises(BadInput, match="no postcodes left"):
        settle(np.random.default_rng(1), skerries)
