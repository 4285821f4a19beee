"""Small tables, and an oracle that tries every table that fits what was published."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from staithe.disclosure.attacker import PublishedTable
from staithe.disclosure.cells import Dimension, Key, Table, count_table


def make_counts(rows: list[list[int]]) -> Table:
    """A table of people from its inner counts."""
    dimensions = [
        Dimension("row", tuple(f"r{i}" for i in range(len(rows)))),
        Dimension("column", tuple(f"c{i}" for i in range(len(rows[0])))),
    ]
    counts = {
        (f"r{i}", f"c{j}"): value
        for i, line in enumerate(rows)
        for j, value in enumerate(line)
    }
    return count_table(dimensions, counts)


def random_counts(rows: int, columns: int, *, seed: int, mean: float = 25) -> Table:
    """A table with the many small cells that real ones have."""
    chance = random.Random(seed)
    return make_counts(
        [
            [int(chance.expovariate(1 / mean)) for _ in range(columns)]
            for _ in range(rows)
        ]
    )


def every_value(published: PublishedTable, *, cap: int) -> dict[Key, set[int]]:
    """Return the values each hidden cell takes over ALL whole-number tables that fit.

    Knows nothing of linear programming: it lists every choice of the hidden inner
    cells up to `cap`, adds the totals up and keeps the tables that agree with every
    published value.
    """
    keys = published.shape.keys
    inner = [key for key in keys if None not in key]
    free = [key for key in inner if published.values[key] is None]
    least = 1 if published.empty_shown else 0
    count = (cap + 1 - least) ** len(free)
    grids = np.indices([cap + 1 - least] * len(free)).reshape(len(free), count) + least
    columns = {
        key: grids[free.index(key)]
        if key in free
        else np.full(count, int(published.values[key] or 0))
        for key in inner
    }
    fits = np.ones(count, dtype=bool)
    for key in keys:
        parts = [columns[each] for each in inner if _within(each, key)]
        columns[key] = np.sum(parts, axis=0)
        value = published.values[key]
        if value is None:
            fits &= columns[key] >= least
        else:
            fits &= columns[key] == int(value)
    return {
        key: set(columns[key][fits].tolist())
        for key in keys
        if published.values[key] is None
    }


def _within(inner: Key, key: Key) -> bool:
    return all(want in (None, have) for have, want in zip(inner, key, strict=True))


def hide(
    table: Table, hidden: set[Key] | frozenset[Key], *, empty_shown: bool = True
) -> PublishedTable:
    """Publish a table with exactly these cells hidden."""
    return PublishedTable(
        table.shape,
        table.measure,
        {c.key: None if c.key in hidden else c.value for c in table.cells},
        empty_shown=empty_shown,
    )


@pytest.fixture(scope="session")
def counts():
    return make_counts


@pytest.fixture(scope="session")
def oracle():
    return every_value


@pytest.fixture(scope="session")
def random_table():
    return random_counts


@pytest.fixture(scope="session")
def hiding():
    return hide


@pytest.fixture(scope="session")
def lines():
    """Return each additive line of a table as keys, its total last."""

    def of(table: Table) -> list[list[Key]]:
        keys = table.shape.keys
        return [
            [keys[i] for i in itertools.chain(r.parts, [r.total])]
            for r in table.shape.relations
        ]

    return of
