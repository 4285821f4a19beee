"""A join's report as a page shows it: holders' names in place of t1, t2; charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staithe.exchange.models import Grant, Join
from staithe.ui.charts import Chart, series_of


@dataclass(frozen=True)
class RunView:
    """One linkage of two tables, ready to show."""

    title: str
    links: int
    linked: list[tuple[str, int, int]]  # body, records linked, records
    threshold: dict[str, Any]
    fields: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    warnings: list[str]
    chart: Chart


def run_views(join: Join) -> list[RunView]:
    """Return each linkage of a join that is done."""
    names = _names(join)
    return [_view(run, names) for run in join.report.get("runs", [])]


def _names(join: Join) -> dict[str, str]:
    """Map t1, t2 ... to the bodies whose data they were."""
    grants = Grant.objects.filter(reference__in=join.grants).order_by("pk")
    holders = [grant.agreement.flow.asset.organisation.name for grant in grants]
    return {f"t{number}": name for number, name in enumerate(holders, 1)}


def _view(run: Mapping[str, Any], names: Mapping[str, str]) -> RunView:
    records = run["records"]
    linked = [(names[key], run["linked"][key], records[key]) for key in records]
    fields = [
        {
            "name": field["field"].replace("_", " "),
            "filled": [(names[key], share) for key, share in field["filled"].items()],
        }
        for field in run["fields"]
    ]
    return RunView(
        title=" and ".join(names[key] for key in records),
        links=run["links"],
        linked=linked,
        threshold=run["threshold"],
        fields=fields,
        rules=run["rules"],
        warnings=list(run["warnings"]),
        chart=_histogram(run),
    )


def _histogram(run: Mapping[str, Any]) -> Chart:
    bands = [band for band in run["histogram"] if band["pairs"]]
    return Chart(
        kind="bar",
        title="Links have high match weights; pairs left apart have low ones",
        subtitle="Candidate pairs by match weight (log2 odds), this linkage",
        summary=(
            f"{run['links']:,} pairs were accepted as links, from a match weight of "
            f"{run['threshold']['match_weight']:.1f}."
        ),
        category="Match weight from",
        categories=tuple(str(band["from"]) for band in bands),
        series=series_of(
            {
                "Left apart": tuple(band["pairs"] - band["links"] for band in bands),
                "Linked": tuple(band["links"] for band in bands),
            }
        ),
    )
