"""Fields that say the same thing twice: a postcode and its town, a town and its county.

A model adds up evidence as if fields were independent. Where one field nearly fixes
another, agreement on both is one piece of evidence and not two; then the wider field is
judged only where the narrower one differs or is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from staithe.linkage.comparisons import Comparison
from staithe.linkage.levels import Level
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.specification import LinkSpecification
    from staithe.linkage.standardise import Standardised


KINDS = {"postcode", "place", "category", "address"}
FIXED = 0.9  # of the records that share the narrower value, those alike in the wider
FEWEST = 50  # records in groups of two or more
SAMPLE = 200_000


def judged_once(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    specification: LinkSpecification,
    comparisons: Sequence[Comparison],
) -> tuple[list[Comparison], list[str]]:
    """Return the comparisons with each repeated piece of evidence judged once.

    Also a sentence for each pair of fields that this concerns.
    """
    names = [
        each.name
        for each in specification.fields
        if each.what.kind in KINDS and standardised.has(each.name)
    ]
    distinct = _distinct(con, standardised, names)
    found, notes = list(comparisons), []
    for wider in names:
        fixing = [
            narrower
            for narrower in names
            # Of two that follow from each other the first is the narrower.
            if (distinct[narrower], -names.index(narrower))
            > (distinct[wider], -names.index(wider))
            and _fixes(con, standardised, narrower, wider)
        ]
        for place, each in enumerate(found):
            if each.name == wider and fixing:
                found[place] = _unless_same(each, fixing)
                notes.append(
                    f"{wider} follows from {' and '.join(fixing)}; it counts only where "
                    f"{'these differ' if len(fixing) > 1 else 'that differs'}."
                )
    return found, notes


def _sampled(standardised: Standardised) -> str:
    step = max(1, sum(standardised.rows) // SAMPLE)
    return f"(FROM {standardised.table} WHERE rid % {step} = 0)"


def _distinct(
    con: duckdb.DuckDBPyConnection, standardised: Standardised, names: Sequence[str]
) -> dict[str, int]:
    if not names:
        return {}
    counts = ", ".join(f"count(DISTINCT {quote(name)})" for name in names)
    row = con.execute(f"SELECT {counts} FROM {_sampled(standardised)}").fetchall()[0]
    return dict(zip(names, row, strict=True))


def _fixes(
    con: duckdb.DuckDBPyConnection,
    standardised: Standardised,
    narrower: str,
    wider: str,
) -> bool:
    """Say whether records of one narrower value nearly all have one wider value."""
    a, b = quote(narrower), quote(wider)
    same, rows = con.execute(
        "SELECT coalesce(sum(most - 1), 0), coalesce(sum(n - 1), 0) FROM (SELECT"
        " max(k) AS most, sum(k) AS n FROM (SELECT a, count(*) AS k FROM"
        f" (SELECT {a} AS a, {b} AS b FROM {_sampled(standardised)}"
        f" WHERE {a} IS NOT NULL AND {b} IS NOT NULL) GROUP BY a, b)"
        " GROUP BY a HAVING n > 1)"
    ).fetchall()[0]
    return bool(rows >= FEWEST and same >= FIXED * rows)


def _unless_same(comparison: Comparison, narrower: Sequence[str]) -> Comparison:
    """Return the comparison with equal narrower values read as missing."""
    first, *rest = comparison.levels
    same = " OR ".join(f'"{name}_l" = "{name}_r"' for name in narrower)
    missing = Level(
        f"missing, or the same {' or '.join(narrower)}",
        f"{first.sql} OR {same}",
        "",
        is_null=True,
    )
    return replace(comparison, levels=(missing, *rest))
