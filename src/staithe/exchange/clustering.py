"""Which rows of several grants are one person: linkage, two grants at a time.

Sources are called t1, t2 ... by the place of their grant among all the grants that
the project ever had. So a row keeps its name when others come and go, and one seed
gives one result in every installation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from staithe.exchange.crosswalks import crosswalk_registers
from staithe.exchange.cutting import ROW_KEY


if TYPE_CHECKING:
    from staithe.linkage.labelled import Labelled
    from staithe.linkage.result import LinkResult
    from staithe.linkage.specification import LinkSpecification

Progress = Callable[[float, str], None]
Taught = Callable[[tuple[str, str]], "Labelled | None"]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LinkRun:
    """clusters.parquet (source, id, cluster), and what linkage found on the way."""

    clusters: Path
    links: int
    people: dict[str, int]  # by source
    report: dict[str, Any]
    results: tuple[LinkResult, ...]  # of each two sources, in the order of the report


@dataclass(frozen=True)
class Rows:
    """Every row of every source in one line: where each source starts, and its keys."""

    sources: tuple[str, ...]
    keys: tuple[Numbers, ...]

    @property
    def starts(self) -> Numbers:
        """Return the place of each source's first row, and the number of all rows."""
        found: Numbers = np.cumsum([0, *(len(part) for part in self.keys)])
        return found

    def places(self, source: str, keys: Numbers) -> Numbers:
        """Return where rows of a source, named by row key, stand in the line."""
        number = self.sources.index(source)
        own = self.keys[number]
        order = np.argsort(own)
        found: Numbers = (
            self.starts[number] + order[np.searchsorted(own, keys, sorter=order)]
        )
        return found


def cluster_grants(
    files: Mapping[str, Sequence[Path]],
    *,
    specification: dict[str, Any],
    scratch: Path,
    progress: Progress,
    labelled: Taught = lambda _names: None,
) -> LinkRun:
    """Cluster the rows of each source's files; one source alone needs no linkage.

    A cluster is named by its first row, as `t1:17`. `labelled` gives what people's
    answers taught of two sources. Raises BadInput where linkage finds nothing to compare.
    """
    rows = Rows(tuple(files), tuple(_row_keys(part) for part in files.values()))
    # A filter may leave a grant without a row, and there is nobody in it to link.
    filled = {
        source: files[source]
        for source, keys in zip(rows.sources, rows.keys, strict=True)
        if len(keys)
    }
    runs = _link_pairs(filled, specification, scratch, progress, labelled)
    first = _first_of_each(rows, [run.clusters for run in runs])
    clusters = _write_clusters(rows, first, scratch / "clusters.parquet")
    links = sum(run.link_count for run in runs)
    report = {"runs": [run.report for run in runs], "people": _spread(rows, first)}
    return LinkRun(clusters, links, _people(rows, first), report, tuple(runs))


def _link_pairs(
    files: Mapping[str, Sequence[Path]],
    specification: dict[str, Any],
    scratch: Path,
    progress: Progress,
    labelled: Taught,
) -> list[LinkResult]:
    pairs = list(combinations(files, 2))
    if not pairs:
        return []
    # Splink is slow to import and only this job needs it.
    from staithe.linkage.link import link_tables

    wanted = read_specification(specification)
    crosswalks = crosswalk_registers(wanted, scratch) if wanted else []
    runs = []
    for number, (left, right) in enumerate(pairs):
        share = number / len(pairs)
        runs.append(
            link_tables(
                list(files[left]),
                list(files[right]),
                id_column=ROW_KEY,
                out=scratch / f"link-{number}",
                names=(left, right),
                specification=wanted,
                crosswalks=crosswalks,
                explain=True,
                labelled=labelled((left, right)),
                seed=settings.LINKAGE_SEED,
                memory_mb=settings.ENGINE_MEMORY_MB,
                threads=settings.ENGINE_THREADS,
                progress=lambda step, part, share=share: progress(  # type: ignore[misc]  # the default binds the loop's value
                    share + part / len(pairs), step.capitalize()
                ),
            )
        )
    return runs


def read_specification(specification: dict[str, Any]) -> LinkSpecification | None:
    """Return the specification that a person gave, if any; BadInput if it is bad."""
    text = specification.get("yaml")
    if not text:
        return None
    from staithe.linkage.specification import from_yaml

    return from_yaml(text)


def _row_keys(files: Sequence[Path]) -> Numbers:
    table = pa.concat_tables(pq.read_table(path, columns=[ROW_KEY]) for path in files)
    keys: Numbers = table.column(ROW_KEY).cast(pa.int64()).to_numpy()
    return keys


def _first_of_each(rows: Rows, clusters: Sequence[Path]) -> Numbers:
    """Return for each row the place of the first row of the same person.

    Over several linkages: whoever is one person in any of them is one person.
    """
    size = int(rows.starts[-1])
    if not clusters:
        return np.arange(size)
    ends = [_edges(rows, path) for path in clusters]
    left, right = (np.concatenate([end[side] for end in ends]) for side in (0, 1))
    graph = coo_array((np.ones(len(left), bool), (left, right)), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    first = np.full(count, size, np.int64)
    np.minimum.at(first, label, np.arange(size))
    found: Numbers = first[label]
    return found


def _present(rows: Rows, first: Numbers) -> npt.NDArray[np.bool_]:
    """Return for each source and each person whether the person is in it."""
    found = np.zeros((len(rows.sources), len(first)), bool)
    parts = np.split(first, rows.starts[1:-1])
    for number, part in enumerate(parts):
        found[number, part] = True
    return found


def _people(rows: Rows, first: Numbers) -> dict[str, int]:
    """Count the people of each source."""
    counts = _present(rows, first).sum(axis=1).tolist()
    return dict(zip(rows.sources, counts, strict=True))


def _spread(rows: Rows, first: Numbers) -> dict[str, Any]:
    """Count the people, and how many are in one table, in two, and so on."""
    people = np.bincount(_present(rows, first).sum(axis=0))
    in_tables = {str(n): int(k) for n, k in enumerate(people) if n and k}
    return {"all": sum(in_tables.values()), "in_tables": in_tables}


def _edges(rows: Rows, clusters: Path) -> tuple[Numbers, Numbers]:
    """Return an edge from every row of a linkage to the first row of its cluster."""
    table = pq.read_table(clusters, columns=["source", "id", "cluster"])
    place = np.empty(table.num_rows, np.int64)
    names = table.column("source").combine_chunks()
    keys = table.column("id").cast(pa.int64()).to_numpy()
    for source in pc.unique(names).to_pylist():
        mine = pc.equal(names, source).to_numpy(zero_copy_only=False)
        place[mine] = rows.places(source, keys[mine])
    group = table.column("cluster").combine_chunks().dictionary_encode().indices
    codes = group.to_numpy()
    _, first = np.unique(codes, return_index=True)
    return place, place[first[codes]]


def _write_clusters(rows: Rows, first: Numbers, out: Path) -> Path:
    names = pa.array(np.repeat(np.array(rows.sources), [len(k) for k in rows.keys]))
    keys = pa.array(np.concatenate(rows.keys)).cast(pa.string())
    labels = pc.binary_join_element_wise(names, keys, ":").take(pa.array(first))
    pq.write_table(pa.table({"source": names, "id": keys, "cluster": labels}), out)
    return out
