"""Score pairs with Splink's own Spark backend, where the data is that large.

Standardising, training and deciding stay in DuckDB; the comparing, which is most of
the work, moves to Spark. Slower than DuckDB on one machine. Needs PySpark and Java.
Its Jaro-Winkler differs from DuckDB's in the last digits of long values, so under one
pair in a hundred falls into a neighbouring level.
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from staithe.linkage.model import Model
from staithe.linkage.scores import Ints, Scores, read_scores
from staithe.linkage.scoring import SEPARATOR, columns_read
from staithe.linkage.standardise import Standardised
from staithe.tables.engine import scan
from staithe.tables.sql import quote_identifier, quote_literal


if TYPE_CHECKING:
    import duckdb
    from splink import Linker

# Functions that Spark, or the jar Splink brings, has under another name. Hamming only
# rules pairs out before a stricter test, for which Levenshtein serves as well.
SPARK_NAMES = {
    "jaro_winkler_similarity": "jaro_winkler",
    "hamming": "levenshtein",
    "list_contains": "array_contains",
    "list_has_any": "arrays_overlap",
    "list_intersect": "array_intersect",
    "len": "size",
}


def spark_sql(condition: str) -> str:
    """Write one of our conditions, which are DuckDB's, in Spark's words."""
    named = re.sub(r"\b(\w+)\(", lambda m: SPARK_NAMES.get(m[1], m[1]) + "(", condition)
    return named.replace('"', "`")


def spark_settings(model: Model) -> dict[str, Any]:
    """Return the model as Splink settings with conditions in Spark's words."""
    settings = model.as_splink()
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            level["sql_condition"] = spark_sql(level["sql_condition"])
    return settings


def start_spark(scratch: Path, threads: int) -> Any:
    """Start a local Spark session with Splink's functions, silent and offline."""
    from splink.backends.spark import similarity_jar_location

    # An extra that most installations lack, types included.
    session = import_module("pyspark.sql").SparkSession
    spark = (
        session.builder.master(f"local[{threads}]")
        .config("spark.jars", similarity_jar_location())
        .config("spark.ui.enabled", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.sql.shuffle.partitions", str(4 * threads))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .getOrCreate()
    )
    spark.sparkContext.setCheckpointDir(str(scratch / "checkpoints"))
    return spark


class SparkScorer:
    """Scores with Splink on Spark; records go over, and pairs come back, as Parquet."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        standardised: Standardised,
        model: Model,
        *,
        threads: int = 2,
    ) -> None:
        from splink import Linker
        from splink.backends.spark import SparkAPI

        logging.getLogger("splink").setLevel(logging.ERROR)
        self.con = con
        self.dedupe = model.dedupe
        self.scratch = Path(tempfile.mkdtemp(prefix="staithe-spark-"))
        self.spark = start_spark(self.scratch, threads)
        self.api = SparkAPI(
            spark_session=self.spark,
            break_lineage_method="parquet",
            num_partitions_on_repartition=2 * threads,
        )
        frames = [
            self._frame(standardised, model, side)
            for side in range(len(standardised.rows))
        ]
        self.linker: Linker = Linker(
            frames, spark_settings(model), log_level=logging.ERROR
        )

    def _frame(self, standardised: Standardised, model: Model, side: int) -> Any:
        columns = ", ".join(map(quote_identifier, columns_read(model)))
        path = self.scratch / f"side_{side}.parquet"
        self.con.execute(
            f"COPY (SELECT rid, {columns} FROM {standardised.table} WHERE"
            f" source_number = {side}) TO {quote_literal(str(path))} (FORMAT parquet)"
        )
        table = self.spark.read.parquet(str(path))
        return self.api.register(table, dataset_display_name=f"s{side}")

    def predict(self) -> Scores:
        """Score every pair that a rule proposes."""
        predicted = self.linker.inference.predict(warning_mode="never")
        out = self.scratch / "predicted"
        shutil.rmtree(out, ignore_errors=True)
        self.spark.table(predicted.physical_name).write.parquet(str(out))
        return read_scores(self.con, scan(sorted(out.glob("*.parquet"))))

    def score_pairs(self, left: Ints, right: Ints) -> Scores:
        """Score given pairs of record numbers, whatever the rules propose."""
        first, second = left.tolist(), right.tolist()
        if not self.dedupe:
            first = [f"s0{SEPARATOR}{rid}" for rid in first]
            second = [f"s1{SEPARATOR}{rid}" for rid in second]
        wanted = pa.table(
            {
                "match_key": ["0"] * len(first),
                "join_key_l": first,
                "join_key_r": second,
            }
        )
        path = self.scratch / "wanted.parquet"
        pq.write_table(wanted, path)
        table = self.spark.read.parquet(str(path))
        frame = self.api.register(table, dataset_display_name="wanted")
        self.linker.table_management.register_blocked_pairs_for_predict(frame)
        return self.predict()

    def close(self) -> None:
        """Stop Spark and remove what was handed over."""
        self.spark.stop()
        shutil.rmtree(self.scratch, ignore_errors=True)
