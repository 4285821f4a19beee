"""What a full set of votes gives, over every set of votes there is."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from staithe.analysis.models import Output, Review
from staithe.analysis.policies import settled


votes = st.lists(st.sampled_from(list(Review.Vote)), min_size=1, max_size=5)


@given(votes)
def test_one_rejection_rejects_and_one_return_returns(cast):
    found = settled([vote.value for vote in cast])
    if Review.Vote.REJECT in cast:
        assert found == Output.State.REJECTED
    elif Review.Vote.RETURN in cast:
        assert found == Output.State.RETURNED
    else:
        assert found == Output.State.APPROVED


@given(votes)
def test_the_order_of_votes_does_not_matter(cast):
    values = [vote.value for vote in cast]
    assert len({settled(list(order)) for order in permutations(values)}) == 1


@given(votes, st.sampled_from(list(Review.Vote)))
def test_a_further_vote_never_lets_out_what_was_held_back(cast, another):
    values = [vote.value for vote in cast]
    strictness = [Output.State.APPROVED, Output.State.RETURNED, Output.State.REJECTED]
    before, after = settled(values), settled([*values, another.value])
    assert strictness.index(after) >= strictness.index(before)
