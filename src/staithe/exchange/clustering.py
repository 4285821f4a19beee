"""Which rows of several grants are one person: linkage, two grants at a time.

Sources are called t1, t2 ... in the order of the grants, never by a reference, so
one seed gives one result in every installation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from staithe.exchange.cutting import ROW_KEY


if TYPE_CHECKING:
    from staithe.linkage.result import LinkResult
    from staithe.linkage.specification import LinkSpecification

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class LinkRun:
    """clusters.parquet (source, id, cluster), the names of sources, what was found."""

    clusters: Path
    sources: tuple[str, ...]
    links: int
    report: dict[str, Any]


def cluster_grants(
    files: Sequence[Sequence[Path]],
    *,
    specification: dict[str, Any],
    scratch: Path,
    progress: Progress,
) -> LinkRun:
    """Cluster the rows of each grant's files; one grant alone needs no linkage."""
    # Splink is slow to import and only this job needs it.
    from staithe.linkage.link import link_tables

    sources = tuple(f"t{number}" for number in range(1, len(files) + 1))
    if len(files) == 1:
        clusters = _each_row_alone(files[0], sources[0], scratch)
        return LinkRun(clusters, sources, 0, {"runs": []})
    runs: list[LinkResult] = []
    pairs = list(combinations(range(len(files)), 2))
    for number, (a, b) in enumerate(pairs):
        share = number / len(pairs)
        progress(share, f"Linking {number + 1} of {len(pairs)}")
        runs.append(
            link_tables(
                list(files[a]),
                list(files[b]),
                id_column=ROW_KEY,
                out=scratch / f"link-{number}",
                names=(sources[a], sources[b]),
                specification=_read(specification),
                seed=settings.LINKAGE_SEED,
                memory_mb=settings.ENGINE_MEMORY_MB,
                threads=settings.ENGINE_THREADS,
                progress=lambda step, part, share=share: progress(  # type: ignore[misc]  # the default binds the loop's value
                    share + part / len(pairs), step
                ),
            )
        )
    clusters = runs[0].clusters
    if len(pairs) > 1:
        clusters = _merge(files, sources, pairs, runs, scratch)
    report = {"runs": [run.report for run in runs]}
    return LinkRun(clusters, sources, sum(run.link_count for run in runs), report)


def _read(specification: dict[str, Any]) -> LinkSpecification | None:
    from staithe.linkage.specification import from_yaml

    text = specification.get("yaml")
    return from_yaml(text) if text else None


def _row_keys(files: Sequence[Path]) -> pa.ChunkedArray:
    table = pa.concat_tables(pq.read_table(path, columns=[ROW_KEY]) for path in files)
    return table.column(ROW_KEY)


def _each_row_alone(files: Sequence[Path], source: str, scratch: Path) -> Path:
    ids = _row_keys(files).cast(pa.string())
    out = scratch / "clusters.parquet"
    sources = pa.array([source] * len(ids))
    cluster = pc.binary_join_element_wise(sources, ids, ":")
    pq.write_table(pa.table({"source": sources, "id": ids, "cluster": cluster}), out)
    return out


def _merge(
    files: Sequence[Sequence[Path]],
    sources: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    runs: Sequence[LinkResult],
    scratch: Path,
) -> Path:
    """Take the connected components of the links of every pair of sources."""
    keys = [_row_keys(part).to_numpy() for part in files]
    starts = np.cumsum([0, *(len(part) for part in keys)])
    ends: list[list[Any]] = [[], []]
    for (a, b), run in zip(pairs, runs, strict=True):
        links = pq.read_table(run.links, columns=["left_id", "right_id"])
        for side, (source, name) in enumerate(((a, "left_id"), (b, "right_id"))):
            ids = links.column(name).cast(pa.int64()).to_numpy()
            order = np.argsort(keys[source])
            place = order[np.searchsorted(keys[source], ids, sorter=order)]
            ends[side].append(place + starts[source])
    left, right = (np.concatenate(side) for side in ends)
    size = int(starts[-1])
    graph = coo_array((np.ones(len(left), bool), (left, right)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    out = scratch / "clusters.parquet"
    names = np.repeat(np.array(sources), [len(part) for part in keys])
    table = {
        "source": pa.array(names),
        "id": pa.array(np.concatenate(keys)).cast(pa.string()),
        "cluster": pa.array(label).cast(pa.string()),
    }
    pq.write_table(pa.table(table), out)
    return out
