"""How many true pairs the blocking rules may have missed, without knowing the truth.

Each rule is a separate attempt to catch every match. Matches caught by one rule only,
against those caught by two, tell how many no rule caught (Chao 1987). It is an estimate
from below: whoever agrees on nothing that any rule looks at leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staithe.linkage import outputs
from staithe.linkage.scores import Scores


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.blocking import ChosenRule


# A pair of lesser weight is hardly ever a match (1 in 128) and is not looked at.
LEAST = -7.0


@dataclass(frozen=True)
class Loss:
    """Matches expected among the pairs compared, and those estimated to be missed."""

    found: float
    missed: float

    @property
    def recall(self) -> float | None:
        """The share of all matches that the rules are estimated to have found."""
        both = self.found + self.missed
        return self.found / both if both else None


def estimate_loss(
    con: duckdb.DuckDBPyConnection,
    scores: Scores,
    rules: Sequence[ChosenRule],
    *,
    table: str,
    compared: int,
) -> Loss:
    """Estimate what the rules missed from how often each match was caught.

    `compared` is the number of comparisons: rules that all look at one thing are one
    attempt in several forms, and tell nothing.
    """
    likely = scores.where(scores.weight >= LEAST)
    if not len(likely) or min(len(rules), compared) < 2:  # noqa: PLR2004  two attempts
        return Loss(0.0, 0.0)
    outputs.register_pairs(con, likely)
    caught = " + ".join(
        f"coalesce((a.{each.key} = b.{each.key})::INTEGER, 0)" for each in rules
    )
    found, once, twice = con.execute(
        "SELECT coalesce(sum(p), 0), coalesce(sum(p) FILTER (n = 1), 0),"
        f" coalesce(sum(p) FILTER (n = 2), 0) FROM (SELECT {caught} AS n,"
        f" match_probability AS p FROM outgoing JOIN {table} a ON a.rid = l"
        f" JOIN {table} b ON b.rid = r)"
    ).fetchall()[0]
    con.unregister("outgoing")
    tries = (len(rules) - 1) / len(rules)
    missed = tries * once * (once - 1) / 2 / (twice + 1)
    return Loss(float(found), max(missed, 0.0))
