"""Links that alone hold two halves of a cluster together: the first to look at.

A wrong link between two people shows as a bridge: take it away and the cluster falls
in two. Pairs that close a triangle are no bridges, which settles nearly all of them
at once; the rest are found by a walk through their cluster (Tarjan 1974).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from staithe.linkage.scores import Flags, Ints, Scores


FEWEST = 2  # records on each side for a bridge to be worth a look


@dataclass(frozen=True)
class Bridges:
    """Pairs of record numbers that are bridges, and the records on each side."""

    left: Ints
    right: Ints
    left_size: Ints
    right_size: Ints


def find_bridges(links: Scores, clusters: Ints) -> Bridges:
    """Return the links without which their cluster falls into two groups of records."""
    sizes = np.bincount(clusters, minlength=len(clusters))
    large = sizes[clusters[links.left]] >= 2 * FEWEST
    pairs = links.where(large)
    if not len(pairs):
        return _as_bridges([])
    suspects = pairs.left[~_in_triangle(pairs)]
    wanted = np.zeros(len(clusters), dtype=bool)
    wanted[clusters[suspects]] = True
    pairs = pairs.where(wanted[clusters[pairs.left]])
    return _as_bridges(_walk(pairs))


def _in_triangle(pairs: Scores) -> Flags:
    """Flag the pairs whose records have a partner in common."""
    places, flat = np.unique(np.r_[pairs.left, pairs.right], return_inverse=True)
    left, right = flat[: len(pairs)], flat[len(pairs) :]
    ones = np.ones(2 * len(pairs), np.int32)
    graph = coo_array(
        (ones, (np.r_[left, right], np.r_[right, left])), shape=(len(places),) * 2
    ).tocsr()
    shared = graph @ graph
    found: Flags = np.asarray(shared[left, right]).ravel() > 0
    return found


def _walk(pairs: Scores) -> list[tuple[int, int, int, int]]:
    """Return left, right and the sizes of both sides of every bridge."""
    near: dict[int, list[int]] = {}
    for a, b in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    walk = _Walk(near)
    return sorted(each for root in near for each in walk.bridges_from(root))


class _Walk:
    """A walk in depth through every record, without recursion."""

    def __init__(self, near: dict[int, list[int]]) -> None:
        self.near = near
        self.seen: dict[int, int] = {}  # record → when it was reached
        self.low: dict[int, int] = {}  # the earliest record that it leads back to
        self.below: dict[int, int] = {}  # records reached through it, itself included

    def _reach(self, record: int) -> Iterator[int]:
        self.seen[record] = self.low[record] = len(self.seen)
        self.below[record] = 1
        return iter(self.near[record])

    def bridges_from(self, root: int) -> list[tuple[int, int, int, int]]:
        """Return the bridges of what a record is linked with, if it is not yet seen."""
        if root in self.seen:
            return []
        found: list[tuple[int, int]] = []
        stack = [(root, 0, self._reach(root))]
        while stack:
            record, parent, others = stack[-1]
            other = next(others, None)
            if other is None:
                stack.pop()
                if stack and self._leave(record, parent):
                    found.append((parent, record))
            elif other not in self.seen:
                stack.append((other, record, self._reach(other)))
            elif other != parent:
                self.low[record] = min(self.low[record], self.seen[other])
        return [each for a, b in found for each in self._sized(a, b, self.below[root])]

    def _leave(self, record: int, parent: int) -> bool:
        """Go back to where a record was reached from; say whether by a bridge."""
        self.low[parent] = min(self.low[parent], self.low[record])
        self.below[parent] += self.below[record]
        return self.low[record] > self.seen[parent]

    def _sized(
        self, parent: int, record: int, whole: int
    ) -> list[tuple[int, int, int, int]]:
        size = self.below[record]
        if min(size, whole - size) < FEWEST:
            return []
        if parent < record:
            return [(parent, record, whole - size, size)]
        return [(record, parent, size, whole - size)]


def _as_bridges(found: list[tuple[int, int, int, int]]) -> Bridges:
    columns = np.array(found, np.int64).reshape(len(found), 4)
    return Bridges(*(columns[:, n] for n in range(4)))
