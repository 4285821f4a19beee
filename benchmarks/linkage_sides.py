"""One side of the speed comparison, in a process of its own: Splink or ours.

`python linkage_sides.py SIDE JOB LEFT RIGHT MODEL OUT` prints one JSON line: seconds of
each stage, peak memory, pairs. Both read the same Parquet files and write pairs and
clusters as Parquet. Jobs: `predict` with a trained model, `train` from the start.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


START = time.perf_counter()
CONCAT = "first_name || ' ' || surname AS first_name_surname_concat"
THREADS = 2
STAGES: dict[str, tuple[float, float]] = {}
CPU = [0.0]


def stage(name: str, since: float) -> float:
    """Note what a stage took (wall, CPU) and return the time now."""
    now, cpu = time.perf_counter(), time.process_time()
    STAGES[name] = (round(now - since, 2), round(cpu - CPU[0], 2))
    CPU[0] = cpu
    return now


def settings(*, dedupe: bool) -> dict[str, Any]:
    """Return the untrained model: Splink's own comparisons, eight rules."""
    from splink import SettingsCreator, block_on
    from splink import comparison_library as cl
    from splink_reference import names_comparison

    created = SettingsCreator(
        link_type="dedupe_only" if dedupe else "link_only",
        unique_id_column_name="unique_id",
        comparisons=[
            names_comparison().configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            cl.JaroWinklerAtThresholds("middle_name", [0.9]),
            cl.ExactMatch("sex"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("dob", "surname"),
            block_on("dob", "first_name"),
            block_on("postcode", "surname"),
            block_on("postcode", "first_name"),
            block_on("first_name", "surname", "substr(postcode,1,2)"),
            block_on("dob", "substr(postcode,1,4)"),
            block_on(
                "substr(first_name,1,3)", "substr(surname,1,4)", "substr(dob,1,4)"
            ),
            block_on("surname", "substr(dob,1,7)"),
        ],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    return created.create_settings_dict("duckdb")


PRIOR = ["l.first_name = r.first_name AND l.surname = r.surname AND l.dob = r.dob",
    "l.dob = r.dob AND l.postcode = r.postcode"]  # fmt: skip
RECALL = 0.8
SAME_NAME = "l.first_name = r.first_name AND l.surname = r.surname"
SAME_AREA = "substr(l.postcode, 1, 2) = substr(r.postcode, 1, 2)"
BLOCKS = ["l.dob = r.dob", f"{SAME_NAME} AND {SAME_AREA}"]


def load(con: Any, files: list[str], kind: str) -> list[str]:
    """Give the files names, the derived column included."""
    names = ["a", "b"][: len(files)]
    for name, file in zip(names, files, strict=True):
        con.execute(
            f"CREATE {kind} {name} AS SELECT unique_id, first_name, surname, middle_name,"
            f" sex, dob, postcode, {CONCAT} FROM '{file}'"
        )
    return names


def splink(job: str, files: list[str], model: Path, out: Path) -> int:
    """Run stock Splink 5 on DuckDB."""
    import logging

    import duckdb
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    at = stage("import", START)
    con = duckdb.connect(config={"threads": THREADS})
    names = load(con, files, "TABLE")
    api = DuckDBAPI(connection=con)
    written = (
        settings(dedupe=len(files) == 1)
        if job == "train"
        else json.loads(model.read_text())
    )
    frames = [api.register(name, dataset_display_name=name) for name in names]
    linker = Linker(frames, written, log_level=logging.ERROR)
    at = stage("load", at)
    if job == "train":
        linker.training.estimate_probability_two_random_records_match(
            PRIOR, recall=RECALL
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
        at = stage("u", at)
        for block in BLOCKS:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block, estimate_without_term_frequencies=True
            )
        at = stage("em", at)
        linker.misc.save_model_to_json(str(model), overwrite=True)
    pairs = linker.inference.predict(warning_mode="never")
    at = stage("predict", at)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_weight=0
    )
    at = stage("cluster", at)
    con.execute(
        f"COPY {pairs.physical_name} TO '{out}/pairs.parquet' (COMPRESSION zstd)"
    )
    con.execute(
        f"COPY (SELECT source_dataset, unique_id, cluster_id FROM {clusters.physical_name})"
        f" TO '{out}/clusters.parquet' (COMPRESSION zstd)"
        if len(files) > 1
        else f"COPY (SELECT unique_id, cluster_id FROM {clusters.physical_name})"
        f" TO '{out}/clusters.parquet' (COMPRESSION zstd)"
    )
    stage("write", at)
    return int(
        con.execute(f"SELECT count(*) FROM {pairs.physical_name}").fetchall()[0][0]
    )


def ours(job: str, files: list[str], model: Path, out: Path) -> int:
    """Run the executor on the same model."""
    from staithe.linkage.executor.splink_model import open_model
    from staithe.linkage.executor.stream import write_labels, write_predictions
    from staithe.linkage.fit import fit_model
    from staithe.tables.engine import connect

    at = stage("import", START)
    con = connect(memory_mb=2000, threads=THREADS, temp_directory=out)
    names = load(con, files, "VIEW")
    if job == "train":
        written = json.loads(model.with_name("untrained.json").read_text())
    else:
        written = json.loads(model.read_text())
    tables = [(name, name) for name in names]
    executor, view = open_model(
        con, written, tables, threads=THREADS, training=(*PRIOR, *BLOCKS)
    )
    ids = con.sql(f"SELECT unique_id, source_dataset FROM {view}").to_arrow_table()
    at = stage("load", at)
    if job == "train":
        fitted = fit_model(
            executor,
            written,
            prior_rules=len(PRIOR),
            recall=RECALL,
            pairs=1_000_000,
            seed=1,
        )
        model.write_text(json.dumps(fitted.model))
        at = stage("train", at)
    ids = ids.combine_chunks()
    keys = ids.column("unique_id").combine_chunks()
    found = write_predictions(executor, keys, out / "pairs.parquet")
    at = stage("predict, cluster, write pairs", at)
    sources = ids.column("source_dataset").combine_chunks()
    write_labels(found.labels, keys, sources, out / "clusters.parquet")
    stage("write clusters", at)
    return found.pairs


def main(arguments: list[str]) -> None:
    side, job, left, right, model, out = arguments
    files = [left] if right == "-" else [left, right]
    run = splink if side == "splink" else ours
    if side == "settings":
        Path(model).write_text(json.dumps(settings(dedupe=right == "-")))
        return
    pairs = run(job, files, Path(model), Path(out))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "side": side,
                "job": job,
                "seconds": round(time.perf_counter() - START, 2),
                "cpu": round(cpu.ru_utime + cpu.ru_stime, 2),
                "gigabytes": round(peak, 2),
                "pairs": pairs,
                "stages": STAGES,
            }
        )
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(sys.argv[1:])
