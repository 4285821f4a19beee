"""Write the result of a link so that it is whole or not there at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage.executor.records import arrow
from staithe.linkage.scores import Ints, Scores, probability
from staithe.linkage.versions import NAMES, name_clusters
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.blocking import ChosenRule
    from staithe.linkage.bridges import Bridges


# Identifiers seldom repeat, so no dictionary is tried; level 1 is no larger here than the
# usual level. Together they take half the time.
PARQUET = (
    "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, DICTIONARY_SIZE_LIMIT 1000"
)
TEXTS = f"{PARQUET}, PARQUET_VERSION V2"  # smaller, and half the time once more
CLUSTERS = "clusters_now"
THROUGH_OTHERS = "through other records"
FILES = {
    "links.parquet",
    "clusters.parquet",
    "provenance.parquet",
    "changes.parquet",
    "explained.parquet",
    "bridges.parquet",
    "state.duckdb",
    "pairs.parquet",
    "sample.parquet",
    "weights.parquet",
    "caveat.txt",
    "report.json",
    "report.html",
    "specification.yaml",
    "model.json",
}


FOR_HOLDER = r"for_.+\.parquet"  # what a private link gives back to each side


def check_folder(out: Path) -> None:
    """Raise BadInput where `out` holds anything but an earlier result, or cannot be made."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out.parent).close()
    except OSError as error:
        raise BadInput(
            f"Nothing can be written beside {out}: {error.strerror}."
        ) from error
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out} is a file; name a folder for the result.")
    if out.is_dir():
        strange = sorted(
            each.name
            for each in out.iterdir()
            if each.name not in FILES and not re.fullmatch(FOR_HOLDER, each.name)
        )
        if strange:
            raise BadInput(
                f"The folder {out} holds other things, such as {strange[0]}; "
                "name a new folder for the result."
            )


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write to; it becomes `out` at the end, or goes without trace."""
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield partial
        partial.chmod(0o755)
        if out.exists():
            # An earlier result makes way in one step and is then removed.
            old = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
            out.replace(old)
            partial.replace(out)
            shutil.rmtree(old)
        else:
            partial.replace(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_pairs(
    con: duckdb.DuckDBPyConnection,
    scores: Scores,
    *,
    table: str,
    path: Path,
) -> None:
    """Write pairs as left_id, right_id, match_weight, match_probability."""
    register_pairs(con, scores)
    _copy(
        con,
        "SELECT a.id AS left_id, b.id AS right_id, match_weight, match_probability"
        f" FROM outgoing JOIN {table} a ON a.rid = l JOIN {table} b ON b.rid = r"
        " ORDER BY l, r",
        path,
    )
    con.unregister("outgoing")


def write_provenance(
    con: duckdb.DuckDBPyConnection,
    links: Scores,
    rules: Sequence[ChosenRule],
    *,
    table: str,
    path: Path,
) -> None:
    """Write for each link left_id, right_id and the first rule that proposed it.

    A pair that no rule proposed is linked through other records.
    """
    cases = " ".join(
        f"WHEN a.{each.key} = b.{each.key} THEN {quote_literal(each.name)}"
        for each in rules
    )
    through = quote_literal(THROUGH_OTHERS)
    rule = f"CASE {cases} ELSE {through} END" if cases else through
    register_pairs(con, links)
    _copy(
        con,
        f"SELECT a.id AS left_id, b.id AS right_id, {rule} AS rule FROM outgoing"
        f" JOIN {table} a ON a.rid = l JOIN {table} b ON b.rid = r ORDER BY l, r",
        path,
    )
    con.unregister("outgoing")


def register_pairs(con: duckdb.DuckDBPyConnection, scores: Scores) -> None:
    """Show pairs to DuckDB as outgoing (l, r, match_weight, match_probability)."""
    table = {
        "l": arrow(scores.left, pa.int64()),
        "r": arrow(scores.right, pa.int64()),
        "match_weight": arrow(scores.weight, pa.float64()),
        "match_probability": arrow(probability(scores.weight), pa.float64()),
    }
    con.register("outgoing", pa.table(table))


def show_clusters(
    con: duckdb.DuckDBPyConnection, clusters: Ints, *, table: str
) -> None:
    """Make the clusters a table CLUSTERS (rid, source, id, first)."""
    rids = np.arange(len(clusters), dtype=np.int64)
    labels = {"rid": arrow(rids, pa.int64()), "first": arrow(clusters, pa.int64())}
    con.register("labels", pa.table(labels))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {CLUSTERS} AS SELECT rid, source_dataset AS source,"
        f" id, first FROM labels JOIN {table} USING (rid)"
    )
    con.unregister("labels")


def write_clusters(
    con: duckdb.DuckDBPyConnection, clusters: Ints, *, table: str, path: Path
) -> None:
    """Write every record as source, id, cluster, each cluster named by its first."""
    show_clusters(con, clusters, table=table)
    name_clusters(con, now=CLUSTERS)
    write_named(con, path)


def write_named(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write every record of CLUSTERS as source, id, cluster, by the names in NAMES."""
    _copy(
        con,
        f"SELECT source, id, name AS cluster FROM {CLUSTERS} JOIN {NAMES} USING (rid)"
        " ORDER BY rid",
        path,
        TEXTS,
    )


def write_bridges(con: duckdb.DuckDBPyConnection, bridges: Bridges, path: Path) -> None:
    """Write each bridge: the two records, its cluster, and the records on each side."""
    columns = {
        "l": bridges.left, "r": bridges.right,
        "left_side": bridges.left_size, "right_side": bridges.right_size,
    }  # fmt: skip
    found = {name: arrow(each.copy(), pa.int64()) for name, each in columns.items()}
    con.register("found", pa.table(found))
    _copy(
        con,
        "SELECT a.id AS left_id, b.id AS right_id, name AS cluster, left_side, right_side"
        f" FROM found JOIN {CLUSTERS} a ON a.rid = l JOIN {CLUSTERS} b ON b.rid = r"
        f" JOIN {NAMES} n ON n.rid = l ORDER BY l, r",
        path,
    )
    con.unregister("found")


def _copy(
    con: duckdb.DuckDBPyConnection, sql: str, path: Path, written: str = PARQUET
) -> None:
    con.execute(f"COPY ({sql}) TO {quote_literal(str(path))} ({written})")


def write_json(path: Path, body: dict[str, Any]) -> None:
    """Write JSON for people and programs, with a stable order of keys."""
    text = json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", "utf-8")
