"""Which shown numbers rest on which people, over all answers together, as a matrix.

People who are in just the same numbers are one row with a weight. An answer is taken
as if each number said how many people it rests on: a sum of a column in which
everybody has the same amount does say it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from staithe.disclosure.cells import margins_of
from staithe.disclosure.seen import Counted


if TYPE_CHECKING:
    from collections.abc import Sequence

    from staithe.disclosure.cells import Key
    from staithe.disclosure.seen import Seen


NOWHERE = -1  # the code of whoever is not in an answer: the last row, which is empty


@dataclass(frozen=True)
class Incidence:
    """A row for people who are in the same numbers, a column for each number.

    `weights`: how many people each row stands for. `numbers`: of which answer (by
    place) and which key; those of the newest answer come last, from `newest` on.
    """

    matrix: csr_array
    weights: np.ndarray
    numbers: tuple[tuple[int, Key], ...]
    newest: int


def of_people(answers: Sequence[Seen]) -> Incidence:
    """Return who is in which numbers; the newest answer is the last."""
    return _incidence(answers, [each.counted for each in answers])


def of_amounts(answers: Sequence[Seen]) -> Incidence:
    """Return the same for what people bring to numbers that are not of people.

    Two sums can rest on the same people and differ by what a few of them bring. So
    each person stands as layers: one for what all their amounts have in common, one
    more for each step by which some of them are larger.
    """
    return _incidence(answers, _layers([each.counted for each in answers]))


def _incidence(answers: Sequence[Seen], counted: Sequence[Counted]) -> Incidence:
    people = np.unique(np.concatenate([each.people for each in counted]))
    numbers: list[tuple[int, Key]] = []
    codes: list[np.ndarray] = []
    blocks: list[csr_array] = []
    newest = 0
    for place, (seen, rows) in enumerate(zip(answers, counted, strict=True)):
        held = seen.numbers()
        newest = len(numbers)
        numbers += [(place, key) for key in held]
        mine, listed = _codes(rows, _columns_of_cells(seen, held))
        code = np.full(len(people), NOWHERE)
        code[np.searchsorted(people, np.unique(rows.people))] = mine
        codes.append(code)
        blocks.append(_rows(listed, width=len(held)))
    first, weights = _alike(codes)
    parts = [block[code[first]] for block, code in zip(blocks, codes, strict=True)]
    return Incidence(hstack(parts, format="csr"), weights, tuple(numbers), newest)


def _columns_of_cells(seen: Seen, held: Sequence[Key]) -> list[tuple[int, ...]]:
    """Return, for each inner cell, the columns of the numbers that it counts in."""
    column = {key: i for i, key in enumerate(held)}
    inner = (key for key in seen.shape.keys if None not in key)
    return [
        tuple(column[each] for each in margins_of(key) if each in column)
        for key in inner
    ]


def _codes(
    rows: Counted, of_cell: Sequence[tuple[int, ...]]
) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Give each person, in order, a code for the columns that they count in."""
    known: dict[tuple[int, ...], int] = {}
    of_row = np.array([known.setdefault(c, len(known)) for c in of_cell])[rows.cells]
    order = np.argsort(rows.people, kind="stable")
    _, starts, sizes = np.unique(
        rows.people[order], return_index=True, return_counts=True
    )
    code = of_row[order][starts]
    listed = list(known)
    for person in np.flatnonzero(sizes > 1):
        begin = starts[person]
        mine = of_row[order[begin : begin + sizes[person]]]
        together = tuple(sorted(column for each in mine for column in listed[each]))
        if together not in known:
            known[together] = len(listed)
            listed.append(together)
        code[person] = known[together]
    return code, listed


def _rows(listed: Sequence[tuple[int, ...]], *, width: int) -> csr_array:
    """Return a row for each code, and an empty one for nowhere."""
    index = [column for columns in listed for column in columns]
    starts = np.cumsum([0, *(len(columns) for columns in listed), 0])
    made = csr_array(
        (np.ones(len(index)), index, starts), shape=(len(listed) + 1, width)
    )
    made.sum_duplicates()  # somebody in two cells of a line counts twice in its total
    return made


def _alike(codes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return one person of each kind and how many there are of the kind."""
    kind = np.zeros(len(codes[0]), dtype=np.int64)
    for code in codes:
        together = kind * (int(code.max()) + 2) + code + 1
        _, kind = np.unique(together, return_inverse=True)
    _, first, weights = np.unique(kind, return_index=True, return_counts=True)
    return first, weights


def _layers(counted: Sequence[Counted]) -> list[Counted]:
    """Split each person's amounts into layers, each as if it were a person."""
    people = np.concatenate([each.people for each in counted])
    amounts = np.concatenate([each.amounts for each in counted])
    cells = np.concatenate([each.cells for each in counted])
    answer = np.repeat(np.arange(len(counted)), [len(each) for each in counted])
    order = np.lexsort((amounts, people))
    people, amounts = people[order], amounts[order]
    begins = np.append(True, people[1:] != people[:-1])
    rises = begins | np.append(True, amounts[1:] != amounts[:-1])
    top = np.cumsum(rises) - 1  # the highest layer that a row is in
    bottom = top[begins][np.cumsum(begins) - 1]
    height = top - bottom + 1
    row = np.repeat(np.arange(len(top)), height)
    above = np.arange(len(row)) - np.repeat(np.cumsum(height) - height, height)
    layer, source = bottom[row] + above, order[row]
    return [
        _taken(layer, cells[source], answer[source] == i) for i in range(len(counted))
    ]


def _taken(layer: np.ndarray, cells: np.ndarray, mine: np.ndarray) -> Counted:
    return Counted(layer[mine], cells[mine], np.ones(int(mine.sum())))
