"""A Splink model without weights is trained here and runs in Splink as it stands."""

from __future__ import annotations

import logging
import random

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from splink import DuckDBAPI, Linker

from staithe.linkage.executor.splink_model import open_model
from staithe.linkage.executor.stream import write_labels, write_predictions
from staithe.linkage.fit import fit_model


PEOPLE, TYPOS = 3000, 0.1


def level(sql, **more):
    return {"sql_condition": sql} | more


def model():
    return {
        "link_type": "link_only",
        "unique_id_column_name": "id",
        "probability_two_random_records_match": 0.0001,
        "comparisons": [
            {
                "output_column_name": name,
                "comparison_levels": [
                    level(f"{name}_l IS NULL OR {name}_r IS NULL", is_null_level=True),
                    level(f"{name}_l = {name}_r"),
                    level("ELSE"),
                ],
            }
            for name in ("a", "b", "c")
        ],
        "blocking_rules_to_generate_predictions": ["l.a = r.a", "l.b = r.b"],
        "retain_matching_columns": False,
    }


@pytest.fixture
def con():
    """Two files of the same people; each of three words is mistyped in one of ten."""
    rng = random.Random(3)
    con = duckdb.connect()
    people = [
        [rng.randrange(200), rng.randrange(300), rng.randrange(400)]
        for _ in range(PEOPLE)
    ]
    for name in ("x", "y"):
        rows = []
        for number, words in enumerate(people):
            typed = [
                w + 1000 * (rng.random() < TYPOS / 2) * rng.randrange(1, 9)
                for w in words
            ]
            rows.append(
                {
                    "id": f"{name}{number}",
                    **dict(zip("abc", map(str, typed), strict=True)),
                }
            )
        con.register("incoming", pa.Table.from_pylist(rows))
        con.execute(f"CREATE TABLE {name} AS FROM incoming")
    return con


RULES = ("l.a = r.a AND l.b = r.b AND l.c = r.c", "l.a = r.a", "l.b = r.b")


def test_what_training_learns_is_what_the_files_were_made_with(con):
    executor, _ = open_model(con, model(), [("x", "x"), ("y", "y")], training=RULES)
    fitted = fit_model(
        executor, model(), prior_rules=1, recall=0.9**3, pairs=400_000, seed=1
    )
    assert fitted.warnings == ()
    share = fitted.model["probability_two_random_records_match"]
    assert share == pytest.approx(PEOPLE / PEOPLE**2, rel=0.1)
    for place, size in enumerate((200, 300, 400)):
        same = fitted.model["comparisons"][place]["comparison_levels"][1]
        assert same["m_probability"] == pytest.approx(1 - TYPOS, abs=0.03)
        assert same["u_probability"] == pytest.approx(1 / size, rel=0.3)
    api = DuckDBAPI(connection=con)
    name = (
        Linker(
            [api.register(t, dataset_display_name=t) for t in "xy"],
            fitted.model,
            log_level=logging.ERROR,
        )
        .inference.predict(warning_mode="never")
        .physical_name
    )
    expected = dict(
        con.execute(f"SELECT id_l || id_r, match_weight FROM {name}").fetchall()
    )
    ids = [f"{t}{n}" for t in "xy" for n in range(PEOPLE)]
    found = {
        ids[a] + ids[b]: w
        for batch in executor.predict()
        for a, b, w in zip(batch.left, batch.right, batch.weight, strict=True)
    }
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_sample_of_a_large_block_teaches_the_same(con):
    executor, _ = open_model(con, model(), [("x", "x"), ("y", "y")], training=RULES)
    assert executor.sample(1, 10**9, 1) is None
    kept = executor.sample(1, 10_000, 1)
    assert 0.3 < kept.mean() < 0.7
    few = executor.tally_rule(1, [1, 2], only=kept).counts.sum()
    assert 5_000 < few < 20_000
    every = executor.tally_rule(1, [1, 2]).counts.sum()
    exact = con.execute("SELECT count(*) FROM x JOIN y USING (a)").fetchall()[0][0]
    assert every == exact
    both = con.execute(
        "SELECT count(*) FROM x JOIN y ON x.a = y.a OR x.b = y.b"
    ).fetchall()[0][0]
    executor, _ = open_model(con, model(), [("x", "x"), ("y", "y")], training=RULES[1:])
    assert executor.count_pairs(2) == both


def test_a_comparison_that_is_in_every_block_is_named(con):
    executor, _ = open_model(
        con, model(), [("x", "x"), ("y", "y")], training=["l.a = r.a"]
    )
    fitted = fit_model(
        executor, model(), prior_rules=0, recall=1.0, pairs=50_000, seed=1
    )
    assert fitted.warnings == ("a is in every block and could not be trained.",)
    assert fitted.model["probability_two_random_records_match"] == 0.0001


def test_predictions_are_written_as_they_come_and_joined_on_the_way(con, tmp_path):
    executor, view = open_model(con, model(), [("x", "x"), ("y", "y")], training=RULES)
    fit_model(executor, model(), prior_rules=1, recall=0.73, pairs=100_000, seed=1)
    table = con.sql(f"SELECT id, source_dataset FROM {view}").to_arrow_table()
    ids, sources = (table.column(n).combine_chunks() for n in (0, 1))
    written = write_predictions(executor, ids, tmp_path / "pairs.parquet", join_at=3.0)
    pairs = pq.read_table(tmp_path / "pairs.parquet")
    assert pairs.num_rows == written.pairs > PEOPLE
    weight = pairs["match_weight"].to_numpy()
    assert pairs["match_probability"].to_numpy() == pytest.approx(
        1 / (1 + np.exp2(-weight))
    )
    write_labels(written.labels, ids, sources, tmp_path / "clusters.parquet")
    label = {
        row["id"]: row["cluster"]
        for row in pq.read_table(tmp_path / "clusters.parquet").to_pylist()
    }
    for row in pairs.filter(weight >= 3.0).to_pylist():
        assert label[row["left_id"]] == label[row["right_id"]]
    groups = {}
    for identifier, cluster in label.items():
        groups.setdefault(cluster, []).append(identifier)
    assert all(cluster in members for cluster, members in groups.items())
    assert PEOPLE * 0.8 < len(groups) < PEOPLE * 1.3
