"""How often two rows agree by chance: the one thing that a linker must be told.

Worked out by the holder, who alone can read the values: one share for each degree of
agreement on each field, which says nothing about anyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from staithe.base.errors import BadInput
from staithe.linkage.private.agreement import degrees_of
from staithe.linkage.private.kinds import Atom, TokenKind, fields_of


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.scores import Floats


SAMPLE = 400  # rows on each side, 160,000 pairs
LEAST = 1e-7  # what was never seen may still happen


def measure_chance(
    con: duckdb.DuckDBPyConnection, records: str, kinds: Sequence[TokenKind]
) -> dict[str, dict[str, float]]:
    """Return field → degree → share of pairs of different rows that show it."""
    atoms = {
        (name, "swapped" if atom.degree == "either" else atom.degree): atom
        for kind in kinds
        for atom in kind.atoms
        for name in fields_of(atom)
    }
    found: dict[str, dict[str, float]] = {}
    for name, degrees in degrees_of(kinds).items():
        above = 0.0
        found[name] = {}
        for degree in degrees:
            reach = _reach(con, records, atoms[name, degree])
            # A pair counts at its best degree, so less what the better ones have.
            found[name][degree] = max(reach - above, LEAST)
            above = max(reach, above)
    return found


def _reach(con: duckdb.DuckDBPyConnection, records: str, atom: Atom) -> float:
    """Return the share of pairs of rows that agree at least so well."""
    if atom.degree == "alike":
        sql = (
            "SELECT avg(list_has_any(a.v, b.v)::INT) FROM"
            f" ({_sampled(records, atom, 1)}) a JOIN ({_sampled(records, atom, 2)}) b"
            " ON a.rid <> b.rid"
        )
    else:
        sql = (
            "SELECT sum(n::DOUBLE * (n - 1)) / greatest(sum(n) * (sum(n) - 1.0), 1)"
            f" FROM (SELECT count(*) AS n FROM (SELECT {atom.sql} AS v FROM {records})"
            " WHERE v IS NOT NULL GROUP BY v)"
        )
    return float(con.execute(sql).fetchall()[0][0] or 0.0)


def _sampled(records: str, atom: Atom, seed: int) -> str:
    return (
        f"SELECT rid, {atom.sql} AS v FROM {records} WHERE v IS NOT NULL"
        f" ORDER BY hash(rid, {seed}) LIMIT {SAMPLE}"
    )


def as_shares(
    chances: Sequence[dict[str, dict[str, float]]], kinds: Sequence[TokenKind]
) -> list[Floats]:
    """Return for each field the shares of the holders' means, different first."""
    found = []
    missing = sorted({n for n in degrees_of(kinds) for c in chances if n not in c})
    if missing:
        raise BadInput(
            f"Not every holder prepared the field {missing[0]}: prepare both files by one "
            "specification (--spec, with --side)."
        )
    for name, degrees in degrees_of(kinds).items():
        seen = [
            float(np.mean([each[name][degree] for each in chances]))
            for degree in reversed(degrees)
        ]
        found.append(np.array([max(1 - sum(seen), 0.01), *seen]))
    return found
