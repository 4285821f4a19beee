"""Having the pairs of a join judged: what a review is given of the join's evidence."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from staithe.base.errors import BadInput, Conflict, NotFound
from staithe.exchange.cutting import ROW_KEY
from staithe.exchange.joining import source_names
from staithe.exchange.models import Grant, Join
from staithe.exchange.reports import table_names
from staithe.exchange.storage import open_recorded, the_store
from staithe.linkage.actions import DrawnPair, Linkage, start_review
from staithe.linkage.models import Review
from staithe.linkage.permissions import check_ask
from staithe.linkage.sampling import share_out
from staithe.people.models import Person
from staithe.tables.snapshot import snapshot_paths


USUAL, FEWEST, MOST = 200, 40, 1200  # pairs that each reviewer judges
MOST_BRIDGES = 50
MOST_RECORDS = 40  # of each side of a cluster


def have_judged(
    *, join: Join, run: int, size: int = USUAL, by: Person, at: datetime
) -> Review:
    """Give about `size` pairs of one linkage of a join to be judged by two people.

    Raises Conflict where the join or a grant of it is over, BadInput for the size.
    """
    check_ask(by, join.project)
    if not FEWEST <= size <= MOST:
        raise BadInput(
            f"The number of pairs must be between {FEWEST} and {MOST:,}.", field="size"
        )
    if join.state != Join.State.DONE or not 0 <= run < len(join.evidence):
        raise Conflict(
            "The pairs of this join cannot be judged: it is not the newest, or an "
            "agreement behind it has closed. Join the data again."
        )
    report = join.report["runs"][run]
    names = list(report["records"])
    titles = table_names(join)
    pairs = _Evidence(join.evidence[run]).draw(report["sample"], size)
    linkage = Linkage(
        join=join.number,
        run=run,
        title=" and ".join(titles[name] for name in names),
        sources=_sources(join, names, titles),
        id_column=ROW_KEY,
        specification=join.evidence[run]["specification"],
        strata=report["sample"],
        lost=report["lost"],
        model=report["model"],
        threshold=report["threshold"]["match_weight"],
        pairs=pairs,
    )
    return start_review(project=join.project, linkage=linkage, by=by, at=at)


def _sources(
    join: Join, names: Sequence[str], titles: Mapping[str, str]
) -> list[dict[str, str]]:
    grants = list(Grant.objects.filter(reference__in=join.grants).order_by("pk"))
    known = dict(zip(source_names(join.project, grants), grants, strict=True))
    return [
        {
            "name": name,
            "title": titles[name],
            "snapshot": known[name].identifiers_snapshot,
            "sha256": known[name].identifiers_sha256,
        }
        for name in names
    ]


class _Evidence:
    """What a join kept of one linkage: its links, and the pairs that may be judged."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        try:
            manifest = open_recorded(kept["snapshot"], kept["sha256"])
        except NotFound as error:
            raise Conflict("The evidence of this join is gone. Join again.") from error
        paths = snapshot_paths(manifest, store=the_store())
        self.table = pa.concat_tables(pq.read_table(path) for path in paths)
        self.stratum = self.table["stratum"].to_numpy()
        self.bridge = self.table["bridge"].to_numpy(zero_copy_only=False)
        link = self.table["link"].to_numpy(zero_copy_only=False)
        places = np.flatnonzero(link)
        self.links = self.table.take(pa.array(places))

    def draw(self, strata: Sequence[Mapping[str, Any]], size: int) -> list[DrawnPair]:
        """Return pairs to judge, as many of each stratum, then bridges to look at."""
        wanted = share_out([each["drawn"] for each in strata], size)
        chosen = [
            place
            for number, count in enumerate(wanted)
            for place in np.flatnonzero(self.stratum == number)[:count]
        ]
        chosen.sort()  # the table's own order is by hash and tells nothing
        among = set(chosen)
        bridges = [n for n in np.flatnonzero(self.bridge) if n not in among]
        weight = self.table["match_weight"]
        bridges.sort(key=lambda n: weight[int(n)].as_py())
        clusters = _Clusters(self.links)
        drawn = [self._pair(int(n), clusters, judge=True) for n in chosen]
        weakest = bridges[:MOST_BRIDGES]
        return drawn + [self._pair(int(n), clusters, judge=False) for n in weakest]

    def _pair(self, place: int, clusters: _Clusters, *, judge: bool) -> DrawnPair:
        (row,) = self.table.slice(place, 1).to_pylist()
        return DrawnPair(
            left=row["left"],
            right=row["right"],
            weight=row["match_weight"],
            link=row["link"],
            stratum=row["stratum"] if judge else None,
            levels=json.loads(row["levels"]),
            rarities=json.loads(row["rarities"]),
            bridge=row["bridge"],
            cluster=clusters.around(row["left"], row["right"]),
        )


class _Clusters:
    """The links by cluster, to show what a pair's two records are with."""

    def __init__(self, links: pa.Table) -> None:
        left, right = (links[side].to_numpy() for side in ("left", "right"))
        ones, a = np.unique(left, return_inverse=True)
        twos, b = np.unique(right, return_inverse=True)
        size = len(ones) + len(twos)
        edges = (np.ones(len(a), bool), (a, b + len(ones)))
        _, label = connected_components(
            coo_array(edges, shape=(size, size)), directed=False
        )
        self.of_left = dict(
            zip(ones.tolist(), label[: len(ones)].tolist(), strict=True)
        )
        self.of_right = dict(
            zip(twos.tolist(), label[len(ones) :].tolist(), strict=True)
        )
        self.links: dict[int, list[list[Any]]] = defaultdict(list)
        rows = zip(
            left.tolist(),
            right.tolist(),
            links["match_weight"].to_pylist(),
            links["bridge"].to_pylist(),
            strict=True,
        )
        for row in rows:
            self.links[self.of_left[row[0]]].append(list(row))

    def around(self, left: int, right: int) -> dict[str, Any]:
        """Return the clusters of two records as a reviewed pair keeps them."""
        one, two = self.of_left.get(left), self.of_right.get(right)
        among = [c for c in dict.fromkeys((one, two)) if c is not None]
        found = [link for c in among for link in self.links[c]]
        lefts = sorted({left} | {link[0] for link in found}, key=lambda k: k != left)
        rights = sorted({right} | {link[1] for link in found}, key=lambda k: k != right)
        kept = set(lefts[:MOST_RECORDS]), set(rights[:MOST_RECORDS])
        return {
            "left": lefts[:MOST_RECORDS],
            "right": rights[:MOST_RECORDS],
            "links": [
                each for each in found if each[0] in kept[0] and each[1] in kept[1]
            ],
            "together": one is not None and one == two,
            "more": len(lefts) + len(rights) - len(kept[0]) - len(kept[1]),
        }
