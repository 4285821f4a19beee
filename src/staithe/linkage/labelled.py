"""What people's answers say of agreement among matches, for the next run's model.

m (how often a level is seen among matches) is counted from the pairs that people called
a match, each standing for as many pairs as its stratum has for every one judged. Few
labels must not overturn what training found: it counts as so many labels itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np


if TYPE_CHECKING:
    from staithe.linkage.model import Model


TRAINED_COUNTS_AS = 20.0  # labels
FEWEST_MATCHES = 10  # called so by people, before anything is learned from them


@dataclass(frozen=True)
class LabelledPair:
    """A pair that people called a match: what it stands for, its levels."""

    weight: float
    levels: Sequence[int]


@dataclass(frozen=True)
class Labelled:
    """m of every level by comparison and label, and the review that they come from."""

    review: str
    m: Mapping[str, Mapping[str, float]]

    def applied_to(self, model: Model) -> Model:
        """Return the model with these m where its comparisons have the same levels."""
        found = []
        for comparison, trained in zip(
            model.comparisons, model.parameters.m, strict=True
        ):
            known = self.m.get(comparison.name, {})
            labels = [each.label for each in comparison.levels if not each.is_null]
            labels.append("different")
            if set(labels) != set(known):
                found.append(trained)
                continue
            best_last = np.array([known[label] for label in reversed(labels)])
            found.append(best_last / best_last.sum())
        return replace(model, parameters=replace(model.parameters, m=tuple(found)))


def learn_m(
    model: Mapping[str, Any], matches: Sequence[LabelledPair]
) -> list[dict[str, Any]]:
    """Return for each comparison its levels with the old m, the new, and the labels.

    `model` is the part of a report of that name. Nothing is learned from fewer than
    FEWEST_MATCHES matches: the list is then empty.
    """
    if len(matches) < FEWEST_MATCHES:
        return []
    scale = len(matches) / sum(each.weight for each in matches)
    learned = []
    for place, comparison in enumerate(model["comparisons"]):
        counts: dict[int, float] = defaultdict(float)
        for each in matches:
            if each.levels[place] >= 0:
                counts[each.levels[place]] += each.weight * scale
        total = sum(counts.values()) + TRAINED_COUNTS_AS
        learned.append(
            {
                "name": comparison["name"],
                "levels": [
                    {
                        "level": level["level"],
                        "before": level["m"],
                        "m": (TRAINED_COUNTS_AS * level["m"] + counts[n]) / total,
                    }
                    for n, level in enumerate(comparison["levels"])
                ],
                "labels": sum(each.levels[place] >= 0 for each in matches),
            }
        )
    return learned


def from_learned(review: str, learned: Iterable[Mapping[str, Any]]) -> Labelled:
    """Return what a review learned as the next run takes it."""
    return Labelled(
        review,
        {
            each["name"]: {level["level"]: level["m"] for level in each["levels"]}
            for each in learned
        },
    )
