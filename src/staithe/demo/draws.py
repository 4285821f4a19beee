"""Random draws that give the same bytes on every platform.

Each stage of the world has its own PCG64 stream, spawned from one seed, so that a
change in one stage leaves the others alone. Only whole numbers and the four
arithmetic operations are used after the draw: no exponentials or logarithms,
whose last digit depends on the processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np


if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

Ints: TypeAlias = "npt.NDArray[np.integer[Any]]"
Floats: TypeAlias = "npt.NDArray[np.float64]"
Mask: TypeAlias = "npt.NDArray[np.bool_]"

# The order is part of the format: a new stage goes at the end.
STAGES = (
    "households",
    "ages",
    "surnames",
    "forenames",
    "moves",
    "places",
    "identifiers",
    "circumstances",
    "coverage",
    "dws",
    "nhb",
    "rs",
)


def stream(seed: int, stage: str, part: int = 0) -> np.random.Generator:
    """Return the generator of one stage (and one part of it) of a seeded world."""
    key = (STAGES.index(stage), part)
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))
    )


def chance(rng: np.random.Generator, rate: float | Floats, size: int) -> Mask:
    """Return `size` booleans, each true with probability `rate`."""
    return rng.random(size) < rate


def between(rng: np.random.Generator, low: int, high: int, size: int) -> Ints:
    """Return `size` whole numbers from `low` to `high`, both included."""
    return rng.integers(low, high, size=size, endpoint=True, dtype=np.int32)


def from_quantiles(rng: np.random.Generator, table: Sequence[int], size: int) -> Ints:
    """Return `size` whole numbers spread as the evenly spaced quantiles in `table` say."""
    points = np.asarray(table, dtype=np.int64)
    drawn = rng.integers(0, (len(points) - 1) << 16, size=size, dtype=np.int64)
    low, part = drawn >> 16, drawn & 0xFFFF
    value: Ints = points[low] + ((points[low + 1] - points[low]) * part >> 16)
    return value.astype(np.int32)


@dataclass(frozen=True)
class Choice:
    """Weighted choices for several groups at once, drawn with one binary search.

    Group g owns the stretch (g, g + 1] of `edges`, so g + u finds its own choice.
    """

    edges: Floats
    values: Ints

    def draw(self, rng: np.random.Generator, groups: Ints) -> Ints:
        """Return one value for each member of `groups`."""
        at = np.searchsorted(self.edges, groups + rng.random(len(groups)), side="right")
        return self.values[at]


def choice(groups: Sequence[tuple[Sequence[int], Sequence[float]]]) -> Choice:
    """Build the choices of each group from its (values, weights)."""
    edges, values = [], []
    for number, (options, weights) in enumerate(groups):
        running = np.cumsum(np.asarray(weights, dtype=np.float64))
        shares = running / running[-1]
        shares[-1] = 1.0
        edges.append(number + shares)
        values.append(np.asarray(options, dtype=np.int32))
    return Choice(edges=np.concatenate(edges), values=np.concatenate(values))
