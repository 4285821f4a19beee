"""Old codes lead to the code in force; what cannot be told is left as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.linkage.crosswalk import follow


def test_chains_are_followed_and_splits_are_not():
    pairs = [
        ("E07000026", "E06000063"),  # merged: two became one
        ("E07000028", "E06000063"),
        ("E06000063", "E06000099"),  # and that was renamed
        ("E07000001", "E06000001"),  # split: one became two
        ("E07000001", "E06000002"),
        ("E06000005", "E06000005"),  # itself
    ]
    assert follow(pairs, name="areas") == {
        "E07000026": "E06000099",
        "E07000028": "E06000099",
        "E06000063": "E06000099",
    }


def test_a_circle_is_refused():
    with pytest.raises(BadInput, match="comes back to"):
        follow([("A", "B"), ("B", "C"), ("C", "A")], name="areas")


codes = st.integers(0, 30)


@given(st.dictionaries(codes, st.sets(codes, min_size=1, max_size=2), max_size=25))
def test_each_code_ends_where_walking_step_by_step_ends(raw):
    # Later codes replace earlier ones, so there is no circle.
    after = {old: {new for new in news if new > old} for old, news in raw.items()}
    pairs = [(str(old), str(new)) for old, news in after.items() for new in news]
    found = follow(pairs, name="x")

    def walk(code):
        while len(after.get(code, ())) == 1:
            (code,) = after[code]
        return code

    assert found == {str(code): str(walk(code)) for code in after if walk(code) != code}
