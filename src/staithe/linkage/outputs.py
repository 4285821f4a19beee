"""Write the result of a link so that it is whole or not there at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from staithe.base.errors import BadInput
from staithe.linkage.scores import Ints, Scores, probability
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb


FILES = {
    "links.parquet",
    "clusters.parquet",
    "pairs.parquet",
    "report.json",
    "report.html",
    "specification.yaml",
    "model.json",
}


FOR_HOLDER = r"for_.+\.parquet"  # what a private link gives back to each side


def check_folder(out: Path) -> None:
    """Raise BadInput where `out` holds anything but an earlier result."""
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
    con: duckdb.DuckDBPyConnection, scores: Scores, *, table: str, path: Path
) -> None:
    """Write pairs as left_id, right_id, match_weight, match_probability."""
    con.register(
        "outgoing",
        pa.table(
            {
                "l": scores.left,
                "r": scores.right,
                "match_weight": scores.weight,
                "match_probability": probability(scores.weight),
            }
        ),
    )
    _copy(
        con,
        "SELECT a.id AS left_id, b.id AS right_id, match_weight, match_probability"
        f" FROM outgoing JOIN {table} a ON a.rid = l JOIN {table} b ON b.rid = r"
        " ORDER BY l, r",
        path,
    )
    con.unregister("outgoing")


def write_clusters(
    con: duckdb.DuckDBPyConnection, clusters: Ints, *, table: str, path: Path
) -> None:
    """Write every record as source, id, cluster.

    A cluster is named by a hash of its first record, so the name does not change
    when other records come and go.
    """
    con.register("labels", pa.table({"rid": range(len(clusters)), "first": clusters}))
    _copy(
        con,
        "SELECT a.source_dataset AS source, a.id,"
        " left(sha256(f.source_dataset || chr(31) || f.id), 24) AS cluster"
        f" FROM labels JOIN {table} a USING (rid) JOIN {table} f ON f.rid = labels.first"
        " ORDER BY a.rid",
        path,
    )
    con.unregister("labels")


def _copy(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    con.execute(
        f"COPY ({sql}) TO {quote_literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
    )


def write_json(path: Path, body: dict[str, Any]) -> None:
    """Write JSON for people and programs, with a stable order of keys."""
    text = json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", "utf-8")
