"""Write all that came of a run to its folder: whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from staithe.linkage import outputs, versions
from staithe.linkage.bridges import find_bridges
from staithe.linkage.evidence import gather
from staithe.linkage.explain import EXPLAINED, write_explained
from staithe.linkage.report_page import render_report
from staithe.linkage.run import RECORDS
from staithe.linkage.specification import to_yaml
from staithe.linkage.state import save_state


if TYPE_CHECKING:
    from pathlib import Path

    from staithe.linkage.decide import Decision
    from staithe.linkage.model import Model
    from staithe.linkage.run import Run
    from staithe.linkage.scores import Scores


def write_result(
    run: Run,
    model: Model,
    came: tuple[Decision, Scores],
    report: dict[str, Any],
    out: Path,
) -> None:
    """Write what came of a run, decision and links; complete the report on the way."""
    decision, links = came
    con = run.job.con
    changes = _name_clusters(run, decision)
    if changes:
        report["changes"] = changes.as_report()
    sure = links.where(links.weight >= decision.threshold)
    bridges = find_bridges(sure, decision.clusters)
    report["clusters"]["bridges"] = len(bridges.left)
    evidence = gather(run, decision, links)
    report |= evidence.report
    with outputs.whole_folder(out) as folder:
        _write_pairs(run, decision, links, folder)
        evidence.write(run, folder)
        outputs.write_bridges(con, bridges, folder / "bridges.parquet")
        if run.job.explain:
            write_explained(
                con,
                model,
                universe=evidence.universe,
                strata=evidence.strata,
                bridges=bridges,
                table=RECORDS,
                path=folder / EXPLAINED,
            )
        if changes:
            path = folder / "changes.parquet"
            versions.write_changes(con, path, now=outputs.CLUSTERS)
        if run.job.keep_state:
            save_state(run, model, decision, folder / "state.duckdb")
        _write_reports(run, model, report, folder)


def _name_clusters(run: Run, decision: Decision) -> versions.Changes | None:
    """Name the clusters, after those of an earlier version where one was given."""
    con = run.job.con
    outputs.show_clusters(con, decision.clusters, table=RECORDS)
    if run.job.previous is None:
        return versions.name_clusters(con, now=outputs.CLUSTERS)
    return versions.name_clusters(
        con,
        now=outputs.CLUSTERS,
        before=versions.names_of(run.job.previous),
        salt=versions.salt_of(run.job.previous),
    )


def _write_pairs(run: Run, decision: Decision, links: Scores, folder: Path) -> None:
    """Write links, clusters and, where asked for, every scored pair."""
    con = run.job.con
    outputs.write_pairs(con, links, table=RECORDS, path=folder / "links.parquet")
    outputs.write_provenance(
        con, links, run.chosen, table=RECORDS, path=folder / "provenance.parquet"
    )
    outputs.write_named(con, folder / "clusters.parquet")
    if run.job.all_pairs:
        path = folder / "pairs.parquet"
        outputs.write_pairs(con, decision.scores, table=RECORDS, path=path)


def _write_reports(
    run: Run, model: Model, report: dict[str, Any], folder: Path
) -> None:
    """Write what explains the result: report, model, specification."""
    outputs.write_json(folder / "report.json", report)
    outputs.write_json(folder / "model.json", model.as_splink())
    (folder / "specification.yaml").write_text(to_yaml(run.specification), "utf-8")
    (folder / "report.html").write_text(render_report(report), "utf-8")
    (folder / "caveat.txt").write_text(report["caveat"] + "\n", "utf-8")
