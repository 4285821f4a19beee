"""Score pairs with a Splink model over standardised records.

`Scorer` is what an engine has to do. The executor of our own and Splink on DuckDB give
the same answers; Spark stands beside them.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from staithe.linkage.model import Model
from staithe.linkage.scores import Ints, Scores, read_scores
from staithe.linkage.standardise import Standardised
from staithe.tables.sql import quote_identifier as quote


if TYPE_CHECKING:
    import duckdb
    from splink import Linker, SplinkDataFrame

    from staithe.linkage.executor.executor import Executor


SEPARATOR = "-__-"  # between dataset and record number in Splink's join keys


def columns_read(model: Model) -> list[str]:
    """Return the columns of the records that the model and its rules read."""
    found = [column for each in model.comparisons for column in each.columns]
    found += [each.key for each in model.chosen]
    return list(dict.fromkeys(found))


class Scorer(Protocol):
    """What an engine has to do: score pairs by the model it was given."""

    def predict(self) -> Scores:
        """Score every pair that a rule proposes."""
        ...

    def score_pairs(self, left: Ints, right: Ints) -> Scores:
        """Score given pairs of record numbers, whatever the rules propose."""
        ...

    def close(self) -> None:
        """Give back what the engine holds besides the connection."""
        ...


class DuckDBScorer:
    """Scores with Splink on one DuckDB connection."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, standardised: Standardised, model: Model
    ) -> None:
        # Imported here because it takes a second, and the command line needs --help.
        from splink import DuckDBAPI, Linker

        logging.getLogger("splink").setLevel(logging.ERROR)
        self.con = con
        self.dedupe = model.dedupe
        self.api = DuckDBAPI(connection=con)
        self.linker: Linker = Linker(
            [
                self._frame(standardised, model, side)
                for side in range(len(standardised.rows))
            ],
            model.as_splink(),
            log_level=logging.ERROR,
        )

    def _frame(
        self, standardised: Standardised, model: Model, side: int
    ) -> SplinkDataFrame:
        """Register the records of one side, with only the columns that are read."""
        columns = ", ".join(map(quote, columns_read(model)))
        self.con.execute(
            f"CREATE OR REPLACE VIEW side_{side} AS SELECT rid, {columns}"
            f" FROM {standardised.table} WHERE source_number = {side}"
        )
        return self.api.register(f"side_{side}", dataset_display_name=f"s{side}")

    def predict(self) -> Scores:
        """Score every pair that a rule proposes."""
        predicted = self.linker.inference.predict(warning_mode="never")
        scores = read_scores(self.con, predicted.physical_name)
        predicted.drop_table_from_database_and_remove_from_cache()
        return scores

    def score_pairs(self, left: Ints, right: Ints) -> Scores:
        """Score given pairs of record numbers, whatever the rules propose."""
        self.con.register("wanted", pa.table({"l": left, "r": right}))
        keys = ("l", "r")
        if not self.dedupe:
            keys = (f"'s0{SEPARATOR}' || l", f"'s1{SEPARATOR}' || r")
        self.con.execute(
            "CREATE OR REPLACE TABLE wanted_pairs AS SELECT '0' AS match_key,"
            f" {keys[0]} AS join_key_l, {keys[1]} AS join_key_r FROM wanted"
        )
        self.con.unregister("wanted")
        frame = self.api.register("wanted_pairs", dataset_display_name="wanted")
        self.linker.table_management.register_blocked_pairs_for_predict(frame)
        return self.predict()

    def close(self) -> None:
        """Nothing is held besides the connection."""


class ExecutorScorer:
    """Scores with the executor, over records that it has loaded.

    Pairs of a weight under `least` are not given back.
    """

    def __init__(
        self, executor: Executor, model: Model, *, least: float = -np.inf
    ) -> None:
        self.executor = executor
        self.least = least
        executor.weigh(model.as_splink())

    def predict(self) -> Scores:
        """Score every pair that a rule proposes."""
        batches = list(self.executor.predict(least=self.least))
        if not batches:
            return Scores.none()
        left = np.concatenate([each.left for each in batches]).astype(np.int64) + 1
        right = np.concatenate([each.right for each in batches]).astype(np.int64) + 1
        weight = np.concatenate([each.weight for each in batches])
        order = np.argsort((left << 32) | right)
        return Scores(left[order], right[order], weight[order])

    def score_pairs(self, left: Ints, right: Ints) -> Scores:
        """Score given pairs of record numbers, whatever the rules propose."""
        weight, _ = self.executor.score_pairs(left - 1, right - 1)
        return Scores(left, right, weight)

    def close(self) -> None:
        """Nothing is held besides memory."""
