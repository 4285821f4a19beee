"""Putting people into groups so that each group holds somebody of every number.

Any way of doing it is right; an even one leaves little to look at afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np


if TYPE_CHECKING:
    from scipy.sparse import csr_array


RARE = 30  # people for each group: with more, chance spreads them well enough


def spread(
    rows: csr_array, weights: np.ndarray, groups: int, chance: np.random.Generator
) -> np.ndarray:
    """Return which row is in which group: each person of a row in a group of their own.

    A row of as many people as there are groups is in all. Numbers of few people come
    first, each spread over the groups that have least of it.
    """
    member = _by_chance(weights, groups, chance)
    columns = rows.tocsc()
    people = abs(columns).sign().T @ weights
    rare = [c for c in np.argsort(people) if people[c] < RARE * groups]
    todo = np.zeros(len(weights), dtype=bool)
    for column in rare:
        todo[_rows_of(columns, column)] = True
    todo &= weights < groups
    member[todo] = False
    for column in rare:
        mine = _rows_of(columns, column)
        have = member[mine].sum(axis=0) + chance.random(groups) / 2
        waiting = mine[todo[mine]]
        for row in chance.permutation(waiting):
            chosen = np.argsort(have)[: weights[row]]
            member[row, chosen] = True
            have[chosen] += 1
        todo[waiting] = False
    return member


def _by_chance(
    weights: np.ndarray, groups: int, chance: np.random.Generator
) -> np.ndarray:
    order = np.argsort(chance.random((len(weights), groups)), axis=1)
    return np.asarray(order < np.minimum(weights, groups)[:, None])


def _rows_of(columns: csr_array, column: int) -> np.ndarray:
    return np.asarray(
        columns.indices[columns.indptr[column] : columns.indptr[column + 1]]
    )
