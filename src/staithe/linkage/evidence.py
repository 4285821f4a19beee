"""What a run leaves for judging it: pairs to look at, groups, what was lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from staithe.linkage.groups import (
    add_asked,
    flag_linked,
    group_columns,
    groups_report,
    implausible,
    write_weights,
)
from staithe.linkage.judgements import SAMPLE, strata_report, write_sample
from staithe.linkage.lost import lost_to_blocking
from staithe.linkage.run import RECORDS
from staithe.linkage.sampling import Stratum, Universe, draw_sample, universe_of
from staithe.linkage.scores import probability


if TYPE_CHECKING:
    from pathlib import Path

    from staithe.linkage.decide import Decision
    from staithe.linkage.run import Run
    from staithe.linkage.scores import Scores


SAMPLE_SIZE = 1200
WEIGHED = ("sex", "decade of birth")
VERSIONS = (0.5, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Evidence:
    """The part of the report that judges the run, and the files that go with it."""

    report: dict[str, Any]
    universe: Universe
    strata: tuple[Stratum, ...]
    groups: dict[str, str]

    def write(self, run: Run, folder: Path) -> None:
        """Write the sample to judge, the weights, and the caveat."""
        con = run.job.con
        write_sample(
            con, self.universe.scores, self.strata, table=RECORDS, path=folder / SAMPLE
        )
        cells = {name: self.groups[name] for name in WEIGHED if name in self.groups}
        write_weights(con, RECORDS, cells, path=folder / "weights.parquet")


def gather(run: Run, decision: Decision, links: Scores) -> Evidence:
    """Draw the sample of a run and measure who is linked."""
    con = run.job.con
    universe = universe_of(links, decision.scores, decision.accepted, decision.eligible)
    strata = draw_sample(
        universe.scores,
        universe.links,
        universe.eligible,
        size=SAMPLE_SIZE,
        seed=run.job.seed,
    )
    flag_linked(con, sum(run.standardised.rows), links)
    readable = run.job.readable
    groups = group_columns(run.specification, run.standardised) if readable else {}
    asked = add_asked(
        con,
        run.job.inputs,
        id_columns=run.job.id_columns,
        asked=run.job.groups,
        table=RECORDS,
    )
    report = {
        "sample": strata_report(strata),
        "lost": asdict(
            lost_to_blocking(con, RECORDS, [c.key for c in run.chosen], links)
        ),
        "groups": groups_report(con, RECORDS, groups | asked),
        "implausible": (
            implausible(con, run.specification, run.standardised, links)
            if readable
            else []
        ),
        "versions": _versions(links),
    }
    return Evidence(report, universe, strata, groups)


def _versions(links: Scores) -> list[dict[str, Any]]:
    """Return how many links higher thresholds would leave, to try an analysis on each."""
    chance = probability(links.weight)
    return [
        {"match_probability": least, "links": int((chance >= least).sum())}
        for least in VERSIONS
    ]
