"""Put the records of one person or thing together.

Chaining every accepted pair joins strangers through one bad link. Here two groups
are joined only while the evidence between them, averaged over all their pairs and
counting what speaks against it, is for it (average linkage). Where no record can
have two partners, the best pairs are taken one by one instead.
"""

from __future__ import annotations

import heapq

import numpy as np

from staithe.linkage.scores import Flags, Ints, Scores


# A pair that no rule proposed speaks a little against a join; one pair alone can
# neither force a join nor forbid it for good (weights are log2 odds).
NOT_PROPOSED = -1.0
LEAST, MOST = -6.0, 10.0


def best_partners(
    scores: Scores, *, single_left: bool = True, single_right: bool = True
) -> Flags:
    """Flag the pairs taken when each record may have one partner, best pairs first.

    Equal weights are settled by record number. `single_left` is false where a
    record on the left may keep several partners; likewise `single_right`.
    """
    kept = np.zeros(len(scores), dtype=bool)
    order = _best_first(scores)
    left, right = scores.left[order], scores.right[order]
    while len(order):
        first = np.ones(len(order), dtype=bool)
        if single_left:
            first &= _firsts(left)
        if single_right:
            first &= _firsts(right)
        kept[order[first]] = True
        gone = first.copy()
        if single_left:
            gone |= among(left, left[first])
        if single_right:
            gone |= among(right, right[first])
        order, left, right = order[~gone], left[~gone], right[~gone]
    return kept


def _best_first(scores: Scores) -> Ints:
    """Return the order of pairs by weight, then by record numbers."""
    left, right = scores.left, scores.right
    rising = (left[1:] > left[:-1]) | (
        (left[1:] == left[:-1]) & (right[1:] > right[:-1])
    )
    if rising.all():
        return np.argsort(-scores.weight, kind="stable")
    return np.lexsort((right, left, -scores.weight))


def _firsts(values: Ints) -> Flags:
    """Flag the first of equal record numbers."""
    places = np.arange(len(values))
    first = np.empty(int(values.max()) + 1, np.int64)
    first[values[::-1]] = places[::-1]  # of equal numbers the last one written stays
    flags: Flags = first[values] == places
    return flags


def among(values: Ints, some: Ints) -> Flags:
    """Flag the record numbers that are among some: `isin` without sorting."""
    if not len(values):
        return np.zeros(0, dtype=bool)
    table = np.zeros(int(max(values.max(), some.max(initial=0))) + 1, dtype=bool)
    table[some] = True
    flags: Flags = table[values]
    return flags


def components(pairs: Scores, records: int) -> Ints:
    """Return, for record numbers 0 to `records` - 1, the least record it reaches."""
    label: Ints = np.arange(records, dtype=np.int64)
    left, right = pairs.left, pairs.right
    while True:
        low = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, before[left], low)
        np.minimum.at(label, before[right], low)
        label = label[label]
        if np.array_equal(before, label):
            return label


def average_clusters(scores: Scores, records: int, *, least: float = 0.0) -> Ints:
    """Return each record's cluster, named by its least record number.

    Groups are joined, best average weight first, while that average exceeds
    `least`.
    """
    label = components(scores.where(scores.weight > least), records)
    inside = label[scores.left] == label[scores.right]
    sizes = np.bincount(label, minlength=records)
    # Two records alone need no averaging, and most groups are two records alone.
    many = inside & (sizes[label[scores.left]] > 2)  # noqa: PLR2004
    joined = _Groups(scores.where(many), least).join()
    for place in np.flatnonzero(sizes[label] > 2):  # noqa: PLR2004
        label[place] = joined.get(int(place), int(place))
    return label


class _Groups:
    """Groups of records with the sum and number of the weights between them."""

    def __init__(self, scores: Scores, least: float) -> None:
        self.least = least
        self.size: dict[int, int] = {}
        self.between: dict[int, dict[int, tuple[float, int]]] = {}
        self.members: dict[int, list[int]] = {}
        weights = np.clip(scores.weight - least, LEAST, MOST)
        self.heap: list[tuple[float, int, int]] = []
        for left, right, weight in zip(
            scores.left.tolist(), scores.right.tolist(), weights.tolist(), strict=True
        ):
            self.between.setdefault(left, {})[right] = (weight, 1)
            self.between.setdefault(right, {})[left] = (weight, 1)
            if weight > 0:
                self.heap.append((-weight, left, right))
        for record in self.between:
            self.size[record] = 1
            self.members[record] = [record]
        heapq.heapify(self.heap)

    def average(self, left: int, right: int) -> float:
        """Return the mean weight between two groups, unproposed pairs included."""
        total, known = self.between[left][right]
        pairs = self.size[left] * self.size[right]
        return (total + NOT_PROPOSED * (pairs - known)) / pairs

    def join(self) -> dict[int, int]:
        """Join groups while the best average is positive; return record → cluster."""
        while self.heap:
            weight, left, right = heapq.heappop(self.heap)
            if right not in self.between.get(left, {}):
                continue
            if -weight != self.average(left, right):
                continue  # an older figure: the groups have grown since
            self._merge(*((left, right) if left < right else (right, left)))
        return {
            record: min(group) for group in self.members.values() for record in group
        }

    def _merge(self, into: int, other: int) -> None:
        """Take one group into another and update what lies between their neighbours."""
        if len(self.between[into]) < len(self.between[other]):
            into, other = other, into
        del self.between[into][other]
        for neighbour, (total, known) in self.between.pop(other).items():
            if neighbour == into:
                continue
            had, count = self.between[into].get(neighbour, (0.0, 0))
            both = (had + total, count + known)
            self.between[into][neighbour] = self.between[neighbour][into] = both
            del self.between[neighbour][other]
        self.size[into] += self.size.pop(other)
        self.members[into] += self.members.pop(other)
        for neighbour in self.between[into]:
            average = self.average(into, neighbour)
            if average > 0:
                heapq.heappush(
                    self.heap,
                    (-average, min(into, neighbour), max(into, neighbour)),
                )
