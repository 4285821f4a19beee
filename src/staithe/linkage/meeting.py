"""Compare new records with those that may be the same, and with one another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np

from staithe.linkage.kept import Kept, load_executor
from staithe.linkage.scores import Scores


class Meeting(NamedTuple):
    """Whom to compare: kept or fresh records of a file (None: of the one file)."""

    left: str
    left_side: int | None
    right: str = ""  # empty: with each other
    right_side: int | None = None

    @property
    def sides(self) -> tuple[tuple[str, int | None], ...]:
        """The one or two groups of records that meet."""
        left, right = (self.left, self.left_side), (self.right, self.right_side)
        return (left, right) if self.right else (left,)


def compare_new(kept: Kept, threads: int) -> Scores:
    """Score each pair with a record of `fresh` in it, by the rules that were kept.

    Numbers are those of all records; pairs are ordered by left and right.
    """
    parts = list(
        chain.from_iterable(_meet(kept, each, threads) for each in meetings(kept))
    )
    if not parts:
        return Scores.none()
    left, right, weight = (
        np.concatenate(each)
        for each in zip(*((p.left, p.right, p.weight) for p in parts), strict=True)
    )
    order = np.lexsort((right, left))
    return Scores(left[order], right[order], weight[order])


def meetings(kept: Kept) -> list[Meeting]:
    """Return which records meet which, so that each pair with a new one comes once.

    Those kept meet the new ones of the other file; the new meet the new. Pairs of two
    kept records were compared before.
    """
    if kept.sides == 1:
        return [
            Meeting("kept", None, "fresh", None),
            Meeting("fresh", None),
        ]
    return [
        Meeting("kept", 0, "fresh", 1),
        Meeting("fresh", 0, "both", 1),
    ]


def _meet(kept: Kept, meeting: Meeting, threads: int) -> Iterator[Scores]:
    """Score the pairs of a meeting; numbers are those of all records."""
    rules = kept.facts["rules"]
    sides = []
    for place, (which, side) in enumerate(meeting.sides):
        # Of those kept, only what shares a key with a new record across the table.
        other = meeting.sides[1 - place][1] if len(meeting.sides) > 1 else None
        near = " UNION ALL ".join(
            f"SELECT rid FROM kept.records WHERE {_of_side(side)} AND {key} IN"
            f" (SELECT {key} FROM fresh WHERE {_of_side(other)})"
            for _, key, _ in rules
        )
        parts = {
            "kept": f"SELECT * FROM kept.records WHERE rid IN ({near})",
            "fresh": "SELECT * FROM fresh",
        }
        chosen = parts.values() if which == "both" else [parts[which]]
        sides += [
            f"SELECT *, {place} AS place FROM ({sql}) WHERE {_of_side(side)}"
            for sql in chosen
        ]
    everyone = " UNION ALL ".join(sides)
    executor, rid = load_executor(kept, everyone, "place", len(meeting.sides), threads)
    for batch in executor.predict():
        yield Scores(rid[batch.left], rid[batch.right], batch.weight)


def _of_side(side: int | None) -> str:
    return "true" if side is None else f"source_number = {side}"
