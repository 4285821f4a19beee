"""Suppression: no hidden cell can be worked out, shown by trying every table."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from staithe.base.errors import AnswerIsNo
from staithe.disclosure.attacker import PublishedTable, audit
from staithe.disclosure.cells import (
    Cell,
    Dimension,
    Measure,
    Shape,
    count_table,
    make_table,
)
from staithe.disclosure.hiding import publish
from staithe.disclosure.policy import OutputPolicy
from staithe.disclosure.protect import protect_table
from staithe.disclosure.suppress import Protection, choose_secondary


CAP = 9
SMALL = OutputPolicy(threshold=3)
grids = st.integers(2, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 6), min_size=width, max_size=width),
        min_size=2,
        max_size=2,
    )
)


def hidden_keys(protected):
    return {cell.key for cell in protected.cells if cell.value is None}


def published_form(table, protected, hiding):
    empty = any(
        mine.value is None and cell.contributors == 0
        for mine, cell in zip(protected.cells, table.cells, strict=True)
    )
    return hiding(table, hidden_keys(protected), empty_shown=not empty)


@settings(max_examples=150, deadline=None)
@given(grid=grids, zero=st.booleans())
def test_every_hidden_cell_has_several_possible_values(
    grid, zero, counts, oracle, hiding
):
    """The oracle lists all tables that fit; each hidden cell differs among them."""
    table = counts(grid)
    policy = OutputPolicy(threshold=3, zero_is_disclosive=zero)
    try:
        protected = protect_table(table, policy)
    except AnswerIsNo:
        assume(False)
    values = oracle(published_form(table, protected, hiding), cap=CAP)
    assert set(values) == hidden_keys(protected)
    truth = dict(zip(table.shape.keys, table.values, strict=True))
    for key, possible in values.items():
        assert truth[key] in possible
        assert len(possible) > 1


@settings(max_examples=150, deadline=None)
@given(data=st.data(), grid=grids)
def test_the_audit_finds_exactly_the_interval_that_enumeration_finds(
    data, grid, counts, oracle, hiding
):
    """For any hidden pattern, safe or not: programs and brute force agree."""
    table = counts(grid)
    inner = [key for key in table.shape.keys if None not in key]
    hidden = data.draw(st.sets(st.sampled_from(inner), min_size=1, max_size=5))
    published = hiding(table, hidden, empty_shown=False)
    result = audit(published)
    # Totals are published, so no cell can exceed 18: the oracle is not cut short.
    values = oracle(published, cap=18 if len(hidden) < 5 else 12)
    assume(all(table.values[table.shape.positions[k]] <= 12 for k in hidden))
    for key, possible in values.items():
        low, high = result.intervals[key]
        if high <= 12:
            assert (round(low), round(high)) == (min(possible), max(possible))
        assert (key in result.exact) == (high - low < 1)
        if key in result.exact:
            assert len(possible) == 1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(2, 9), columns=st.integers(1, 6))
def test_no_subtraction_along_a_line_gives_a_hidden_value(
    seed, rows, columns, random_table, lines
):
    """No line has exactly one hidden cell, and every interval is wide enough."""
    table = random_table(rows, columns, seed=seed)
    policy = OutputPolicy()
    try:
        protected = protect_table(table, policy)
    except AnswerIsNo:
        assume(False)
    hidden = hidden_keys(protected)
    for line in lines(table):
        assert sum(key in hidden for key in line) != 1
    assert set(protected.audit.intervals) == hidden
    assert not protected.audit.exact
    for low, high in protected.audit.intervals.values():
        assert high - low >= policy.threshold - 1e-6


def test_most_ordinary_tables_can_be_published(random_table):
    """The properties above are not empty: refusal is rare on tables of use."""
    done = 0
    for seed in range(40):
        try:
            protect_table(random_table(5, 4, seed=seed), OutputPolicy())
            done += 1
        except AnswerIsNo:
            pass
    assert done >= 38


def test_two_hidden_cells_in_each_line_can_still_give_a_value_away(counts, hiding):
    """The rule of thumb is not safe: an even cycle through an empty row is exact.

    Hidden: a 2 x 2 block whose second row adds up to 2, so both its cells are 1.
    """
    table = counts([[12, 15, 20], [1, 1, 30], [40, 40, 40]])
    hidden = {("r0", "c0"), ("r0", "c1"), ("r1", "c0"), ("r1", "c1")}
    result = audit(hiding(table, hidden))
    assert set(result.exact) == hidden
    assert not result.safe


def test_taking_one_secondary_cell_away_is_caught(random_table, hiding):
    """Publish any one secondary cell of a minimal pattern: the audit must object."""
    caught = tried = 0
    for seed in range(12):
        table = random_table(6, 4, seed=seed, mean=40)
        protected = protect_table(table, OutputPolicy())
        widths = dict.fromkeys(table.shape.keys, 10.0)
        for cell in protected.cells:
            if cell.status == "secondary":
                broken = hiding(table, hidden_keys(protected) - {cell.key})
                tried += 1
                caught += not audit(broken, widths=widths).safe
    assert tried >= 10
    assert caught == tried


def test_a_single_risky_cell_brings_the_fewest_others(counts):
    """One small cell in a full 3 x 3 table needs three more: a rectangle."""
    table = counts([[3, 40, 50], [60, 70, 80], [90, 30, 20]])
    protected = protect_table(table, OutputPolicy())
    statuses = [cell.status for cell in protected.cells]
    assert statuses.count("primary") == 1
    assert statuses.count("secondary") == 3


def test_the_same_table_is_protected_the_same_way_twice(random_table):
    first, second = (
        protect_table(random_table(12, 6, seed=5), OutputPolicy()) for _ in range(2)
    )
    assert first.to_dict() == second.to_dict()


def test_a_table_of_few_people_is_refused_whole(counts):
    with pytest.raises(AnswerIsNo, match="fewer or larger"):
        protect_table(counts([[1, 2], [3, 1]]), OutputPolicy())


def test_a_hidden_count_of_at_least_one_is_used_against_us(counts, hiding):
    """Where empty cells are always shown, 1 + 1 = 2 is exact; where not, it is not."""
    table = counts([[1, 1, 30], [30, 30, 30], [9, 9, 9]])
    hidden = {("r0", "c0"), ("r0", "c1"), ("r1", "c0"), ("r1", "c1")}
    assert audit(hiding(table, hidden, empty_shown=True)).exact
    assert not audit(hiding(table, hidden, empty_shown=False)).exact


def sums(cells: dict[tuple[str, str], list[float]]):
    """A table of sums from each inner cell's contributions."""
    rows = tuple(dict.fromkeys(row for row, _ in cells))
    columns = tuple(dict.fromkeys(column for _, column in cells))
    made = []
    for row in (*rows, None):
        for column in (*columns, None):
            parts = [
                part
                for (r, c), each in cells.items()
                if row in (None, r) and column in (None, c)
                for part in each
            ]
            top = tuple(sorted(parts, reverse=True)[:2])
            made.append(
                Cell((row, column), sum(parts), len(parts), top, min(parts, default=0))
            )
    dimensions = [Dimension("row", rows), Dimension("column", columns)]
    return make_table(dimensions, Measure("sum", "x", 2), made)


def crowd(mean: float, people: int = 30) -> list[float]:
    return [mean * (0.5 + i / people) for i in range(people)]


def test_a_dominated_sum_is_hidden_with_room_in_proportion():
    table = sums(
        {
            ("a", "x"): [1000.0, *[1.0] * 20],
            ("a", "y"): crowd(30),
            ("b", "x"): crowd(20),
            ("b", "y"): crowd(40),
            ("c", "x"): crowd(10),
            ("c", "y"): crowd(25),
        }
    )
    protected = protect_table(table, OutputPolicy())
    by_key = {cell.key: cell for cell in protected.cells}
    assert "dominance" in by_key["a", "x"].reasons
    low, high = protected.audit.intervals["a", "x"]
    assert high - low >= 0.2 * 1020 - 1e-3


def test_somebody_alone_in_a_hidden_cell_cannot_subtract_their_own():
    """With the lone respondent as an attacker the pattern is larger, and holds."""
    cells = {
        (row, column): crowd(20 + 5 * i + 3 * j)
        for i, row in enumerate("abcd")
        for j, column in enumerate("xyz")
    }
    cells["a", "x"] = [500.0]
    table = sums(cells)
    guarded = protect_table(table, OutputPolicy())
    alone = protect_table(table, OutputPolicy(single_respondents=False))
    assert guarded.suppressed > alone.suppressed
    own = {("a", "x"): 500.0}

    def seen_from_inside(protected):
        hidden = frozenset(hidden_keys(protected))
        protection = Protection(hidden, {}, 0.0)
        return audit(publish(table, hidden, protection), known=own)

    assert seen_from_inside(guarded).safe
    assert not seen_from_inside(alone).safe


@pytest.mark.parametrize("rows", [3, 60])
def test_a_hidden_total_of_published_parts_is_exact_however_large(rows, counts, hiding):
    """A bound far above each published value is still a bound, not infinity."""
    table = counts([[50_000 + i, 40_000] for i in range(rows)])
    hidden = {(None, None), (None, "c0")}
    assert set(audit(hiding(table, hidden)).exact) == hidden


def test_a_hidden_total_is_exact_in_three_dimensions_too():
    sizes = enumerate((8, 8, 2))
    dimensions = tuple(Dimension(f"d{i}", tuple("abcdefgh"[:n])) for i, n in sizes)
    inner = [key for key in Shape(dimensions).keys if None not in key]
    table = count_table(dimensions, dict.fromkeys(inner, 90_000))
    values = {c.key: c.value for c in table.cells} | {(None, None, None): None}
    result = audit(PublishedTable(table.shape, table.measure, values))
    assert result.exact == ((None, None, None),)


def test_three_dimensions_are_audited_over_whole_numbers():
    """Whole numbers can be narrower than the linear relaxation: both must pass."""
    names = tuple("ab"), tuple("xy"), tuple("pqr")
    dimensions = [Dimension(f"d{i}", each) for i, each in enumerate(names)]
    counts = {
        (a, x, p): 12 + 7 * i + 5 * j + 3 * k
        for i, a in enumerate(names[0])
        for j, x in enumerate(names[1])
        for k, p in enumerate(names[2])
    }
    counts["a", "x", "p"] = 2
    protected = protect_table(count_table(dimensions, counts), OutputPolicy())
    assert protected.audit.safe
    assert protected.suppressed >= 8
    for low, high in protected.audit.intervals.values():
        assert low == round(low)
        assert math.isinf(high) or high == round(high)


def test_when_no_pattern_protects_the_answer_is_no(counts):
    """Only two cells may be hidden here and they add up to what is published."""
    table = counts([[2, 40], [40, 40]])
    keys = set(table.shape.keys)
    protection = Protection(
        frozenset({("r0", "c0")}),
        dict.fromkeys(keys, 10.0),
        fixed=frozenset(keys - {("r0", "c0"), ("r0", "c1")}),
    )
    with pytest.raises(AnswerIsNo):
        choose_secondary(table, protection)
