"""A join's report as a page shows it: tables' names in place of t1, t2; charts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from staithe.exchange.joining import source_names
from staithe.exchange.models import Grant, Join
from staithe.ui.charts import Chart, series_of
from staithe.ui.wording import number


@dataclass(frozen=True)
class RunView:
    """One linkage of two tables, ready to show."""

    title: str
    links: int
    linked: list[tuple[str, int, int]]  # table, records linked, records
    precision: float | None
    recall: float | None
    fields: list[tuple[str, list[tuple[str, float]]]]
    rules: list[dict[str, Any]]
    warnings: list[str]
    chart: Chart | None
    estimate: dict[str, Any] | None  # what people judged, once a review is closed
    labels_from: str  # the review that its model learned from


@dataclass(frozen=True)
class PeopleView:
    """How many people a join found, and how many of them are in how many tables."""

    all: int
    in_tables: list[tuple[int, int]]  # tables, people

    @property
    def figures(self) -> list[tuple[str, str]]:
        """Return each number with its words, for the top of a page."""
        words = {1: "in one table only", 2: "in two tables", 3: "in three tables"}
        return [
            (number(people), words.get(tables, f"in {tables} tables"))
            for tables, people in self.in_tables
        ]


def run_views(join: Join) -> list[RunView]:
    """Return each linkage of a join that is done."""
    names = table_names(join)
    return [_view(run, names) for run in join.report.get("runs", [])]


def people_view(join: Join) -> PeopleView | None:
    """Return what a join says of people, once it is done."""
    found = join.report.get("people")
    if found is None:
        return None
    spread = sorted((int(n), k) for n, k in found["in_tables"].items())
    return PeopleView(found["all"], spread)


def table_names(join: Join) -> dict[str, str]:
    """Map t1, t2 ... to the tables that took part, named with their holder."""
    grants = list(
        Grant.objects.filter(reference__in=join.grants)
        .select_related("agreement__flow__asset__organisation")
        .order_by("pk")
    )
    assets = [grant.agreement.flow.asset for grant in grants]
    titles = [f"{asset.title} ({asset.organisation.name})" for asset in assets]
    return dict(zip(source_names(join.project, grants), titles, strict=True))


def _view(run: Mapping[str, Any], names: Mapping[str, str]) -> RunView:
    records = run["records"]
    threshold = run["threshold"]
    return RunView(
        title=" and ".join(names[key] for key in records),
        links=run["links"],
        linked=[(names[key], run["linked"][key], records[key]) for key in records],
        precision=threshold["expected_precision"],
        recall=threshold["expected_recall"],
        fields=[
            (
                field["field"].replace("_", " ").capitalize(),
                [(names[key], share) for key, share in field["filled"].items()],
            )
            for field in run["fields"]
        ],
        rules=run["blocking"]["rules"],
        warnings=list(run["warnings"]),
        chart=_histogram(run),
        estimate=run.get("estimate"),
        labels_from=run["model"].get("labels_from", ""),
    )


def _histogram(run: Mapping[str, Any]) -> Chart | None:
    used = [place for place, band in enumerate(run["histogram"]) if band["pairs"]]
    if not used:
        return None
    bands = run["histogram"][used[0] : used[-1] + 1]
    groups = {
        "Linked": [band["links"] for band in bands],
        "Left apart": [band["pairs"] - band["links"] for band in bands],
    }
    return Chart(
        kind="line",
        title="Links have high match weights; pairs left apart have low ones",
        subtitle="Share of each group of pairs (%), by match weight",
        summary=(
            f"{run['links']:,} pairs were accepted as links, from a match weight of "
            f"{run['threshold']['match_weight']:.1f}. Where the two lines overlap, "
            "some links are wrong and some are missed."
        ),
        category="Match weight from",
        categories=tuple(str(band["from"]) for band in bands),
        series=series_of({name: _shares(pairs) for name, pairs in groups.items()}),
    )


def _shares(pairs: list[int]) -> tuple[float, ...]:
    every = sum(pairs) or 1
    return tuple(round(100 * count / every, 2) for count in pairs)
