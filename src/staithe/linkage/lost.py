"""How many matches the blocking rules may have lost, from how often they met.

Rules are like visits to a pond: matches that only one rule proposed tell of those that
none did (Chao 1987, a lower bound where rules overlap unevenly, as they do).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from staithe.linkage.scores import Scores
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Lost:
    """Links by the number of rules that propose them, and how many none does.

    `by_none` are links that were found through other links; `estimate` is how many
    matches are estimated to be neither proposed nor found, with its standard error.
    """

    by_none: int
    by_one: int
    by_two: int
    by_more: int
    estimate: float
    error: float


def lost_to_blocking(
    con: duckdb.DuckDBPyConnection, table: str, keys: Sequence[str], links: Scores
) -> Lost:
    """Count the links by rules that propose them, and estimate what was lost."""
    con.register("found_links", pa.table({"a": links.left, "b": links.right}))
    met = " + ".join(
        f"coalesce((l.{quote(key)} = r.{quote(key)})::INT, 0)" for key in keys
    )
    rows = con.execute(
        f"SELECT least(met, 3), count(*) FROM (SELECT {met or '0'} AS met FROM"
        f" found_links JOIN {table} l ON l.rid = a JOIN {table} r ON r.rid = b)"
        " GROUP BY 1"
    ).fetchall()
    con.unregister("found_links")
    counts = {int(met): int(n) for met, n in rows}
    none, one, two, more = (counts.get(n, 0) for n in range(4))
    unseen = one * (one - 1) / (2 * (two + 1))
    ratio = one / (two + 1)
    error = (max(two, 1) * (ratio**2 / 2 + ratio**3 + ratio**4 / 4)) ** 0.5
    return Lost(none, one, two, more, max(unseen - none, 0.0), error)
