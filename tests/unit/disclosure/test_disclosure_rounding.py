"""Controlled rounding: near, additive, and still uncertain about every cell."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from staithe.base.errors import BadInput
from staithe.disclosure.attacker import audit
from staithe.disclosure.cells import Cell, Dimension, Measure, make_table
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.protect import protect_table
from staithe.disclosure.rounding import round_table


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(1, 8), st.integers(1, 6)),
    base=st.sampled_from([3, 5, 10]),
)
def test_rounded_tables_add_up_and_stay_within_the_base(
    seed, size, base, random_table, lines
):
    table = random_table(*size, seed=seed, mean=12)
    rounded = round_table(table, base=base)
    for cell in table.cells:
        assert rounded[cell.key] % base == 0
        assert abs(rounded[cell.key] - cell.value) < base
        assert cell.value % base or rounded[cell.key] == cell.value
    for *parts, total in lines(table):
        assert sum(rounded[key] for key in parts) == rounded[total]


@settings(max_examples=25, deadline=None)
@given(
    grid=st.lists(
        st.lists(st.integers(0, 12), min_size=2, max_size=2), min_size=2, max_size=2
    )
)
def test_each_rounded_count_keeps_every_value_the_audit_claims(grid, counts):
    """Brute force over all 2 x 2 tables that round to what was published."""
    table = counts(grid)
    protected = protect_table(table, OutputPolicy(method="round", rounding_base=5))
    shown = {cell.key: cell.value for cell in protected.cells}
    inner = [key for key in shown if None not in key]
    possible = {key: set() for key in shown}
    ranges = [range(max(0, int(shown[key]) - 4), int(shown[key]) + 5) for key in inner]
    for a in ranges[0]:
        for b in ranges[1]:
            for c in ranges[2]:
                for d in ranges[3]:
                    full = dict(
                        zip(
                            shown,
                            (a, b, a + b, c, d, c + d, a + c, b + d, a + b + c + d),
                            strict=True,
                        )
                    )
                    if all(abs(full[key] - shown[key]) < 5 for key in shown):
                        for key in shown:
                            possible[key].add(full[key])
    for key, (low, high) in protected.audit.intervals.items():
        assert {low, high} <= possible[key]
        assert high - low >= 4


def test_sums_are_not_rounded_as_counts():
    cells = [Cell(("a",), 12.5, 20, (2, 1), 0.1), Cell((None,), 12.5, 20, (2, 1), 0.1)]
    table = make_table([Dimension("d", ("a",))], Measure("sum", "x", 2), cells)
    with pytest.raises(BadInput):
        round_table(table, base=5)


def test_hiding_and_rounding_together_publishes_less_than_hiding(random_table):
    table = random_table(8, 5, seed=3)
    hidden = protect_table(table, OutputPolicy())
    both = protect_table(table, OutputPolicy(method="both", rounding_base=5))
    pairs = list(zip(hidden.cells, both.cells, strict=True))
    assert all((a.value is None) == (b.value is None) for a, b in pairs)
    assert all(b.value % 5 == 0 for _, b in pairs if b.value is not None)


def test_a_rounded_table_that_does_not_add_up_is_not_vouched_for(random_table):
    """The shortcut of the audit rests on additivity, so it checks it."""
    from staithe.disclosure.attacker import PublishedTable
    from staithe.disclosure.linear import ProgramError

    table = random_table(3, 3, seed=1)
    rounded = round_table(table, base=5)
    rounded["r0", "c0"] += 5
    with pytest.raises(ProgramError):
        audit(PublishedTable(table.shape, table.measure, rounded, margin=4))
