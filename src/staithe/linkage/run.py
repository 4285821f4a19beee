"""One run: what was asked, what was prepared for it, and the report of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from staithe.linkage import truth
from staithe.linkage.blocking_loss import Loss, estimate_loss
from staithe.linkage.quality_report import (
    blocking_report,
    caveat,
    inputs_report,
    model_report,
    result_report,
    software_report,
)


if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from staithe.linkage.blocking import ChosenRule
    from staithe.linkage.comparisons import Comparison
    from staithe.linkage.counting import TrainingBlock
    from staithe.linkage.decide import Decision
    from staithe.linkage.inputs import OpenInput
    from staithe.linkage.labelled import Labelled
    from staithe.linkage.model import Model
    from staithe.linkage.scores import Scores
    from staithe.linkage.specification import LinkSpecification
    from staithe.linkage.standardise import Standardised


Engine = Literal["duckdb", "spark"]
Progress = Callable[[str, float], None]

RECORDS = "records"
FAIR_RECALL = 0.97  # estimated; below it the report warns


@dataclass(frozen=True)
class Job:
    """What was asked, with everything settled."""

    con: duckdb.DuckDBPyConnection
    inputs: tuple[OpenInput, ...]
    id_columns: tuple[str, ...]
    truth_column: str | None
    seed: int
    engine: Engine
    all_pairs: bool
    progress: Progress
    threads: int
    previous: Path | None = None
    keep_state: bool = False
    groups: tuple[str, ...] = ()  # columns for grouping only
    readable: bool = True  # whether the records hold values, and not tokens of them
    explain: bool = False  # whether to write why each link weighs what it weighs
    labelled: Labelled | None = None  # what people said in an earlier review
    crossed: tuple[dict[str, Any], ...] = ()  # codes brought up to date, for the report

    @property
    def dedupe(self) -> bool:
        """Whether the repeats of one file are looked for."""
        return len(self.inputs) == 1


@dataclass(frozen=True)
class Run:
    """A job with its records ready to be compared."""

    job: Job
    specification: LinkSpecification
    standardised: Standardised
    comparisons: list[Comparison]
    chosen: list[ChosenRule]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()  # on fields that say the same thing twice


NO_LINKS = (
    "No two records were linked. Look at the columns not used in the report; edit "
    "specification.yaml and use it with --spec where one of them matters. Without a "
    "match the weights are guesses: do not add records to this result later."
)


def run_report(
    run: Run,
    decision: Decision,
    links: Scores,
    *,
    model: Model,
    blocks: Sequence[TrainingBlock],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Return the report of a run in full."""
    job = run.job
    report = {
        **software_report(run.specification, seed=job.seed, engine=job.engine),
        **inputs_report(job.inputs, run.standardised),
        "crosswalks": list(job.crossed),
        "left_out": [{"column": c, "reason": why} for c, why in run.left_out],
        "blocking": blocking_report(run.chosen, run.standardised, len(decision.scores)),
        **result_report(decision, links, run.standardised, job.inputs),
    }
    # A pair that loses to a better partner is no match, however likely it looks.
    hopeful = decision.scores.where(decision.eligible)
    compared = len(run.comparisons)
    loss = estimate_loss(job.con, hopeful, run.chosen, table=RECORDS, compared=compared)
    report["blocking"] |= {
        "estimated_recall": loss.recall, "estimated_pairs_lost": round(loss.missed)
    }  # fmt: skip
    if job.truth_column:
        report["truth"] = _against_truth(run, decision, links)
    report["model"] = model_report(model, blocks)
    nothing = [] if len(links) else [NO_LINKS]
    report["warnings"] = [
        *nothing, *_blocking_warnings(run), *_loss_warning(loss), *model.parameters.warnings, *warnings
    ]  # fmt: skip
    report["model"]["judged_once"] = list(run.notes)
    report["caveat"] = caveat(report)
    return report


def _loss_warning(loss: Loss) -> list[str]:
    if loss.recall is None or loss.recall >= FAIR_RECALL:
        return []
    return [
        (
            f"The rules that choose which records to compare may have missed about "
            f"{loss.missed:,.0f} true pairs or more: at least {1 - loss.recall:.0%} of all."
        )
    ]


def _blocking_warnings(run: Run) -> list[str]:
    return [
        f"{each.size.dropped_values:,} very common values of {each.name} would have "
        f"made {each.size.dropped_pairs:,} pairs; this rule leaves them out."
        for each in run.chosen
        if each.size.dropped_pairs
    ]


def _against_truth(run: Run, decision: Decision, links: Scores) -> dict[str, Any]:
    job = run.job
    truth.add_truth(
        job.con,
        job.inputs,
        id_columns=job.id_columns,
        truth_column=str(job.truth_column),
        table=RECORDS,
    )
    rows = sum(run.standardised.rows)
    return truth.truth_report(
        links,
        truth.flag_true(job.con, links, rows),
        decision.scores,
        truth.flag_true(job.con, decision.scores, rows),
        decision.eligible,
        total=truth.count_true_pairs(job.con, dedupe=job.dedupe),
    )
