"""Numbers about few people that come of adding and subtracting numbers of many.

Whatever a reader derives from shown numbers weighs each person by some amount, and
depends on those whose weight is not zero. The rule: nothing derived from several
answers depends on fewer people than the threshold.

Why the search misses nothing: put people into as many groups as the threshold says,
at will. What depends on fewer people leaves one whole group out. So it is enough to
look, group by group, at what is zero on that group: mostly nothing is; where something
is, the same is done again inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import block_array, csgraph, csr_array

from staithe.base.errors import TooLarge
from staithe.disclosure.spreading import spread


if TYPE_CHECKING:
    from collections.abc import Iterator

    from staithe.disclosure.cells import Key
    from staithe.disclosure.incidence import Incidence


MAX_NUMBERS = 2_500  # independent ones: the work grows with their cube
MAX_STEPS = 300  # after so many, what is not settled counts as found
ENOUGH = 40  # findings at once: hiding for them mends others too
PIVOT = 1e-6
ZERO = 1e-6
SURELY_REGULAR = 1e-4


class TooMuch(TooLarge):
    """So much has been shown that the comparison would take too long."""

    def __init__(self) -> None:
        super().__init__(
            "This project has been shown so many numbers that another answer cannot "
            "be compared with them in reasonable time. Use fewer categories, or ask "
            "in a new project.",
            code="too-much-shown",
        )


@dataclass(frozen=True)
class Isolating:
    """Something derived that may depend on few people, and the numbers it takes.

    `people`: how many it depends on, or more where the search gave up.
    """

    people: int
    numbers: tuple[tuple[int, Key], ...]


def find_isolating(incidence: Incidence, *, threshold: int) -> list[Isolating]:
    """Return what the newest answer's numbers would give away beside the others.

    Only what takes numbers of two answers or more, the newest among them: each answer
    alone is protected already. Some of it where there is much; empty where there is
    nothing. TooMuch where the numbers are too many to tell. Repeatable.
    """
    products = (incidence.matrix.T @ incidence.matrix).toarray()
    kept = _independent(products, first=incidence.newest)
    if len(kept) > MAX_NUMBERS:
        raise TooMuch
    if kept[-1] < incidence.newest:
        return []  # the newest answer says nothing that was not known
    search = _Search(incidence, kept, threshold)
    search.run()
    return search.found


def _independent(products: np.ndarray, *, first: int) -> np.ndarray:
    """Return columns of which every other is a combination; earlier ones first."""
    old = _pivots(products[:first, :first])
    new = products[first:, first:]
    if len(old):
        across = products[np.ix_(old, np.arange(first, len(products)))]
        new = new - across.T @ np.linalg.solve(products[np.ix_(old, old)], across)
    return np.concatenate([old, first + _pivots((new + new.T) / 2)])


def _pivots(products: np.ndarray) -> np.ndarray:
    # The routine takes its first pivot whatever its size.
    if not products.size or products.diagonal().max() < PIVOT:
        return np.zeros(0, dtype=np.int64)
    _, order, rank, _ = lapack.dpstrf(products, lower=1, tol=PIVOT)
    return np.sort(order[:rank].astype(np.int64) - 1)


class _Search:
    """Looks at combinations of the independent numbers, group by group."""

    def __init__(self, incidence: Incidence, kept: np.ndarray, threshold: int) -> None:
        self.matrix = incidence.matrix[:, kept]
        self.weights = incidence.weights
        self.numbers = [incidence.numbers[column] for column in kept]
        self.newest = kept >= incidence.newest
        self.alone = incidence.matrix[:, incidence.newest :]
        self.threshold = threshold
        self.chance = np.random.default_rng(0)
        self.steps = 0
        self.found: list[Isolating] = []

    def run(self) -> None:
        """Look at what is zero on each group of people in turn."""
        groups = spread(self.matrix, self.weights, self.threshold, self.chance)
        in_all = groups.all(axis=1)
        shared = _products(self.matrix[in_all])
        for group in groups.T:
            zero = _zero_on(shared + _products(self.matrix[group & ~in_all]))
            if len(zero):
                self._split(zero, (self.matrix @ zero.T).T)

    def _split(self, combinations: np.ndarray, values: np.ndarray) -> None:
        """Take apart what has no person in common, and look at each alone."""
        combinations, values = _reduced(combinations, values)
        for rows, people in _components(values):
            if len(self.found) == ENOUGH:
                return
            if (np.abs(combinations[np.ix_(rows, self.newest)]) > ZERO).any():
                self._look(combinations[rows], values[rows], people)

    def _look(
        self, combinations: np.ndarray, values: np.ndarray, people: np.ndarray
    ) -> None:
        weights = self.weights[people]
        few = weights.sum() < self.threshold
        if few or (self.steps > MAX_STEPS and len(combinations) > 1):
            self._note(combinations, values, int(weights.sum()))
            return
        if len(combinations) == 1:
            return
        self.steps += 1
        rows = csr_array(values[:, people].T)
        for group in spread(rows, weights, self.threshold, self.chance).T:
            zero = _zero_on(_products(rows[group]))
            if len(zero):
                self._split(zero @ combinations, zero @ values)

    def _note(self, combinations: np.ndarray, values: np.ndarray, people: int) -> None:
        """Keep what depends on few people, unless the newest answer alone gives it."""
        several = [i for i, each in enumerate(values) if not self._is_alone(each)]
        if not several:
            return
        used = (np.abs(combinations[several]) > ZERO).any(axis=0)
        numbers = tuple(self.numbers[column] for column in np.flatnonzero(used))
        self.found.append(Isolating(people, numbers))

    def _is_alone(self, values: np.ndarray) -> bool:
        """Whether numbers of the newest answer alone combine to these values."""
        answer = np.linalg.lstsq(
            _products(self.alone), self.alone.T @ values, rcond=None
        )
        left = values - self.alone @ answer[0]
        return bool(np.abs(left).max() < ZERO)


def _products(rows: csr_array) -> np.ndarray:
    return np.asarray((rows.T @ rows).toarray(), dtype=float)


def _zero_on(products: np.ndarray) -> np.ndarray:
    """Return combinations, a row each, of the columns that vanish on all the rows."""
    try:
        factor = np.linalg.cholesky(products)
    except np.linalg.LinAlgError:
        pass
    else:
        if factor.diagonal().min() > SURELY_REGULAR:
            return products[:0]
    sizes, vectors = np.linalg.eigh(products)
    return vectors[:, sizes < PIVOT * max(1.0, sizes[-1])].T


def _reduced(
    combinations: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same space in echelon form, so that few people share a row."""
    both = np.hstack([values, combinations])
    width, rank = values.shape[1], 0
    for column in np.flatnonzero(np.abs(values).max(axis=0) > ZERO):
        if rank == len(both):
            break
        pivot = rank + int(np.argmax(np.abs(both[rank:, column])))
        if abs(both[pivot, column]) < ZERO:
            continue
        both[[rank, pivot]] = both[[pivot, rank]]
        both[rank] /= both[rank, column]
        factor = both[:, column].copy()
        factor[rank] = 0.0
        both -= np.outer(factor, both[rank])
        rank += 1
    both[np.abs(both) < ZERO] = 0.0
    return both[:rank, width:], both[:rank, :width]


def _components(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows and the people they depend on, apart where they share nobody."""
    somewhere = np.flatnonzero(values.any(axis=0))
    links = csr_array(values[:, somewhere] != 0)
    both = block_array([[None, links], [links.T, None]])
    count, label = csgraph.connected_components(both, directed=False)
    for each in range(count):
        rows = np.flatnonzero(label[: len(values)] == each)
        yield rows, somewhere[label[len(values) :] == each]
