"""A table with its totals, and the equations that tie its cells together.

The equations are what an attacker subtracts with, so they are made here once,
from the shape alone, for suppression, rounding and the audit.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from staithe.base.errors import BadInput, TooLarge


if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


Key = tuple[str | None, ...]  # one category for each dimension; None is its total
Kind = Literal["count", "records", "sum"]

MAX_DIMENSIONS = 3
MAX_CELLS = 5_000  # the attacker's programs take minutes beyond this
ADDITIVE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Dimension:
    """One way the table is divided: its name and its categories, in order."""

    name: str
    categories: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """What a cell counts: people, records, or the sum of a column.

    `decimals` is how finely the value is published: 0 for counts.
    """

    kind: Kind
    column: str | None = None
    decimals: int = 0

    @property
    def whole(self) -> bool:
        """Whether an attacker knows that the values are whole numbers."""
        return self.decimals == 0

    @property
    def label(self) -> str:
        """The column heading of a released table."""
        return f"sum_{self.column}" if self.kind == "sum" else self.kind


@dataclass(frozen=True)
class Cell:
    """One cell: its value, how many distinct units contribute, and who dominates.

    `top` holds the largest contributions, one for each unit, largest first;
    `lowest` the smallest, to notice negative values.
    """

    key: Key
    value: float
    contributors: int
    top: tuple[float, ...] = ()
    lowest: float = 0.0

    @property
    def top1(self) -> float:
        """The largest contribution, 0 where there is none."""
        return self.top[0] if self.top else 0.0

    @property
    def top2(self) -> float:
        """The second largest contribution, 0 where there is none."""
        return self.top[1] if len(self.top) > 1 else 0.0


@dataclass(frozen=True)
class Relation:
    """One additive relation: the parts add up to the total, by index of cell."""

    total: int
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Shape:
    """The keys of a table in a fixed order and the relations among them."""

    dimensions: tuple[Dimension, ...]
    keys: tuple[Key, ...] = field(init=False, repr=False)
    relations: tuple[Relation, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the dimensions, then work out keys and relations from them."""
        check_dimensions(self.dimensions)
        axes = [(*each.categories, None) for each in self.dimensions]
        keys = tuple(itertools.product(*axes))
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "relations", _relations(keys, self.dimensions))

    @property
    def positions(self) -> dict[Key, int]:
        """Where each key stands in `keys`."""
        return {key: index for index, key in enumerate(self.keys)}


def _relations(
    keys: tuple[Key, ...], dimensions: tuple[Dimension, ...]
) -> tuple[Relation, ...]:
    position = {key: index for index, key in enumerate(keys)}
    found = []
    for axis, dimension in enumerate(dimensions):
        for key in keys:
            if key[axis] is not None:
                continue
            parts = (
                position[(*key[:axis], category, *key[axis + 1 :])]
                for category in dimension.categories
            )
            found.append(Relation(position[key], tuple(parts)))
    return tuple(found)


def check_dimensions(dimensions: tuple[Dimension, ...]) -> None:
    """Raise BadInput where the dimensions do not make a table of a workable size."""
    if not 1 <= len(dimensions) <= MAX_DIMENSIONS:
        raise BadInput(f"A table has one to {MAX_DIMENSIONS} dimensions.")
    names = [each.name for each in dimensions]
    if len(set(names)) != len(names):
        raise BadInput("Each dimension of a table must be a different column.")
    size = 1
    for each in dimensions:
        if not each.categories:
            raise BadInput(f"{each.name} has no categories: the table is empty.")
        if len(set(each.categories)) != len(each.categories):
            raise BadInput(f"{each.name} names a category twice.")
        size *= len(each.categories) + 1
    if size > MAX_CELLS:
        raise TooLarge(
            f"The table has {size:,} cells with its totals; at most {MAX_CELLS:,} can "
            "be proved safe. Merge categories."
        )


@dataclass(frozen=True)
class Table:
    """A complete table: a cell for every key of its shape, totals included."""

    shape: Shape
    measure: Measure
    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        """Refuse a table with a missing cell or with totals that do not add up."""
        if tuple(cell.key for cell in self.cells) != self.shape.keys:
            raise BadInput("The table's cells do not match its categories.")
        check_additive(self)

    @property
    def values(self) -> list[float]:
        """The values in the order of the shape's keys."""
        return [cell.value for cell in self.cells]

    @property
    def grand_total(self) -> Cell:
        """The cell of all units."""
        return self.cells[-1]


def make_table(
    dimensions: Iterable[Dimension], measure: Measure, cells: Iterable[Cell]
) -> Table:
    """Put cells in order and fill the ones that nobody contributes to with zero."""
    shape = Shape(tuple(dimensions))
    given: dict[Key, Cell] = {}
    for cell in cells:
        if cell.key in given:
            raise BadInput(f"The cell {describe_key(cell.key)} is given twice.")
        given[cell.key] = cell
    unknown = given.keys() - set(shape.keys)
    if unknown:
        first = describe_key(min(unknown, key=repr))
        raise BadInput(f"The cell {first} is outside the table.")
    return Table(
        shape, measure, tuple(given.get(key) or Cell(key, 0, 0) for key in shape.keys)
    )


def count_table(dimensions: Iterable[Dimension], counts: Mapping[Key, int]) -> Table:
    """Make a table of people from the counts of its inner cells, adding the totals.

    Each person is in one cell, so the value is also the number of contributors.
    """
    shape = Shape(tuple(dimensions))
    totals = dict.fromkeys(shape.keys, 0)
    for key, count in counts.items():
        if count < 0:
            raise BadInput(f"The count of {describe_key(key)} is below zero.")
        for margin in margins_of(key):
            if margin not in totals:
                raise BadInput(f"The cell {describe_key(key)} is outside the table.")
            totals[margin] += count
    cells = (
        Cell(key, count, count, (1.0,) * min(count, 2)) for key, count in totals.items()
    )
    return Table(shape, Measure("count"), tuple(cells))


def margins_of(key: Key) -> Iterable[Key]:
    """Every cell that an inner cell is counted in, itself included."""
    return itertools.product(*((category, None) for category in key))


def check_additive(table: Table) -> None:
    """Raise BadInput, naming the line, where parts do not add up to their total."""
    values = table.values
    scale = max((abs(value) for value in values), default=1.0)
    for relation in table.shape.relations:
        parts = sum(values[part] for part in relation.parts)
        if abs(parts - values[relation.total]) > ADDITIVE_TOLERANCE * max(1.0, scale):
            key = table.shape.keys[relation.total]
            raise BadInput(
                f"The parts of {describe_key(key)} add up to {parts:g} and its total "
                f"is {values[relation.total]:g}: protect a table whose totals add up."
            )


def describe_key(key: Key) -> str:
    """Name a cell for a person: `North, under 20` or `North, total`."""
    return ", ".join("total" if part is None else part for part in key)
