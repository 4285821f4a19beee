"""Run a Splink model over standardised records on DuckDB.

The one module (with `spark_engine`) that talks to Splink while it computes, so an
executor of our own can stand beside it later with the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from staithe.linkage.blocking import ChosenRule
from staithe.linkage.comparisons import Comparison
from staithe.linkage.model import (
    Trained,
    TrainingBlock,
    make_linker,
    settle_parameters,
    splink_settings,
    train,
)
from staithe.linkage.scores import Ints, Scores, read_scores
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb


SEPARATOR = "-__-"  # between dataset and record number in Splink's join keys


def columns_read(
    comparisons: Sequence[Comparison],
    chosen: Sequence[ChosenRule],
    blocks: Sequence[TrainingBlock],
) -> list[str]:
    """Return the columns of the records that the model and its rules read."""
    found: list[str] = []
    for comparison in comparisons:
        for level in comparison.levels:
            found += re.findall(r'"(\w+)_[lr]"', level.sql)
            found += [level.tf] if level.tf else []
    found += [column for block in blocks for column in block.columns]
    found += [each.key for each in chosen]
    return list(dict.fromkeys(found))


class DuckDBScorer:
    """Trains and scores with Splink on one DuckDB connection."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        standardised: Standardised,
        comparisons: Sequence[Comparison],
        chosen: Sequence[ChosenRule],
        blocks: Sequence[TrainingBlock],
    ) -> None:
        from splink import DuckDBAPI

        self.con = con
        self.blocks = blocks
        self.comparisons = comparisons
        self.chosen = chosen
        self.dedupe = len(standardised.rows) == 1
        self.api = DuckDBAPI(connection=con)
        columns = ", ".join(map(quote, columns_read(comparisons, chosen, blocks)))
        self.frames = []
        for side in range(len(standardised.rows)):
            con.execute(
                f"CREATE VIEW side_{side} AS SELECT rid, {columns}"
                f" FROM {standardised.table} WHERE source_number = {side}"
            )
            self.frames.append(
                self.api.register(f"side_{side}", dataset_display_name=f"s{side}")
            )

    def train(self, *, prior: float, pairs: int, seed: int) -> Trained:
        """Train the model on the records."""
        settings = splink_settings(
            self.comparisons, self.chosen, dedupe=self.dedupe, prior=prior
        )
        linker = make_linker(self.api, self.frames, settings)
        trained = train(linker, self.blocks, pairs=pairs, seed=seed)
        settle_parameters(linker)
        return trained

    def predict(self, trained: Trained) -> Scores:
        """Score every pair that a rule proposes."""
        predicted = trained.linker.inference.predict(warning_mode="never")
        scores = read_scores(self.con, predicted.physical_name)
        predicted.drop_table_from_database_and_remove_from_cache()
        return scores

    def score_pairs(self, trained: Trained, left: Ints, right: Ints) -> Scores:
        """Score given pairs of record numbers, whatever the rules propose."""
        import pyarrow as pa

        keys = "rid" if self.dedupe else None
        pairs = pa.table({"l": left, "r": right})
        self.con.register("wanted", pairs)
        key = (
            "w.l AS join_key_l, w.r AS join_key_r"
            if keys
            else f"'s0{SEPARATOR}' || w.l AS join_key_l, 's1{SEPARATOR}' || w.r AS join_key_r"
        )
        self.con.execute(
            f"CREATE OR REPLACE TABLE wanted_pairs AS SELECT '0' AS match_key, {key}"
            " FROM wanted w"
        )
        self.con.unregister("wanted")
        frame = self.api.register("wanted_pairs", dataset_display_name="wanted")
        trained.linker.table_management.register_blocked_pairs_for_predict(frame)
        return self.predict(trained)


def model_file(trained: Trained, prior: float) -> dict[str, Any]:
    """Return the model as Splink reads it, with the prior that the scores have."""
    return trained.model | {"probability_two_random_records_match": prior}
