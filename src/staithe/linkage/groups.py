"""Who is linked and who is not: by sex, age, area, and any group that is asked for.

Links that are missed are not missed alike, and an analysis of linked people inherits
that. Each group's share is compared with the whole, and its inverse offered as weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from staithe.linkage.inputs import OpenInput
    from staithe.linkage.scores import Scores
    from staithe.linkage.specification import LinkSpecification
    from staithe.linkage.standardise import Standardised


MOST_GROUPS = 12  # of one field; the others are counted together
FEWEST = 10  # records of a group that is named
SMALLEST = 20  # records of a cell that has a weight of its own
OTHERS = "all others"
UNKNOWN = "not known"


def group_columns(
    specification: LinkSpecification, standardised: Standardised
) -> dict[str, str]:
    """Return the groups that the records themselves show: title → SQL over a record."""
    found = {}
    for each in specification.fields:
        if each.what.kind == "sex" and standardised.has(each.name):
            found["sex"] = quote(each.name)
        if each.meaning == "date_of_birth" and standardised.has(f"{each.name}__year"):
            found["decade of birth"] = f"left({quote(each.name + '__year')}, 3) || '0s'"
        if each.what.kind == "postcode" and standardised.has(f"{each.name}__area"):
            found["postcode area"] = quote(f"{each.name}__area")
    return found


def flag_linked(con: duckdb.DuckDBPyConnection, records: int, links: Scores) -> None:
    """Make the table `linked` (rid) of records with at least one link."""
    flags = np.zeros(records + 1, dtype=bool)
    flags[links.left] = True
    flags[links.right] = True
    con.register("flagged", pa.table({"rid": np.flatnonzero(flags)}))
    con.execute("CREATE OR REPLACE TABLE linked AS SELECT rid FROM flagged")
    con.unregister("flagged")


def add_asked(
    con: duckdb.DuckDBPyConnection,
    inputs: Sequence[OpenInput],
    *,
    id_columns: Sequence[str],
    asked: Sequence[str],
    table: str,
) -> dict[str, str]:
    """Make the table `asked` of columns given for grouping only; title → SQL.

    A file that lacks a column has nothing known of it.
    """
    if not asked:
        return {}
    parts = []
    for side, opened in enumerate(inputs):
        row_id = f"trim({quote(id_columns[side])}::VARCHAR)"
        columns = ", ".join(
            f"trim({quote(name)}::VARCHAR) AS g{n}"
            if name in opened.columns
            else f"NULL AS g{n}"
            for n, name in enumerate(asked)
        )
        parts.append(
            f"SELECT rid, g.* EXCLUDE (id) FROM (SELECT {row_id} AS id, {columns} FROM"
            f" {opened.view}) g JOIN {table} USING (id) WHERE source_number = {side}"
        )
    con.execute(f"CREATE OR REPLACE TABLE asked AS {' UNION ALL '.join(parts)}")
    return {
        name: f"(SELECT g{n} FROM asked WHERE asked.rid = r.rid)"
        for n, name in enumerate(asked)
    }


def groups_report(
    con: duckdb.DuckDBPyConnection, table: str, groups: dict[str, str]
) -> list[dict[str, Any]]:
    """Return for each file and group the records, the linked ones, and their share.

    `apart` is how far the group's share lies from the file's, in standard errors.
    """
    found = []
    for title, sql in groups.items():
        rows = con.execute(
            f"WITH valued AS (SELECT source_dataset AS source, {sql} AS v,"
            " l.rid IS NOT NULL AS is_linked"
            f" FROM {table} r LEFT JOIN linked l USING (rid)),"
            " common AS (SELECT v FROM valued WHERE v <> '' GROUP BY v"
            f" HAVING count(*) >= {FEWEST} ORDER BY count(*) DESC, v LIMIT {MOST_GROUPS})"
            f" SELECT source, CASE WHEN v IS NULL OR v = '' THEN '{UNKNOWN}'"
            f" WHEN v IN (FROM common) THEN v ELSE '{OTHERS}' END AS name,"
            " count(*), coalesce(count_if(is_linked), 0),"
            " sum(count(*)) OVER (PARTITION BY source)::BIGINT,"
            " sum(count_if(is_linked)) OVER (PARTITION BY source)::BIGINT"
            " FROM valued GROUP BY source, name ORDER BY source, name"
        ).fetchall()
        found += [_group(title, *row) for row in rows]
    return found


def _group(title: str, source: str, name: str, *counts: int) -> dict[str, Any]:
    records, linked, all_records, all_linked = counts
    share, whole = linked / records, all_linked / all_records
    error = (whole * (1 - whole) / records) ** 0.5
    return {
        "field": title,
        "source": source,
        "group": name,
        "records": records,
        "linked": linked,
        "share": share,
        "apart": (share - whole) / error if error else 0.0,
    }


def write_weights(
    con: duckdb.DuckDBPyConnection,
    table: str,
    groups: dict[str, str],
    *,
    path: Path,
) -> None:
    """Write a weight for each linked record: how many like it there are for each linked.

    Cells are all groups together; a cell of few records takes the file's own share.
    """
    cell = ", ".join(f"coalesce({sql}, '')" for sql in groups.values()) or "''"
    con.execute(
        "COPY (WITH cells AS (SELECT rid, source_dataset AS source, id,"
        f" [{cell}] AS cell, l.rid IS NOT NULL AS is_linked FROM {table} r"
        " LEFT JOIN linked l USING (rid)),"
        " counted AS (SELECT *, count(*) OVER one AS n, count_if(is_linked) OVER one AS"
        " k, count(*) OVER whole AS all_n, count_if(is_linked) OVER whole AS all_k FROM"
        " cells WINDOW one AS (PARTITION BY source, cell), whole AS (PARTITION BY"
        " source)) SELECT source, id, CASE WHEN"
        f" n >= {SMALLEST} AND k > 0 THEN n / k ELSE all_n / all_k END AS weight"
        f" FROM counted WHERE is_linked ORDER BY rid) TO {quote_literal(str(path))}"
        " (FORMAT parquet)"
    )


def implausible(
    con: duckdb.DuckDBPyConnection,
    specification: LinkSpecification,
    standardised: Standardised,
    links: Scores,
) -> list[dict[str, Any]]:
    """Count links of records that can hardly be one person's, by what is odd."""
    odd = {}
    for each in specification.fields:
        left, right = f"l.{quote(each.name)}", f"r.{quote(each.name)}"
        if each.what.kind == "sex" and standardised.has(each.name):
            odd["different sex"] = f"{left} <> {right}"
        if each.meaning == "date_of_birth" and standardised.has(f"{each.name}__day"):
            day = quote(f"{each.name}__day")
            odd["born more than ten years apart"] = f"abs(l.{day} - r.{day}) > 3653"
    if not odd or not len(links):
        return []
    con.register("some_links", pa.table({"a": links.left, "b": links.right}))
    columns = ", ".join(f"coalesce(count_if({sql}), 0)" for sql in odd.values())
    row = con.execute(
        f"SELECT {columns} FROM some_links JOIN {standardised.table} l ON l.rid = a"
        f" JOIN {standardised.table} r ON r.rid = b"
    ).fetchall()[0]
    con.unregister("some_links")
    return [{"what": what, "links": int(n)} for what, n in zip(odd, row, strict=True)]
