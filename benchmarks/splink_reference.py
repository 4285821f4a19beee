"""Stock Splink 5 on the labelled sets, set up as its own demonstrations do.

The peer that `benchmarks/linkage.py` measures against: the settings follow the
Splink documentation for each file, with blocking and training chosen by hand.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_library as cl


NAMES = ("first_name", "surname")


@dataclass(frozen=True)
class Reference:
    """How Splink is set up for one labelled set, and how its truth is read."""

    files: tuple[str, ...]
    id_column: str
    truth: str
    comparisons: list[Any]
    blocking: list[Any]
    prior_rules: list[Any]
    recall: float
    u_pairs: float
    em_blocks: list[Any]
    derived: str = ""


def tf(comparison: Any) -> Any:
    """Switch term frequency adjustments on."""
    return comparison.configure(term_frequency_adjustments=True)


def names_comparison() -> Any:
    """Return the forename and surname comparison with its derived column."""
    return cl.ForenameSurnameComparison(
        "first_name",
        "surname",
        forename_surname_concat_col_name="first_name_surname_concat",
    )


CONCAT = "first_name || ' ' || surname AS first_name_surname_concat"

REFERENCES: dict[str, Reference] = {
    "febrl4": Reference(
        files=("febrl4a.csv", "febrl4b.csv"),
        id_column="rec_id",
        truth="regexp_extract(rec_id, 'rec-([0-9]+)-', 1)",
        comparisons=[
            tf(cl.NameComparison("given_name")),
            tf(cl.NameComparison("surname")),
            cl.DateOfBirthComparison(
                "date_of_birth",
                input_is_string=True,
                datetime_format="%Y%m%d",
                invalid_dates_as_null=True,
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            tf(cl.ExactMatch("street_number")),
            tf(cl.DamerauLevenshteinAtThresholds("postcode", [1, 2])),
        ],
        blocking=[
            block_on("given_name", "surname"),
            "l.given_name = r.surname and l.surname = r.given_name",
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        prior_rules=[
            block_on("soc_sec_id"),
            block_on("given_name", "surname", "date_of_birth"),
        ],
        recall=0.8,
        u_pairs=1e6,
        em_blocks=[block_on("date_of_birth"), block_on("postcode")],
    ),
    "fake_1000": Reference(
        files=("fake_1000.csv",),
        id_column="unique_id",
        truth="cluster",
        comparisons=[
            cl.ForenameSurnameComparison("first_name", "surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            tf(cl.ExactMatch("city")),
            cl.EmailComparison("email"),
        ],
        blocking=[
            block_on("first_name"),
            block_on("surname"),
            block_on("dob"),
            block_on("email"),
        ],
        prior_rules=[
            "l.first_name = r.first_name and levenshtein(r.dob, l.dob) <= 1",
            "l.surname = r.surname and levenshtein(r.dob, l.dob) <= 1",
            "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
            block_on("email"),
        ],
        recall=0.7,
        u_pairs=1e6,
        em_blocks=[
            block_on("dob"),
            block_on("email"),
            block_on("first_name", "surname"),
        ],
    ),
    "historical_50k": Reference(
        files=("historical_50k.parquet",),
        id_column="unique_id",
        truth="cluster",
        derived=CONCAT,
        comparisons=[
            names_comparison(),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            tf(cl.ExactMatch("birth_place")),
            tf(cl.ExactMatch("occupation")),
        ],
        blocking=[
            block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
            block_on("surname", "dob"),
            block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"),
            block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"),
            block_on("substr(postcode_fake,1,3)", "dob"),
            block_on("substr(postcode_fake,1,3)", "first_name"),
            block_on("substr(postcode_fake,1,3)", "surname"),
            block_on(
                "substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"
            ),
        ],
        prior_rules=[
            block_on("first_name", "surname", "dob"),
            block_on("substr(first_name,1,2)", "surname", "substr(postcode_fake,1,2)"),
            block_on("dob", "postcode_fake"),
        ],
        recall=0.6,
        u_pairs=1e7,
        em_blocks=[block_on("first_name", "surname"), block_on("dob")],
    ),
    "uk20k": Reference(
        files=("uk20k_a.parquet", "uk20k_b.parquet"),
        id_column="unique_id",
        truth="cluster",
        derived=CONCAT,
        comparisons=[
            names_comparison(),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            cl.JaroWinklerAtThresholds("middle_name", [0.9]),
            cl.ExactMatch("sex"),
        ],
        blocking=[
            block_on("dob", "surname"),
            block_on("dob", "first_name"),
            block_on("postcode", "surname"),
            block_on("postcode", "first_name"),
            block_on("first_name", "surname", "substr(postcode,1,3)"),
            block_on("dob", "substr(postcode,1,3)"),
        ],
        prior_rules=[
            block_on("first_name", "surname", "dob"),
            block_on("dob", "postcode"),
        ],
        recall=0.8,
        u_pairs=1e7,
        em_blocks=[
            block_on("dob"),
            block_on("first_name", "surname", "substr(postcode,1,2)"),
        ],
    ),
}


def load(con: duckdb.DuckDBPyConnection, path: Path, name: str, derived: str) -> None:
    """Read one file into a table: headers and values trimmed, empty as null."""
    reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
    options = "" if path.suffix == ".parquet" else ", all_varchar=true, header=true"
    source = f"{reader}('{path}'{options})"
    columns = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    parts = [
        f'nullif(trim("{c[0]}"::VARCHAR), \'\') AS "{c[0].strip()}"' for c in columns
    ]
    con.execute(f"CREATE TABLE {name} AS SELECT {', '.join(parts)} FROM {source}")
    if derived:
        con.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT *, {derived} FROM {name}"
        )


def run_splink(reference: Reference, folder: Path) -> list[tuple[str, str, float]]:
    """Train and predict; return (left id, right id, match weight) of every pair."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    con = duckdb.connect()
    tables = ["t_a", "t_b"][: len(reference.files)]
    for table, file in zip(tables, reference.files, strict=True):
        load(con, folder / file, table, reference.derived)
    api = DuckDBAPI(connection=con)
    frames = [api.register(t, dataset_display_name=t) for t in tables]
    settings = SettingsCreator(
        link_type="link_only" if len(tables) > 1 else "dedupe_only",
        unique_id_column_name=reference.id_column,
        comparisons=reference.comparisons,
        blocking_rules_to_generate_predictions=reference.blocking,
        retain_matching_columns=False,
    )
    linker = Linker(frames, settings, log_level=logging.ERROR)
    train(linker, reference)
    pairs = linker.inference.predict()
    name = reference.id_column
    return con.execute(
        f'SELECT "{name}_l", "{name}_r", match_weight FROM {pairs.physical_name}'
    ).fetchall()


def train(linker: Linker, reference: Reference) -> None:
    """Estimate the prior, u by sampling and m by expectation maximisation."""
    linker.training.estimate_probability_two_random_records_match(
        reference.prior_rules, recall=reference.recall
    )
    linker.training.estimate_u_using_random_sampling(
        max_pairs=reference.u_pairs, seed=1
    )
    for block in reference.em_blocks:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block, estimate_without_term_frequencies=True
        )


def read_truth(reference: Reference, folder: Path) -> list[dict[str, str]]:
    """Return, for each file, row id → person."""
    con = duckdb.connect()
    truths = []
    for place, file in enumerate(reference.files):
        load(con, folder / file, f"t{place}", "")
        rows = con.execute(
            f"SELECT {reference.id_column}, {reference.truth} FROM t{place}"
        ).fetchall()
        truths.append({str(row): str(person) for row, person in rows})
    return truths
