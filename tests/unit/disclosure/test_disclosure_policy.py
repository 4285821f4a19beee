"""Policies: what is refused, and that the strictest satisfies everybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.disclosure.cells import Cell
from staithe.disclosure.checks import cell_reasons
from staithe.disclosure.policy import OutputPolicy, strictest


policies = st.builds(
    OutputPolicy,
    threshold=st.integers(1, 30),
    nk_n=st.integers(1, 4),
    nk_k=st.floats(0.3, 1.0),
    p_ratio=st.floats(0.0, 1.0),
    zero_is_disclosive=st.booleans(),
    class_disclosure=st.sampled_from(["off", "review", "suppress"]),
    protection_share=st.floats(0.01, 1.0),
)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"threshold": 0}, "threshold"),
        ({"threshold": "10"}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"nk_k": 1.5}, "nk_k"),
        ({"p_ratio": -0.1}, "p_ratio"),
        ({"method": "round"}, "rounding_base"),
        ({"rounding_base": 2}, "rounding_base"),
        ({"method": "suppress", "rounding_base": 5}, "rounding_base"),
        ({"method": "blur"}, "method"),
        ({"class_disclosure": "maybe"}, "class_disclosure"),
        ({"zero_is_disclosive": 1}, "zero_is_disclosive"),
        ({"treshold": 10}, "treshold"),
    ],
)
def test_nonsense_is_refused_and_names_the_rule(values, field):
    with pytest.raises(BadInput) as caught:
        OutputPolicy.from_dict(values)
    assert caught.value.field == field


@given(policies)
def test_a_policy_survives_being_written_and_read(policy):
    assert OutputPolicy.from_dict(policy.to_dict()) == policy


def test_a_rounding_base_alone_means_rounding():
    assert OutputPolicy.from_dict({"rounding_base": 5}).method == "round"


def test_one_holder_hides_and_another_rounds_so_both_are_done():
    both = strictest(
        [OutputPolicy(threshold=7), OutputPolicy(method="round", rounding_base=5)]
    )
    assert (both.method, both.rounding_base, both.threshold) == ("both", 5, 10)


def test_rounding_bases_combine_to_a_base_that_serves_each():
    each = [OutputPolicy(method="round", rounding_base=base) for base in (4, 10)]
    assert strictest(each).rounding_base == 20


def test_no_policy_is_not_the_weakest_policy():
    with pytest.raises(BadInput):
        strictest([])


@given(
    st.lists(policies, min_size=1, max_size=3),
    st.lists(st.floats(0.01, 1000), min_size=1, max_size=40),
)
def test_the_strictest_policy_fails_every_cell_that_one_of_them_fails(each, parts):
    """A cell that any holder's rules hide is hidden under the combined rules."""
    top = tuple(sorted(parts, reverse=True))
    cell = Cell(("a",), sum(parts), len(parts), top, min(parts))
    combined = cell_reasons(cell, strictest(each), kind="sum")
    for policy in each:
        assert set(cell_reasons(cell, policy, kind="sum")) <= set(combined)
