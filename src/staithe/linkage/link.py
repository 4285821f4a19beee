"""Link two tables, or find the repeats in one: the way in to this room.

Sees files of identifiers and a specification, gives back links and clusters with a
report, in a folder that is complete or absent.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from staithe.base.errors import BadInput
from staithe.linkage import outputs, versions
from staithe.linkage.blocking import (
    Budget,
    ChosenRule,
    Rule,
    add_keys,
    candidate_rules,
    choose_rules,
)
from staithe.linkage.comparisons import comparisons_for
from staithe.linkage.correlated import judged_once
from staithe.linkage.counting import (
    Counter,
    ExecutorCounter,
    SqlCounter,
    TrainingBlock,
    agreements,
)
from staithe.linkage.crosswalk import Crosswalk, apply_crosswalks, check_given
from staithe.linkage.decide import Decision, decide, holds_each_once
from staithe.linkage.detect import detect_specification, with_date_orders
from staithe.linkage.executor.executor import Executor
from staithe.linkage.executor.trees import NotKnown
from staithe.linkage.inputs import (
    OpenInput,
    Source,
    check_ids,
    check_specified,
    open_input,
    sample,
)
from staithe.linkage.model import Model, first_prior, same_key_sql, same_sql
from staithe.linkage.rare_words import add_rare_words, count_words
from staithe.linkage.result import LinkResult
from staithe.linkage.run import (
    RECORDS,
    Engine,
    Job,
    Progress,
    Run,
    run_report,
)
from staithe.linkage.scores import Scores
from staithe.linkage.scoring import DuckDBScorer, ExecutorScorer, Scorer
from staithe.linkage.specification import LinkSpecification, with_settings
from staithe.linkage.standardise import Standardised, standardise
from staithe.linkage.standardise_sql import install_macros
from staithe.linkage.training import Chances, train, training_blocks
from staithe.linkage.winners import learn_again
from staithe.linkage.write_result import write_result
from staithe.tables.engine import connect


if TYPE_CHECKING:
    import duckdb

    from staithe.linkage.labelled import Labelled


# Pairs inside clusters that no rule proposed are scored up to this many.
MOST_IMPLIED = 20_000_000
# Of the machine's memory, what DuckDB may use; the executor needs as much again.
DATABASE_SHARE = 0.4
# Past so many pairs only those that may be matches are held, 24 bytes each.
MOST_HELD = 40_000_000
LEAST_HELD = -6.0


def link_tables(
    left: Source,
    right: Source | None = None,
    *,
    id_column: str | tuple[str, str],
    out: Path,
    specification: LinkSpecification | None = None,
    names: tuple[str, str] = ("left", "right"),
    ignore: Sequence[str] = (),
    truth_column: str | None = None,
    threshold: float | None = None,
    all_pairs: bool = False,
    groups: Sequence[str] = (),
    engine: Engine = "duckdb",
    seed: int = 1,
    previous: Path | None = None,
    keep_state: bool = False,
    explain: bool = False,
    labelled: Labelled | None = None,
    crosswalks: Sequence[Crosswalk] = (),
    memory_mb: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> LinkResult:
    """Link two tables (or the repeats in one) and write the result to folder `out`.

    Without a specification the columns are recognised by name and values. Clusters
    keep the names they have in the folder `previous`; with `keep_state` the folder
    also keeps standardised identifiers, so that records can be added later; with
    `explain`, why each link weighs what it weighs. `labelled` is what people's answers
    said of agreement among matches. `crosswalks` bring codes that changed to those in
    force. Raises BadInput, and then nothing is written.
    """
    outputs.check_folder(out)
    check_engine(engine)
    ids = (id_column, id_column) if isinstance(id_column, str) else id_column
    with tempfile.TemporaryDirectory(prefix=".linking-", dir=out.parent) as scratch:
        threads = threads or min(os.cpu_count() or 2, 8)
        con = connect(
            memory_mb=memory_mb or 1500, threads=threads, temp_directory=scratch
        )
        try:
            sources = [left] if right is None else [left, right]
            if specification is not None:
                check_given(specification.crosswalks, crosswalks)
            opened = _open(con, sources, names)
            inputs, crossed = apply_crosswalks(con, opened, crosswalks)
            job = Job(
                con,
                inputs,
                ids[: len(sources)],
                truth_column,
                seed,
                engine,
                all_pairs,
                progress or (lambda _step, _share: None),
                threads,
                versions.check_previous(previous),
                keep_state,
                tuple(groups),
                explain=explain,
                labelled=labelled,
                crossed=tuple(crossed),
            )
            if memory_mb is None:
                _give_memory(job)
            return _link(job, specification, ignore, threshold, out)
        finally:
            con.close()


def check_engine(engine: Engine) -> None:
    """Raise BadInput where the engine asked for is not installed."""
    if engine == "spark" and find_spec("pyspark") is None:
        raise BadInput(
            "The spark engine needs PySpark, which is not installed; install "
            "staithe[spark], or leave --engine out."
        )


def _open(
    con: duckdb.DuckDBPyConnection, sources: Sequence[Source], names: tuple[str, str]
) -> tuple[OpenInput, ...]:
    if len(sources) > 1 and names[0] == names[1]:
        raise BadInput("The two tables need different names.")
    return tuple(
        open_input(con, source, name=names[side], view=f"input_{side}")
        for side, source in enumerate(sources)
    )


def _give_memory(job: Job) -> None:
    """Allow memory by the number of rows: 1.5 GB and about 6 KB a row.

    At most a part of what the machine has; DuckDB then writes to its scratch folder.
    """
    rows = sum(opened.rows for opened in job.inputs)
    allowed = min(1500 + rows * 6 // 1000, int(machine_memory_mb() * DATABASE_SHARE))
    job.con.execute(f"SET memory_limit = '{allowed}MiB'")


def machine_memory_mb() -> int:
    """Return the memory of this machine; where it does not say, a small one's."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024**2
    except (AttributeError, ValueError, OSError):
        return 8192


def _link(
    job: Job,
    specification: LinkSpecification | None,
    ignore: Sequence[str],
    threshold: float | None,
    out: Path,
) -> LinkResult:
    job.progress("reading", 0.0)
    for opened, column in zip(job.inputs, job.id_columns, strict=True):
        check_ids(job.con, opened, column)
        for extra in [*ignore, *([job.truth_column] if job.truth_column else [])]:
            opened.check_column(extra)
    _check_groups(job)
    specification, left_out = _specification(job, specification, [*ignore, *job.groups])
    if threshold is not None:
        specification = with_settings(specification, threshold=threshold)
    used = {each["column"]: each["crosswalk"] for each in job.crossed}
    specification = replace(specification, crosswalks=used)
    job.progress("standardising", 0.1)
    install_macros(job.con)
    standardised = standardise(
        job.con, job.inputs, specification, id_columns=job.id_columns, table=RECORDS
    )
    count_words(job.con, standardised, specification)
    standardised = add_rare_words(job.con, standardised, specification)
    comparisons = comparisons_for(specification, standardised)
    if not comparisons:
        raise BadInput(
            "No field has values that could link these records; every common column "
            "is empty."
        )
    comparisons, notes = judged_once(job.con, standardised, specification, comparisons)
    job.progress("choosing pairs", 0.2)
    chosen = choose_pairs(job, specification, standardised)
    run = Run(
        job, specification, standardised, comparisons, chosen, left_out, tuple(notes)
    )
    return finish(run, out)


def _check_groups(job: Job) -> None:
    """Raise BadInput where a column to group by is in no file."""
    for name in job.groups:
        if not any(name in opened.columns for opened in job.inputs):
            job.inputs[0].check_column(name)


def _specification(
    job: Job, given: LinkSpecification | None, ignore: Sequence[str]
) -> tuple[LinkSpecification, tuple[tuple[str, str], ...]]:
    """Return the specification given, or the one detected with what it left out."""
    samples = [sample(job.con, opened) for opened in job.inputs]
    if given is not None:
        check_specified(job.inputs, given)
        return with_date_orders(given, samples), ()
    never = [*ignore, *job.id_columns]
    if job.truth_column:
        never.append(job.truth_column)
    found = detect_specification(
        job.inputs[0].columns,
        None if job.dedupe else job.inputs[1].columns,
        samples,
        ignore=never,
    )
    return found.specification, found.left_out


def choose_pairs(
    job: Job,
    specification: LinkSpecification,
    standardised: Standardised,
    written: Callable[[Rule], Rule] = lambda rule: rule,
) -> list[ChosenRule]:
    """Choose the blocking rules and add their keys to the records.

    `written` writes a rule for records of another make, such as tokens.
    """
    asked = specification.settings.pairs_per_record
    budget = Budget.for_rows(
        standardised.rows,
        dedupe=job.dedupe,
        per_record=None if asked == "auto" else float(asked),
    )
    rules, chosen = choose_rules(
        job.con,
        standardised,
        list(map(written, candidate_rules(specification))),
        budget,
        dedupe=job.dedupe,
    )
    if chosen:
        add_keys(job.con, standardised, rules, chosen, dedupe=job.dedupe)
    return chosen


def finish(run: Run, out: Path) -> LinkResult:
    """Train, score, decide, and write the result."""
    run.job.progress("training", 0.3)
    blocks = training_blocks(
        run.job.con, run.standardised, run.specification, dedupe=run.job.dedupe
    )
    executor = _executor(run, blocks)
    counter = _counter(run, blocks, executor)
    model = _train(run, blocks, counter)
    run.job.progress("scoring", 0.5)
    if run.job.labelled:
        model = run.job.labelled.applied_to(model)
        decision, links, warnings = _score(run, model, executor)
    else:
        model, (decision, links, warnings) = _score_twice(run, model, counter, executor)
    model = model.with_prior(decision.prior)
    run.job.progress("writing", 0.9)
    report = run_report(
        run, decision, links, model=model, blocks=blocks, warnings=warnings
    )
    report["executor"] = run.job.engine if executor is None else "compiled"
    if run.job.labelled:
        report["model"]["labels_from"] = run.job.labelled.review
    write_result(run, model, (decision, links), report, out)
    run.job.progress("done", 1.0)
    return LinkResult(out, run.specification, report)


def _executor(run: Run, blocks: Sequence[TrainingBlock]) -> Executor | None:
    """Load the records into the executor; None where SQL has to do the work."""
    if run.job.engine != "duckdb":
        return None
    try:
        executor = Executor(
            run.job.con,
            run.standardised.table,
            run.standardised.rows,
            comparisons=[each.untrained() for each in run.comparisons],
            rules=[same_key_sql(each.key) for each in run.chosen],
            training_rules=[same_sql(each.columns) for each in blocks],
            threads=run.job.threads,
        )
    except NotKnown:
        return None
    return executor if executor.counts_patterns(len(run.comparisons)) else None


def _counter(
    run: Run, blocks: Sequence[TrainingBlock], executor: Executor | None
) -> Counter:
    if executor is None:
        return SqlCounter(run.job.con, run.standardised, run.comparisons)
    return ExecutorCounter(executor, run.standardised, blocks)


def _train(run: Run, blocks: Sequence[TrainingBlock], counter: Counter) -> Model:
    job, standardised = run.job, run.standardised
    prior = first_prior(job.con, standardised, run.specification, dedupe=job.dedupe)
    parameters = train(
        counter,
        standardised,
        run.comparisons,
        blocks,
        chances=Chances(prior, agreements(job.con, standardised, run.comparisons)),
        pairs=run.specification.settings.training_pairs,
        seed=job.seed,
    )
    return Model(
        tuple(run.comparisons), parameters, tuple(run.chosen), prior, job.dedupe
    )


Scored = tuple[Decision, Scores, list[str]]


def _score_twice(
    run: Run, model: Model, counter: Counter, executor: Executor | None
) -> tuple[Model, Scored]:
    """Score and decide; where the winners teach, learn from them and do both again."""
    found = _score(run, model, executor)
    better = learn_again(counter, model, found[0], run.standardised.rows)
    if better is None:
        return model, found
    del found  # gigabytes, of ten million records
    run.job.progress("scoring again", 0.7)
    return better, _score(run, better, executor)


def _score(run: Run, model: Model, executor: Executor | None) -> Scored:
    """Score the pairs and decide; return links and what to be wary of."""
    if not any(each.size.kept for each in run.chosen):
        decision = _decide(run, model, Scores.none())
        nothing = "No two records agree on enough to be compared."
        return decision, decision.scores, [nothing]
    scorer = _scorer(run, model, executor)
    try:
        decision = _decide(run, model, scorer.predict())
        links, warnings = _links(scorer, decision, run.standardised)
    finally:
        scorer.close()
    if isinstance(scorer, ExecutorScorer) and np.isfinite(scorer.least):
        warnings.append(
            f"There are so many pairs that those of a match weight under {LEAST_HELD:g} "
            "were compared and let go; the counts of pairs leave them out."
        )
    return decision, links, warnings


def _scorer(run: Run, model: Model, executor: Executor | None) -> Scorer:
    """Return what scores: the engine asked for, loaded with records and model."""
    if run.job.engine == "spark":
        from staithe.linkage.spark_engine import SparkScorer

        return SparkScorer(run.job.con, run.standardised, model)
    if executor is not None:
        proposed = sum(each.size.kept for each in run.chosen)
        least = LEAST_HELD if proposed > MOST_HELD else -np.inf
        return ExecutorScorer(executor, model, least=least)
    return DuckDBScorer(run.job.con, run.standardised, model)


def _decide(run: Run, model: Model, scores: Scores) -> Decision:
    run.job.progress("deciding", 0.8)
    return decide(
        scores,
        run.standardised.rows,
        prior=model.prior,
        settings=run.specification.settings,
        each_once=_each_once(run),
    )


def _each_once(run: Run) -> tuple[bool, bool] | None:
    if run.job.dedupe:
        return None
    asked = run.specification.settings.one_to_one
    if isinstance(asked, bool):
        return asked, asked
    return holds_each_once(run.job.con, run.standardised, run.specification)


def _links(
    scorer: Scorer, decision: Decision, standardised: Standardised
) -> tuple[Scores, list[str]]:
    """Return every link: accepted pairs, and pairs that are linked through others.

    The latter were not proposed by a rule; they are scored here by the same model.
    """
    links = decision.scores.where(decision.accepted)
    if all(decision.one_partner) and len(standardised.rows) > 1:
        return links, []
    left_rows = standardised.rows[0] if len(standardised.rows) > 1 else 0
    left, right = decision.unscored_pairs(left_rows)
    if not len(left):
        return links, []
    if len(left) > MOST_IMPLIED:
        sentence = (
            f"{len(left):,} pairs are linked only through other records; they are in "
            "the clusters but not in the list of links."
        )
        return links, [sentence]
    implied = scorer.score_pairs(left, right).shifted(decision.shift)
    both = Scores(
        np.r_[links.left, implied.left],
        np.r_[links.right, implied.right],
        np.r_[links.weight, implied.weight],
    )
    order = np.lexsort((both.right, both.left))
    return Scores(both.left[order], both.right[order], both.weight[order]), []
