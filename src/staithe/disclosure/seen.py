"""An answer as somebody has seen it: which numbers, and whom each of them rests on.

Who was counted where never leaves the service; it is kept so that a later answer can
be compared with this one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np


if TYPE_CHECKING:
    from collections.abc import Iterator

    from staithe.disclosure.cells import Key, Shape, Table


@dataclass(frozen=True)
class Counted:
    """Who was counted where: a row for each person and inner cell of a table.

    `cells` are places among the inner keys of the shape, in order; `amounts` what the
    person brought to the cell (1 where people are counted).
    """

    people: np.ndarray
    cells: np.ndarray
    amounts: np.ndarray

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.people)

    def matches(self, table: Table) -> bool:
        """Tell whether every inner cell of a table rests on as many people as here."""
        inner = [cell.contributors for cell in table.cells if None not in cell.key]
        return bool(
            np.array_equal(np.bincount(self.cells, minlength=len(inner)), inner)
        )


@dataclass(frozen=True)
class Seen:
    """One answer: its shape, the keys whose numbers are shown, and who is in it.

    `name` is how people refer to it. `of_people` where it counts people.
    """

    name: str
    shape: Shape
    shown: frozenset[Key]
    counted: Counted
    of_people: bool

    def numbers(self) -> list[Key]:
        """Return the shown keys that are not just the sum of other shown ones."""
        return [key for key in self.shape.keys if key in self.shown and self._says(key)]

    def _says(self, key: Key) -> bool:
        """Whether a total tells more than its parts do."""
        if None not in key:
            return True
        return not all(part in self.shown for part in parts_of(key, self.shape))


def parts_of(key: Key, shape: Shape) -> Iterator[Key]:
    """Yield the inner keys that a key adds up."""
    axes = (
        dimension.categories if part is None else (part,)
        for part, dimension in zip(key, shape.dimensions, strict=True)
    )
    return itertools.product(*axes)
