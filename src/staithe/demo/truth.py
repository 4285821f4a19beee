"""Who is who in the demo world, kept apart from the extracts, and scores against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from staithe.base.errors import BadInput
from staithe.demo.columns import spelled, whole
from staithe.demo.population import SOURCES
from staithe.demo.records import draw_roster


if TYPE_CHECKING:
    from pathlib import Path

    from staithe.demo.draws import Ints
    from staithe.demo.population import World


@dataclass(frozen=True)
class LinkScore:
    """How good a set of links is, pair by pair, over ALL true pairs.

    A true pair that was never proposed is a miss, not an absence.
    """

    true_pairs: int  # pairs of rows that are about one person
    linked_pairs: int  # different pairs proposed
    found_pairs: int  # both
    precision: float
    recall: float
    f1: float


def draw_truth(world: World) -> pa.Table:
    """Return source, row_id and person_id of every row of every extract."""
    rosters = [draw_roster(world, source) for source in SOURCES]
    sizes = [len(roster.person) for roster in rosters]
    source = np.repeat(np.arange(len(SOURCES)), sizes)
    return pa.table(
        {
            "source": spelled(SOURCES, source),
            "row_id": pa.concat_arrays([roster.row_id for roster in rosters]),
            "person_id": whole(np.concatenate([roster.person for roster in rosters])),
        }
    )


def write_truth(world: World, path: Path) -> Path:
    """Write the truth to a Parquet file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(draw_truth(world), path, compression="zstd")
    return path


def score_links(pairs: pa.Table, truth: pa.Table, left: str, right: str) -> LinkScore:
    """Score links (columns left_id, right_id) between two sources, or within one.

    Within one source a pair counts once, whichever way round it is given. Raises
    BadInput when a link names a row that the truth does not hold.
    """
    left_ids, left_people = _source(truth, left)
    right_ids, right_people = _source(truth, right)
    a = _places(pairs, "left_id", left_ids)
    b = _places(pairs, "right_id", right_ids)
    if left == right:
        apart = a != b
        a, b = np.minimum(a, b)[apart], np.maximum(a, b)[apart]
    linked = np.unique(a * len(right_ids) + b)
    a, b = np.divmod(linked, len(right_ids))
    found = int((left_people[a] == right_people[b]).sum())
    true_pairs = _true_pairs(left_people, right_people, same=left == right)
    return _score(true_pairs, len(linked), found)


def _score(true_pairs: int, linked: int, found: int) -> LinkScore:
    precision = found / linked if linked else 1.0
    recall = found / true_pairs if true_pairs else 1.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return LinkScore(true_pairs, linked, found, precision, recall, f1)


def _source(truth: pa.Table, source: str) -> tuple[pa.Array, Ints]:
    rows = truth.filter(pc.equal(truth["source"], source))
    if rows.num_rows == 0:
        raise BadInput(f"The truth holds no source called {source}.")
    return rows["row_id"].combine_chunks(), rows["person_id"].to_numpy()


def _places(pairs: pa.Table, column: str, ids: pa.Array) -> Ints:
    """Return where each link's row stands among the source's rows."""
    if column not in pairs.column_names:
        raise BadInput(f"The links need a column {column}.")
    places = pc.index_in(pairs[column].cast(ids.type), value_set=ids)
    if places.null_count:
        unknown = pairs[column].filter(pc.is_null(places))[0]
        raise BadInput(f"The links name a row that the truth does not hold: {unknown}.")
    found: Ints = places.to_numpy().astype(np.int64)
    return found


def _true_pairs(left: Ints, right: Ints, *, same: bool) -> int:
    people = int(max(left.max(), right.max())) + 1
    a = np.bincount(left, minlength=people).astype(np.int64)
    b = np.bincount(right, minlength=people).astype(np.int64)
    return int((a * (a - 1) // 2).sum()) if same else int((a * b).sum())
