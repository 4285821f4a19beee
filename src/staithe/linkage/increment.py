"""Add new records to a result without linking the rest again.

The model, the threshold and the rules stay as they are. New records meet those that
share a key with them; the clusters that may change are decided again, by the same code
that decided them first, and keep their names as far as they stay together.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage import outputs
from staithe.linkage.clusters import components
from staithe.linkage.crosswalk import Crosswalk, apply_crosswalks, check_given
from staithe.linkage.decide import cluster_again, missing_pairs
from staithe.linkage.executor.records import arrow, numbers
from staithe.linkage.inputs import OpenInput, Source, check_ids, open_input
from staithe.linkage.kept import Kept, learn_words, load_executor, read_facts
from staithe.linkage.meeting import compare_new, drop_common
from staithe.linkage.quality_report import caveat
from staithe.linkage.rare_words import COUNTS, add_rare_words
from staithe.linkage.report_page import render_report
from staithe.linkage.result import LinkResult
from staithe.linkage.scores import Ints, Scores, read_weights
from staithe.linkage.standardise import standardise
from staithe.linkage.standardise_sql import install_macros
from staithe.linkage.state import count_values, rarity_columns
from staithe.linkage.versions import NAMES, Changes, name_clusters, write_changes
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb


FEW = 3
# What was measured on the records before and is not on those added.
MEASURED_BEFORE = ("truth", "estimate", "lost", "groups", "implausible", "sample")
ADDED = (
    "Records were added by the model and threshold of an earlier run; what this report "
    "says of fields, rules, pairs and scores is of that run."
)


def add_records(
    previous: Path,
    new: Sequence[Source | None],
    *,
    id_columns: Sequence[str],
    out: Path,
    crosswalks: Sequence[Crosswalk] = (),
    threads: int = 2,
    memory_mb: int = 2000,
) -> LinkResult:
    """Add new records (one source for each file, None for none) to a result.

    `previous` must have been made with its state kept; `out` is the new version and
    keeps its state too. Raises BadInput, and then nothing is written.
    """
    outputs.check_folder(out)
    state = previous / "state.duckdb"
    if not state.is_file():
        raise BadInput(
            f"{previous} keeps no state to add records to; link it again with "
            "--keep-state."
        )
    with (
        tempfile.TemporaryDirectory(prefix=".adding-", dir=out.parent) as scratch,
        outputs.whole_folder(out) as folder,
    ):
        copy = folder / "state.duckdb"
        shutil.copyfile(state, copy)
        con = connect(memory_mb=memory_mb, threads=threads, temp_directory=scratch)
        con.execute(f"ATTACH {quote_literal(str(copy))} AS kept")
        try:
            kept = Kept(con, read_facts(con, len(new)))
            check_given(kept.specification.crosswalks, crosswalks)
            given = New(tuple(new), tuple(id_columns), tuple(crosswalks))
            report = _add(kept, given, (previous, folder), threads)
        finally:
            con.close()
    return LinkResult(out, kept.specification, report)


class New(NamedTuple):
    """The new records: a source for each file or None, and how to read them."""

    sources: tuple[Source | None, ...]
    id_columns: tuple[str, ...]
    crosswalks: tuple[Crosswalk, ...]


def _add(
    kept: Kept,
    new: New,
    folders: tuple[Path, Path],
    threads: int,
) -> dict[str, Any]:
    """Do the work from the earlier folder to the new one and return the report."""
    con = kept.con
    previous, folder = folders
    opened = _open(kept, new.sources, new.id_columns)
    inputs, _ = apply_crosswalks(con, opened, new.crosswalks)
    fresh_rows = _standardise(kept, inputs, new.id_columns)
    warnings = drop_common(kept)
    found = compare_new(kept, threads)
    con.execute("INSERT INTO kept.records SELECT * FROM fresh")
    members = _members(kept, found)
    links, changes = _decide(kept, members, found, threads)
    outputs.register_pairs(con, found)
    con.execute("INSERT INTO kept.pairs SELECT l, r, match_weight FROM outgoing")
    con.unregister("outgoing")
    _write_links(kept, links, previous, folder)
    write_changes(con, folder / "changes.parquet", now="members_now")
    con.execute(
        "COPY (SELECT source, id, name AS cluster FROM kept.labels) TO"
        f" {quote_literal(str(folder / 'clusters.parquet'))} ({outputs.TEXTS})"
    )
    report = _report(kept, previous, folder, changes, fresh_rows)
    report["warnings"] += warnings
    facts = kept.facts | {"version": kept.facts["version"] + 1}
    con.execute("UPDATE kept.facts SET body = ?", [json.dumps(facts)])
    con.execute("DETACH kept")
    for name in ("model.json", "specification.yaml"):
        shutil.copyfile(previous / name, folder / name)
    outputs.write_json(folder / "report.json", report)
    (folder / "caveat.txt").write_text(report["caveat"] + "\n", "utf-8")
    (folder / "report.html").write_text(render_report(report), "utf-8")
    return report


def _open(
    kept: Kept, new: Sequence[Source | None], id_columns: Sequence[str]
) -> list[OpenInput]:
    """Open the new files; a side without one is an empty view of the same columns."""
    if not any(each is not None for each in new):
        raise BadInput("There are no new records: give a file.")
    found = []
    for side, source in enumerate(new):
        name = kept.facts["names"][side]
        wanted = [*kept.specification.columns(side), id_columns[side]]
        if source is None:
            columns = ", ".join(f"NULL::VARCHAR AS {quote(c)}" for c in wanted)
            kept.con.execute(
                f"CREATE VIEW input_{side} AS SELECT {columns} WHERE false"
            )
            found.append(OpenInput(name, f"input_{side}", tuple(wanted), 0, ""))
            continue
        opened = open_input(kept.con, source, name=name, view=f"input_{side}")
        for column in wanted:
            opened.check_column(column)
        check_ids(kept.con, opened, id_columns[side])
        found.append(opened)
    return found


def _standardise(
    kept: Kept, inputs: Sequence[OpenInput], id_columns: Sequence[str]
) -> tuple[int, ...]:
    """Make a table `fresh` of the new records, shaped and numbered like those kept."""
    con = kept.con
    install_macros(con)
    made = standardise(
        con, inputs, kept.specification, id_columns=id_columns, table="coming"
    )
    learn_words(kept)
    add_rare_words(con, made, kept.specification, counts=f"kept.{COUNTS}")
    taken = con.execute(
        "SELECT source, id FROM kept.labels WHERE (source, id) IN"
        " (SELECT source_dataset, id FROM coming) ORDER BY ALL LIMIT 4"
    ).fetchall()
    if taken:
        some = ", ".join(str(row[1])[:40] for row in taken[:FEW])
        raise BadInput(
            f"Some new records of {taken[0][0]} are there already, for example {some}; "
            "give records with new ids."
        )
    keys = {key: sql for _, key, sql in kept.facts["rules"]}
    con.execute(
        "CREATE TABLE keyed AS SELECT *"
        + "".join(f", {sql} AS {key}" for key, sql in keys.items())
        + " FROM coming"
    )
    for key in keys:
        con.execute(
            f"UPDATE keyed SET {key} = NULL WHERE {key} IN"
            f" (SELECT value FROM kept.dropped WHERE key_name = '{key}')"
        )
    columns = [row[0] for row in con.execute("DESCRIBE kept.records").fetchall()]
    last = "(SELECT max(rid) FROM kept.records)"
    chosen = ", ".join(
        f"rid + {last} AS rid" if column == "rid" else quote(column)
        for column in columns
    )
    con.execute(f"CREATE TABLE fresh AS SELECT {chosen} FROM keyed ORDER BY rid")
    for column in rarity_columns(kept.facts["model"]):
        count_values(con, "fresh", column)
    return made.rows


def _members(kept: Kept, found: Scores) -> Ints:
    """Return the records whose cluster may change, in the order of the files."""
    con = kept.con
    outputs.register_pairs(con, found)
    table = con.sql(
        "WITH touched AS (SELECT DISTINCT part FROM kept.labels WHERE rid IN"
        f" (SELECT unnest([l, r]) FROM outgoing WHERE match_weight >= {kept.facts['threshold']!r}))"
        " SELECT rid FROM kept.records WHERE rid IN (SELECT rid FROM fresh UNION ALL"
        " SELECT rid FROM kept.labels WHERE part IN (FROM touched))"
        " ORDER BY source_number, rid"
    ).to_arrow_table()
    con.unregister("outgoing")
    rids = numbers(table.column("rid"), np.int64)
    con.register("chosen", pa.table({"rid": arrow(rids, pa.int64())}))
    con.execute("CREATE TABLE members AS FROM chosen")
    con.unregister("chosen")
    return rids


def _decide(
    kept: Kept, members: Ints, found: Scores, threads: int
) -> tuple[Scores, Changes]:
    """Cluster the members again; return their links and what changed."""
    con, threshold = kept.con, float(kept.facts["threshold"])
    table = con.sql(
        "SELECT l, r, w FROM kept.pairs WHERE l IN (FROM members) AND r IN (FROM members)"
    )
    old = read_weights(table)
    both = Scores(
        np.r_[old.left, found.left],
        np.r_[old.right, found.right],
        np.r_[old.weight, found.weight],
    )
    # Numbered by their order among the members, so that the left file comes first.
    order = np.argsort(members)
    inside = np.isin(both.left, members) & np.isin(both.right, members)
    both = both.where(inside)
    left, right = (
        1 + order[np.searchsorted(members, ends, sorter=order)]
        for ends in (both.left, both.right)
    )
    by_pair = np.lexsort((right, left))
    scores = Scores(left[by_pair], right[by_pair], both.weight[by_pair])
    one_partner = tuple(kept.facts["one_partner"])
    size = len(members) + 1
    accepted, clusters = cluster_again(
        scores, size, threshold=threshold, one_partner=one_partner
    )
    parts = components(scores.where(scores.weight >= threshold), size)
    changes = _relabel(kept, members, clusters, parts)
    links = scores.where(accepted)
    if not (all(one_partner) and kept.sides > 1):
        links = _with_implied(kept, links, scores, clusters, threads)
    rid = np.r_[0, members]
    return Scores(rid[links.left], rid[links.right], links.weight), changes


def _relabel(kept: Kept, members: Ints, clusters: Ints, parts: Ints) -> Changes:
    """Name the members' clusters after those before and keep the new labels."""
    con = kept.con
    rid = np.r_[0, members]
    table = {
        "rid": arrow(members, pa.int64()),
        "first": arrow(rid[clusters[1:]], pa.int64()),
        "part": arrow(rid[parts[1:]], pa.int64()),
    }
    con.register("relabelled", pa.table(table))
    con.execute(
        "CREATE TABLE members_now AS SELECT m.rid, r.source_dataset AS source, r.id,"
        " m.first, m.part FROM relabelled m JOIN kept.records r USING (rid)"
    )
    con.unregister("relabelled")
    con.execute(
        "CREATE TABLE members_before AS SELECT source, id, name FROM kept.labels"
        " WHERE rid IN (FROM members)"
    )
    changes = name_clusters(
        con,
        now="members_now",
        before="members_before",
        salt=f"version {kept.facts['version']}",
    )
    assert changes is not None
    con.execute("DELETE FROM kept.labels WHERE rid IN (FROM members)")
    con.execute(
        "INSERT INTO kept.labels SELECT rid, source, id, first, part, name"
        f" FROM members_now JOIN {NAMES} USING (rid)"
    )
    return changes


def _with_implied(
    kept: Kept, links: Scores, scores: Scores, clusters: Ints, threads: int
) -> Scores:
    """Add the pairs of one cluster that no rule proposed, scored by the same model."""
    sides = kept.con.sql(
        "SELECT count(*) FILTER (source_number = 0) FROM kept.records"
        " WHERE rid IN (FROM members)"
    ).fetchall()
    left_rows = int(sides[0][0]) if kept.sides > 1 else 0
    left, right = missing_pairs(scores, clusters, left_rows)
    if not len(left):
        return links
    records = "SELECT * FROM kept.records WHERE rid IN (FROM members)"
    loaded, _ = load_executor(kept, records, "source_number", kept.sides, threads)
    weight, _ = loaded.score_pairs(left - 1, right - 1)
    both = Scores(
        np.r_[links.left, left], np.r_[links.right, right], np.r_[links.weight, weight]
    )
    order = np.lexsort((both.right, both.left))
    return Scores(both.left[order], both.right[order], both.weight[order])


def _write_links(kept: Kept, links: Scores, previous: Path, folder: Path) -> None:
    """Write the links of untouched clusters as they were, and the members' anew."""
    con = kept.con
    outputs.register_pairs(con, links)
    touched = (
        "(SELECT id FROM members_now WHERE source ="
        f" {quote_literal(kept.facts['names'][0])})"
    )
    con.execute(
        "COPY (SELECT left_id, right_id, match_weight, match_probability FROM"
        f" {scan([previous / 'links.parquet'])} WHERE left_id NOT IN {touched}"
        " UNION ALL SELECT a.id, b.id, match_weight, match_probability FROM outgoing"
        " JOIN kept.records a ON a.rid = l JOIN kept.records b ON b.rid = r) TO"
        f" {quote_literal(str(folder / 'links.parquet'))} ({outputs.PARQUET})"
    )
    con.unregister("outgoing")


def _sizes(con: duckdb.DuckDBPyConnection, before: Mapping[str, int]) -> dict[int, int]:
    """Return size → clusters: those before, with the members' clusters replaced."""
    sizes = {int(n): k for n, k in before.items()}
    now = "kept.labels WHERE rid IN (FROM members)"
    for sign, labels in ((-1, "members_before"), (1, now)):
        for n, k in con.execute(
            "SELECT n, count(*) FROM (SELECT count(*) AS n FROM"
            f" {labels} GROUP BY name) GROUP BY n"
        ).fetchall():
            sizes[n] = sizes.get(n, 0) + sign * k
    return {n: k for n, k in sizes.items() if k}


def _report(
    kept: Kept,
    previous: Path,
    folder: Path,
    changes: Changes,
    fresh: Sequence[int],
) -> dict[str, Any]:
    """Return the earlier report with what the addition changed in it."""
    report: dict[str, Any] = json.loads((previous / "report.json").read_text("utf-8"))
    con, names = kept.con, kept.facts["names"]
    sizes = _sizes(con, report["clusters"]["sizes"])
    report["clusters"] |= {
        "count": sum(sizes.values()),
        "of_two_or_more": sum(k for n, k in sizes.items() if n > 1),
        "largest": max(sizes),
        "sizes": {str(n): k for n, k in sorted(sizes.items())},
    }
    links = scan([folder / "links.parquet"])
    report["links"] = con.execute(f"SELECT count(*) FROM {links}").fetchall()[0][0]
    ends = ["left_id", "right_id"]
    for side, name in enumerate(names):
        report["records"][name] += fresh[side] if side < len(fresh) else 0
        columns = [ends[side]] if kept.sides > 1 else ends
        found = " UNION ALL ".join(
            f"SELECT {column} AS id FROM {links}" for column in columns
        )
        once = kept.sides > 1 and kept.facts["one_partner"][side]
        counted = "id" if once else "DISTINCT id"
        (count,) = con.execute(f"SELECT count({counted}) FROM ({found})").fetchall()[0]
        report["linked"][name] = count
    report["changes"] = changes.as_report()
    report["added"] = dict(zip(names, fresh, strict=False))
    for gone in MEASURED_BEFORE:
        report.pop(gone, None)
    report["caveat"] = f"{caveat(report)} {ADDED}"
    report["warnings"] = [ADDED, *(w for w in report["warnings"] if w != ADDED)]
    return report
