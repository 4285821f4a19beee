"""Pages that explain a pair: the waterfall of its weight, the cluster around it."""

from __future__ import annotations

from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from staithe.linkage.explain import Step, waterfall
from staithe.linkage.models import ReviewedPair
from staithe.linkage.policies import check_explains
from staithe.linkage.queries import cluster_of, get_pair, get_review
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.web import render_page


def steps_of(pair: ReviewedPair) -> list[Step]:
    """Return the steps from the prior to the pair's match weight."""
    return waterfall(pair.review.model, pair.levels, pair.rarities)


def _explained(request: HttpRequest, reference: str, number: int) -> ReviewedPair:
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    check_explains(review, person=person)
    return get_pair(review, number)


@require_GET
@signed_in
def weights(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show step by step why a pair weighs what it weighs."""
    pair = _explained(request, reference, number)
    steps = steps_of(pair)
    if wants_csv(request):
        header = ["compared", "found", "weight", "of_it_rarity", "total"]
        rows = [(s.name, s.found, s.weight, s.rarity, s.total) for s in steps]
        return csv_response(f"{reference}-{number}-weights", header, rows)
    return render_page(
        request,
        "linkage/weights.html",
        {
            "review": pair.review,
            "pair": pair,
            "steps": list(zip(steps, _bars(steps), strict=True)),
        },
    )


# The drawing: 100 units wide, zero where the lowest total leaves it.
WIDTH = 100.0


def _bars(steps: list[Step]) -> list[tuple[float, float, bool]]:
    """Return for each step where its bar starts, how wide it is, whether it is for."""
    ends = [0.0, *(step.total for step in steps)]
    low, high = min(ends), max(ends)
    scale = WIDTH / ((high - low) or 1.0)
    bars = []
    for before, after in pairwise(ends):
        start = (min(before, after) - low) * scale
        width = max(abs(after - before) * scale, 0.5)
        bars.append((round(start, 2), round(width, 2), after >= before))
    return bars


@require_GET
@signed_in
def cluster(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show the records that the two of a pair are with, and the links between them."""
    pair = _explained(request, reference, number)
    view = cluster_of(pair)
    if wants_csv(request):
        header = ["left", "right", "weight", "bridge"]
        rows = [
            (each.left, each.right, each.weight, each.bridge) for each in view.links
        ]
        return csv_response(f"{reference}-{number}-links", header, rows)
    return render_page(
        request,
        "linkage/cluster.html",
        {"review": pair.review, "pair": pair, "view": view},
    )
