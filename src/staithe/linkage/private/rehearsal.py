"""Every party of a private link in one process: to see what privacy costs in accuracy.

Holders make tokens under a key that is made for this and never written; the linker
sees the tokens; then the row keys are turned back and, where a truth is known, scored.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staithe.base.errors import BadInput
from staithe.linkage import outputs, truth
from staithe.linkage.detect import detect_specification
from staithe.linkage.inputs import Source, check_specified, open_input, sample
from staithe.linkage.private.crossing import Mode
from staithe.linkage.private.holder import Prepared, prepare
from staithe.linkage.private.linker import link_tokens
from staithe.linkage.pseudonyms import new_project_key
from staithe.linkage.quality_report import caveat
from staithe.linkage.report_page import render_report
from staithe.linkage.result import LinkResult
from staithe.linkage.specification import LinkSpecification, to_yaml, with_settings
from staithe.tables.engine import connect, scan
from staithe.tables.sql import quote_identifier, quote_literal


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.run import Progress


def rehearse(
    left: Source,
    right: Source | None = None,
    *,
    mode: Mode,
    id_column: str | tuple[str, str],
    out: Path,
    specification: LinkSpecification | None = None,
    names: tuple[str, str] = ("left", "right"),
    ignore: Sequence[str] = (),
    truth_column: str | None = None,
    threshold: float | None = None,
    seed: int = 1,
    progress: Progress | None = None,
) -> LinkResult:
    """Link as if no party saw another's identifiers, and write the result with ids."""
    outputs.check_folder(out)
    sources = [left] if right is None else [left, right]
    if mode == "composite" and right is None:
        raise BadInput("Composite tokens link two files; repeats need the mode fields.")
    ids = (id_column, id_column) if isinstance(id_column, str) else id_column
    never = [*ignore, *([truth_column] if truth_column else [])]
    wanted = specification or _detect(sources, [*ids, *never])
    if threshold is not None:
        wanted = with_settings(wanted, threshold=threshold)
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=out.parent) as folder:
        scratch = Path(folder)
        key = new_project_key()
        prepared = [
            prepare(
                source,
                id_column=ids[side],
                key=key,
                out=scratch / f"tokens-{side}",
                mode=mode,
                specification=wanted,
                side=side,
                name=names[side],
            )
            for side, source in enumerate(sources)
        ]
        linked = link_tokens(
            *[each.crossing for each in prepared],
            out=scratch / "linked",
            names=names,
            settings=wanted.settings,
            seed=seed,
            inside=True,
            progress=progress,
        )
        return _turn_back(
            linked,
            prepared,
            wanted,
            out=out,
            score=lambda con: (
                _score(con, sources, ids, truth_column) if truth_column else None
            ),
        )


def _detect(sources: Sequence[Source], never: Sequence[str]) -> LinkSpecification:
    """Return the specification of the files, found as in the clear."""
    con = connect()
    try:
        opened = [
            open_input(con, source, name=f"file {n}", view=f"look_{n}")
            for n, source in enumerate(sources)
        ]
        found = detect_specification(
            opened[0].columns,
            opened[1].columns if len(opened) > 1 else None,
            [sample(con, each) for each in opened],
            ignore=never,
        )
        check_specified(opened, found.specification)
    finally:
        con.close()
    return found.specification


def _turn_back(
    linked: LinkResult,
    prepared: Sequence[Prepared],
    specification: LinkSpecification,
    *,
    out: Path,
    score: Callable[[duckdb.DuckDBPyConnection], dict[str, Any] | None],
) -> LinkResult:
    """Write the linker's files with ids for row keys, and score them if asked."""
    con = connect()
    try:
        first, last = (scan([each.kept]) for each in (prepared[0], prepared[-1]))
        con.execute(
            "CREATE TABLE links AS SELECT l.id AS left_id, r.id AS right_id,"
            f" match_weight, match_probability FROM {scan([linked.links])}"
            f" JOIN {first} l ON printf('%016x', l.row_key) = left_id"
            f" JOIN {last} r ON printf('%016x', r.row_key) = right_id"
        )
        report = dict(linked.report)
        truth_found = score(con)
        if truth_found is not None:
            report["truth"] = truth_found
            report["caveat"] = caveat(report)
        kept = " UNION ALL ".join(
            f"SELECT printf('%016x', row_key) AS row_key, id FROM {scan([each.kept])}"
            for each in prepared
        )
        clusters = (
            f"SELECT source, k.id, cluster FROM {scan([linked.clusters])} c"
            f" JOIN ({kept}) k ON k.row_key = c.id ORDER BY source, k.id"
        )
        links = "SELECT * FROM links ORDER BY left_id, right_id"
        with outputs.whole_folder(out) as folder:
            for name, sql in (("links", links), ("clusters", clusters)):
                path = quote_literal(str(folder / f"{name}.parquet"))
                con.execute(f"COPY ({sql}) TO {path} (FORMAT parquet)")
            outputs.write_json(folder / "report.json", report)
            (folder / "report.html").write_text(render_report(report), "utf-8")
            (folder / "specification.yaml").write_text(to_yaml(specification), "utf-8")
    finally:
        con.close()
    return replace(linked, folder=out, specification=specification, report=report)


def _score(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Source],
    ids: Sequence[str],
    truth_column: str,
) -> dict[str, Any]:
    """Return precision, recall and F1 of the links over all true pairs."""
    for side, source in enumerate(sources):
        opened = open_input(con, source, name=f"file {side}", view=f"known_{side}")
        opened.check_column(truth_column)
        person = f"trim({quote_identifier(truth_column)}::VARCHAR)"
        con.execute(
            f"CREATE TABLE truth_{side} AS SELECT"
            f" trim({quote_identifier(ids[side])}::VARCHAR) AS id, {person} AS person"
            f" FROM known_{side} WHERE {person} <> ''"
        )
    last = len(sources) - 1
    apart = "a.id < b.id" if last == 0 else "true"
    total = con.execute(
        f"SELECT count(*) FROM truth_0 a JOIN truth_{last} b USING (person)"
        f" WHERE {apart}"
    ).fetchall()[0][0]
    given, right = con.execute(
        "SELECT count(*), count_if(a.person = b.person) FROM links"
        f" LEFT JOIN truth_0 a ON a.id = left_id LEFT JOIN truth_{last} b"
        " ON b.id = right_id"
    ).fetchall()[0]
    return {"true_pairs": total, **asdict(truth.quality(right, given, total))}
