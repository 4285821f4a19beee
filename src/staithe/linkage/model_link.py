"""Link files as they are by a Splink model file, at exactly Splink's weights.

The executor runs the model where it knows every condition, and Splink itself where it
does not. Weights are the model's own; only the threshold is advised from the scores.
"""

from __future__ import annotations

import json
import logging
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from staithe.base.errors import BadInput
from staithe.linkage import outputs
from staithe.linkage.decide import cluster_again
from staithe.linkage.executor.records import numbers
from staithe.linkage.executor.splink_model import check_model, open_model
from staithe.linkage.executor.trees import NotKnown
from staithe.linkage.inputs import Source, check_ids, open_input
from staithe.linkage.scores import Scores, probability, read_weights
from staithe.linkage.threshold import expected_best, refit_prior
from staithe.tables.engine import connect
from staithe.tables.sql import quote_identifier as quote
from staithe.tables.sql import quote_literal


if TYPE_CHECKING:
    import duckdb


RECORDS = "records"


@dataclass(frozen=True)
class ModelRun:
    """Where the result of a model lies, and what there is to say of it."""

    folder: Path
    report: dict[str, Any]


def read_model(path: Path) -> dict[str, Any]:
    """Read a Splink model file, or raise BadInput."""
    try:
        body = json.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"The model {path} cannot be read.") from error
    except ValueError as error:
        raise BadInput(f"The model {path} is not valid JSON.") from error
    check_model(body)
    found: dict[str, Any] = body
    return found


def link_by_model(
    left: Source,
    right: Source | None = None,
    *,
    model: dict[str, Any],
    id_column: str,
    out: Path,
    names: tuple[str, str] = ("left", "right"),
    threshold: float | None = None,
    all_pairs: bool = False,
    threads: int | None = None,
) -> ModelRun:
    """Score the pairs that a Splink model proposes; write links and clusters to `out`.

    Raises BadInput, and then nothing is written.
    """
    check_model(model)
    outputs.check_folder(out)
    if threshold is not None and not 0 < threshold < 1:
        raise BadInput("The threshold must be a probability between 0 and 1.")
    sources = [left] if right is None else [left, right]
    if (model["link_type"] == "dedupe_only") != (right is None):
        raise BadInput(
            f"The model's link_type is {model['link_type']}, which does not suit "
            f"{len(sources)} file{'s' * (len(sources) > 1)}."
        )
    model = model | {
        "unique_id_column_name": id_column,
        "source_dataset_column_name": "source_dataset",
    }
    with tempfile.TemporaryDirectory(prefix=".linking-", dir=out.parent) as scratch:
        threads = threads or min(os.cpu_count() or 2, 8)
        con = connect(memory_mb=4000, threads=threads, temp_directory=scratch)
        try:
            tables = _open(con, sources, names, id_column)
            _check_columns(con, model, tables)
            scores, executor = _score(con, model, tables, threads)
            report = _decide(model, scores, tables, threshold)
            report["executor"] = executor
            return _write(con, scores, report, out, all_pairs=all_pairs)
        finally:
            con.close()


def _open(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    names: tuple[str, str],
    id_column: str,
) -> list[tuple[str, int]]:
    """Open the files, and make RECORDS of all their ids in order."""
    tables = []
    parts = []
    for side, source in enumerate(sources):
        opened = open_input(con, source, name=names[side], view=f"input_{side}")
        check_ids(con, opened, id_column)
        tables.append((names[side], opened.rows))
        parts.append(
            f"SELECT {quote_literal(names[side])} AS source_dataset, {side} AS side,"
            f" {quote(id_column)}::VARCHAR AS id FROM input_{side}"
        )
    con.execute(
        f"CREATE TABLE {RECORDS} AS SELECT row_number() OVER () AS rid, * FROM"
        f" ({' UNION ALL '.join(parts)})"
    )
    return tables


def _check_columns(
    con: duckdb.DuckDBPyConnection, model: dict[str, Any], tables: Sequence[Any]
) -> None:
    """Raise BadInput where a file lacks a column whose rarity the model counts."""
    for side, (name, _) in enumerate(tables):
        there = {
            row[0].lower() for row in con.execute(f"DESCRIBE input_{side}").fetchall()
        }
        for each in model["comparisons"]:
            for level in each["comparison_levels"]:
                column = str(level.get("tf_adjustment_column") or "").strip('"')
                if column and column.lower() not in there:
                    raise BadInput(
                        f"The model reads a column {column!r}, which the {name} file "
                        "does not have.",
                        field=column,
                    )


def _score(
    con: duckdb.DuckDBPyConnection,
    model: dict[str, Any],
    tables: Sequence[tuple[str, int]],
    threads: int,
) -> tuple[Scores, str]:
    """Score every pair; return the pairs by record number, and what scored them."""
    import duckdb as engine

    typed = [(name, f"input_{side}") for side, (name, _) in enumerate(tables)]
    try:
        return _score_tables(con, model, typed, threads)
    except engine.BinderException:
        # A model made for text, and a file whose dates were read as dates.
        text = [
            (name, f"(SELECT COLUMNS(*)::VARCHAR FROM {view})") for name, view in typed
        ]
    try:
        return _score_tables(con, model, text, threads)
    except engine.Error as error:
        raise BadInput(f"The model does not suit the files: {_first(error)}") from error


def _score_tables(
    con: duckdb.DuckDBPyConnection,
    model: dict[str, Any],
    named: Sequence[tuple[str, str]],
    threads: int,
) -> tuple[Scores, str]:
    try:
        executor, view = open_model(con, model, named, threads=threads)
        number = _numbers(con, model, view)
        batches = list(executor.predict())
        if not batches:
            return Scores.none(), "compiled"
        ends = [
            number[np.concatenate([getattr(each, side) for each in batches])]
            for side in ("left", "right")
        ]
        weight = np.concatenate([each.weight for each in batches])
        left, right = np.minimum(*ends), np.maximum(*ends)
        order = np.lexsort((right, left))
        return Scores(left[order], right[order], weight[order]), "compiled"
    except NotKnown:
        return _by_splink(con, model, named), "splink"


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]


def _numbers(con: duckdb.DuckDBPyConnection, model: dict[str, Any], view: str) -> Any:
    """Return the record number of each record in the order of the view."""
    identifier = quote(model["unique_id_column_name"])
    found = con.sql(
        f"SELECT source_dataset, {identifier}::VARCHAR AS id FROM {view}"
    ).to_arrow_table()
    con.register("viewed", found)
    table = con.sql(
        "SELECT rid FROM (SELECT *, row_number() OVER () AS place FROM viewed) v"
        f" JOIN {RECORDS} r USING (source_dataset, id) ORDER BY place"
    ).to_arrow_table()
    con.unregister("viewed")
    return numbers(table.column(0), np.int64)


def _by_splink(
    con: duckdb.DuckDBPyConnection,
    model: dict[str, Any],
    named: Sequence[tuple[str, str]],
) -> Scores:
    from splink import DuckDBAPI, Linker
    from splink.internals.exceptions import SplinkException

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=con)
    try:
        for place, (_, relation) in enumerate(named):
            con.execute(f"CREATE TEMP VIEW splink_{place} AS FROM {relation}")
        frames = [
            api.register(f"splink_{place}", dataset_display_name=name)
            for place, (name, _) in enumerate(named)
        ]
        linker = Linker(frames, model, log_level=logging.ERROR)
        pairs = linker.inference.predict(warning_mode="never").physical_name
    except (SplinkException, ValueError) as error:
        raise BadInput(f"Splink refuses the model: {_first(error)}") from error
    identifier = model["unique_id_column_name"]
    joins = " ".join(
        f"JOIN {RECORDS} {side} ON {side}.id = {quote(f'{identifier}_{side}')}::VARCHAR"
        + (
            f" AND {side}.source_dataset = p.source_dataset_{side}"
            if len(named) > 1
            else ""
        )
        for side in ("l", "r")
    )
    return read_weights(
        con.sql(
            "SELECT least(l.rid, r.rid), greatest(l.rid, r.rid), match_weight"
            f" FROM {pairs} p {joins} ORDER BY 1, 2"
        )
    )


def _decide(
    model: dict[str, Any],
    scores: Scores,
    tables: Sequence[tuple[str, int]],
    threshold: float | None,
) -> dict[str, Any]:
    """Return the report: the threshold, asked or advised, and what to be wary of."""
    rows = [rows for _, rows in tables]
    possible = rows[0] * (rows[0] - 1) / 2 if len(rows) == 1 else rows[0] * rows[1]
    prior = float(model["probability_two_random_records_match"])
    if threshold is None:
        shift = refit_prior(scores.weight, min(prior, 0.5), max(possible, 1.0))
        weight = expected_best(scores.weight + shift).weight - shift
        reason = "the model's probabilities, with the prior estimated again"
    else:
        weight, reason = math.log2(threshold / (1 - threshold)), "asked for"
    return {
        "format": 1,
        "records": dict(tables),
        "pairs": len(scores),
        "threshold": {
            "match_weight": weight,
            "match_probability": float(probability(np.array([weight]))[0]),
            "reason": reason,
        },
        "warnings": untrained(model),
        "software": {name: version(name) for name in ("staithe", "splink", "duckdb")},
    }


def untrained(model: dict[str, Any]) -> list[str]:
    """Return a sentence on each comparison with levels that have no weight of their own."""
    found = []
    for place, each in enumerate(model["comparisons"]):
        missing = [
            str(level.get("label_for_charts") or level["sql_condition"])
            for level in each["comparison_levels"]
            if not level.get("is_null_level")
            and not all(
                isinstance(level.get(name), int | float)
                for name in ("m_probability", "u_probability")
            )
        ]
        if missing:
            name = each.get("output_column_name", f"comparison {place + 1}")
            found.append(
                f"{name} has levels that were not trained and get Splink's usual "
                f"weights: {'; '.join(missing)}."
            )
    return found


def _write(
    con: duckdb.DuckDBPyConnection,
    scores: Scores,
    report: dict[str, Any],
    out: Path,
    *,
    all_pairs: bool,
) -> ModelRun:
    size = sum(report["records"].values()) + 1
    accepted, clusters = cluster_again(
        scores,
        size,
        threshold=report["threshold"]["match_weight"],
        one_partner=(False,),
    )
    links = scores.where(accepted)
    report["links"] = len(links)
    sizes = np.bincount(np.bincount(clusters[1:]))
    report["clusters"] = {"count": int(sizes[1:].sum()), "largest": len(sizes) - 1}
    with outputs.whole_folder(out) as folder:
        outputs.write_pairs(con, links, table=RECORDS, path=folder / "links.parquet")
        if all_pairs:
            path = folder / "pairs.parquet"
            outputs.write_pairs(con, scores, table=RECORDS, path=path)
        path = folder / "clusters.parquet"
        outputs.write_clusters(con, clusters, table=RECORDS, path=path)
        outputs.write_json(folder / "report.json", report)
    return ModelRun(out, report)
