"""Names of clusters that last: from one version of a result to the next.

A cluster keeps its name while most of it stays together. What is new, what was split,
what was merged is reported, so that whoever holds names can follow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.tables.engine import scan
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


NAMES = "cluster_names"
# What a cluster without a past is called: by its first record.
FRESH = "left(sha256(source || chr(31) || id{salt}), 24)"


@dataclass(frozen=True)
class Changes:
    """How the clusters of two versions differ; counts of clusters, but for `records`."""

    kept: int
    grown: int
    new: int
    split: int
    merged: int
    retired: int
    records: int  # that are in a cluster of another name than before

    def as_report(self) -> dict[str, int]:
        """Return the counts for the report."""
        return dict(vars(self))


def check_previous(folder: Path | None) -> Path | None:
    """Return the folder of an earlier result, or raise BadInput if it is none."""
    if folder is not None and not (folder / "clusters.parquet").is_file():
        raise BadInput(f"{folder} holds no earlier result: no clusters.parquet.")
    return folder


def names_of(folder: Path) -> str:
    """Return a relation (source, id, name) of an earlier result."""
    found = scan([folder / "clusters.parquet"])
    return f"(SELECT source, id, cluster AS name FROM {found})"


def salt_of(folder: Path) -> str:
    """Return what sets an earlier result apart from every other one."""
    with (folder / "clusters.parquet").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def name_clusters(
    con: duckdb.DuckDBPyConnection,
    *,
    now: str,
    before: str | None = None,
    salt: str = "",
) -> Changes | None:
    """Name the clusters of a relation `now` (rid, source, id, first) in NAMES (rid, name).

    `before` is a relation (source, id, name) of an earlier version; `salt` sets its
    version apart from others. Both names of a cluster must be each other's best.
    """
    if before is None:
        fresh = FRESH.format(salt="")
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {NAMES} AS SELECT n.rid, f.name FROM {now} n"
            f" JOIN (SELECT rid, {fresh} AS name FROM {now} WHERE rid = first) f"
            " ON f.rid = n.first"
        )
        return None
    con.execute(
        "CREATE OR REPLACE TEMP TABLE clusters_shared AS SELECT n.first, b.name,"
        f" count(*) AS shared FROM {now} n JOIN {before} b USING (source, id)"
        " GROUP BY ALL"
    )
    fresh, again = (
        FRESH.format(salt=""),
        FRESH.format(salt=f" || {quote_literal(salt)}"),
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE {NAMES} AS
        WITH best AS (SELECT *,
          row_number() OVER (PARTITION BY first ORDER BY shared DESC, name) AS a,
          row_number() OVER (PARTITION BY name ORDER BY shared DESC, first) AS b
          FROM clusters_shared),
        taken AS (SELECT first, name FROM best WHERE a = 1 AND b = 1),
        named AS (SELECT n.rid AS first, coalesce(t.name, CASE WHEN p.name IS NULL
            THEN {fresh} ELSE {again} END) AS name
          FROM {now} n LEFT JOIN taken t ON t.first = n.rid
          LEFT JOIN (SELECT DISTINCT name FROM {before}) p ON p.name = {fresh}
          WHERE n.rid = n.first)
        SELECT n.rid, named.name FROM {now} n JOIN named USING (first)"""
    )
    return _changes(con, now, before)


def _changes(con: duckdb.DuckDBPyConnection, now: str, before: str) -> Changes:
    """Count what became of the clusters, from the clusters_shared and the new names."""
    row = con.execute(
        f"""WITH size AS (SELECT first, count(*) AS n FROM {now} GROUP BY first),
        was AS (SELECT name, count(*) AS n FROM {before} GROUP BY name),
        one AS (SELECT first, name, shared, count(*) OVER (PARTITION BY first) AS olds,
          count(*) OVER (PARTITION BY name) AS news FROM clusters_shared)
        SELECT
          count(*) FILTER (olds = 1 AND news = 1 AND shared = s.n AND shared = w.n),
          count(*) FILTER (olds = 1 AND news = 1 AND shared < s.n),
          (SELECT count(*) FROM size WHERE first NOT IN (SELECT first FROM clusters_shared)),
          count(DISTINCT one.name) FILTER (news > 1),
          count(DISTINCT one.first) FILTER (olds > 1),
          (SELECT count(*) FROM was WHERE name NOT IN (SELECT name FROM {NAMES}))
        FROM one JOIN size s USING (first) JOIN was w ON w.name = one.name"""
    ).fetchall()[0]
    moved = con.execute(
        f"SELECT count(*) FROM {now} n JOIN {before} b USING (source, id)"
        f" JOIN {NAMES} c ON c.rid = n.rid WHERE c.name <> b.name"
    ).fetchall()[0][0]
    return Changes(*map(int, (*row, moved)))


def write_changes(con: duckdb.DuckDBPyConnection, path: Path, *, now: str) -> None:
    """Write every split and merge: cluster_before, cluster_now, records, kind."""
    con.execute(
        f"""COPY (SELECT o.name AS cluster_before, c.name AS cluster_now,
          o.shared::BIGINT AS records, CASE WHEN news > 1 AND olds > 1 THEN 'split and merged'
            WHEN news > 1 THEN 'split' ELSE 'merged' END AS kind
        FROM (SELECT *, count(*) OVER (PARTITION BY first) AS olds,
          count(*) OVER (PARTITION BY name) AS news FROM clusters_shared) o
        JOIN (SELECT DISTINCT n.first, c.name FROM {now} n JOIN {NAMES} c USING (rid)) c
          ON c.first = o.first
        WHERE olds > 1 OR news > 1 ORDER BY ALL)
        TO {quote_literal(str(path))} (FORMAT parquet)"""
    )


def changes_in(report: dict[str, Any]) -> str:
    """Return one sentence about what changed since the earlier version."""
    found = report["changes"]
    return (
        f"Since the earlier version {found['split']:,} clusters were split and "
        f"{found['merged']:,} are merged from several; {found['new']:,} are new."
    )
