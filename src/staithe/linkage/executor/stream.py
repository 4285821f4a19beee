"""Write predictions as they come, and join records on the way: pairs are never all held."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from staithe.linkage.executor.kernel import address
from staithe.linkage.executor.records import arrow
from staithe.linkage.scores import Floats


if TYPE_CHECKING:
    from staithe.linkage.executor.executor import Batch, Executor


Labels = npt.NDArray[np.int32]
SCHEMA = pa.schema(
    [
        ("left_id", pa.string()),
        ("right_id", pa.string()),
        ("match_weight", pa.float64()),
        ("match_probability", pa.float64()),
        ("rule", pa.int8()),
    ]
)


@dataclass(frozen=True)
class Written:
    """What a stream of predictions came to."""

    pairs: int
    labels: Labels  # for each record the first one that it is joined with


def write_predictions(
    executor: Executor,
    ids: pa.Array,
    path: Path,
    *,
    least: float = -np.inf,
    join_at: float = 0.0,
) -> Written:
    """Write every pair of at least a weight; join records at `join_at`."""
    parent = np.arange(executor.records.count, dtype=np.int32)

    def rows(batch: Batch) -> tuple[Batch, pa.RecordBatch]:
        return batch, _as_rows(batch, ids)

    pairs = 0
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        use_dictionary=["rule"],
        write_statistics=False,
    ) as writer:
        for batch, table in executor.predict(least=least, made=rows):
            writer.write_batch(table)
            pairs += len(batch.left)
            executor.library.st_join(
                address(parent), address(batch.left), address(batch.right),
                address(batch.weight), join_at, len(batch.left),
            )  # fmt: skip
    executor.library.st_labels(address(parent), len(parent))
    return Written(pairs, parent)


def _as_rows(batch: Batch, ids: pa.Array) -> pa.RecordBatch:
    size = len(batch.left)
    columns = [
        ids.take(arrow(batch.left, pa.int32())),
        ids.take(arrow(batch.right, pa.int32())),
        arrow(batch.weight, pa.float64()),
        arrow(_probability(batch.weight), pa.float64()),
        arrow(np.full(size, batch.rule, np.int8), pa.int8()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _probability(weight: Floats) -> Floats:
    """Return weights as probabilities, in fewer steps than for a few pairs."""
    with np.errstate(over="ignore"):
        found: Floats = np.exp2(-weight)
    found += 1.0
    np.reciprocal(found, out=found)
    return found


def write_labels(labels: Labels, ids: pa.Array, sources: pa.Array, path: Path) -> None:
    """Write source, id and cluster of every record; a cluster is named by its first."""
    named = ids.take(arrow(labels, pa.int32()))
    table = pa.table({"source": sources, "id": ids, "cluster": named})
    pq.write_table(table, path, compression="zstd", use_dictionary=["source"])
