"""What pages, the API and the exchange may read of reviews."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from staithe.base.errors import Conflict, NotFound
from staithe.linkage.labelled import Labelled, from_learned
from staithe.linkage.models import Review, ReviewedPair, Reviewer
from staithe.linkage.permissions import can_link, check_see_review
from staithe.linkage.side_by_side import (
    Opened,
    PairView,
    titles_of,
    view_pair,
    view_records,
)
from staithe.linkage.specification import from_yaml
from staithe.sharing.models import Project
from staithe.tables.snapshot import open_snapshot, snapshot_paths
from staithe.tables.store import open_store


if TYPE_CHECKING:
    from django.db.models import QuerySet

    from staithe.people.models import Person


GONE = "The records of this review are gone: an agreement behind it has closed."


def reviews_for(person: Person) -> QuerySet[Review]:
    """Return the reviews a person may see, newest first.

    A trusted linker sees those of projects they never worked on, a member their own.
    """
    found = Review.objects.select_related("project__organisation", "asked_by")
    mine = Project.objects.filter(members__person=person)
    if can_link(person):
        return found.exclude(project__in=mine)
    working = Project.objects.filter(members__person=person, members__ended_at=None)
    return found.filter(project__in=working)


def get_review(reference: str, *, person: Person) -> Review:
    """Return a review that the person may see."""
    found = Review.objects.filter(reference=reference)
    review = found.select_related("project__organisation", "asked_by").first()
    if review is None:
        raise NotFound("There is no review of that reference.")
    check_see_review(person, review)
    return review


def get_pair(review: Review, number: int) -> ReviewedPair:
    """Return one pair of a review by its number."""
    pair = review.pairs.filter(number=number).first()
    if pair is None:
        raise NotFound("This review has no pair of that number.")
    return pair


def find_reviews_of(project: Project, *, join: int) -> dict[int, Review]:
    """Return the reviews of a join by the number of the linkage; stopped ones not."""
    found = project.pair_reviews.filter(join=join).exclude(state=Review.State.STOPPED)
    return {review.run: review for review in found}


def order_of(reviewer: Reviewer) -> list[int]:
    """Return the numbers of the pairs to judge, in this reviewer's own order."""
    pairs = reviewer.review.pairs.exclude(stratum=None)
    numbers = list(pairs.order_by("number").values_list("number", flat=True))
    random.Random(reviewer.seed).shuffle(numbers)  # noqa: S311  an order, not a secret
    return numbers


def answers_of(reviewer: Reviewer) -> dict[int, str]:
    """Return what a reviewer said so far, by pair number."""
    return dict(reviewer.answers.values_list("pair__number", "answer"))


def next_pair(reviewer: Reviewer, *, after: int | None = None) -> int | None:
    """Return the next pair without an answer, past one pair where that is named.

    Comes round to what was skipped; None when every pair has its answer.
    """
    order, done = order_of(reviewer), answers_of(reviewer)
    start = order.index(after) + 1 if after in order else 0
    turned = order[start:] + order[:start]
    return next((n for n in turned if n not in done and n != after), None) or (
        after if after in order and after not in done else None
    )


@dataclass(frozen=True)
class Progress:
    """How far one reviewer is."""

    place: int
    name: str
    answered: int
    finished: bool


def progress_of(review: Review) -> list[Progress]:
    """Return how far each reviewer is, in the order in which they came."""
    return [
        Progress(
            each.place,
            each.person.name,
            each.answers.count(),
            each.finished_at is not None,
        )
        for each in review.reviewers.select_related("person")
    ]


def pairs_to_judge(review: Review) -> int:
    """Return how many pairs each reviewer judges."""
    return review.pairs.exclude(stratum=None).count()


def records_of(pair: ReviewedPair) -> PairView:
    """Return the two records of a pair and their households. Conflict if they are gone."""
    review = pair.review
    return view_pair(
        from_yaml(review.specification), _opened(review), (pair.left, pair.right)
    )


@dataclass(frozen=True)
class ClusterRecord:
    """One record of a cluster: A1, A2 on the left side, B1 on the right; its values."""

    name: str
    source: str
    values: tuple[str, ...]
    of_pair: bool


@dataclass(frozen=True)
class ClusterLink:
    """A link inside a cluster; a weak bridge alone holds two halves together."""

    left: str
    right: str
    weight: float
    bridge: bool


@dataclass(frozen=True)
class ClusterView:
    """The records that a pair's two records are with, and the links between them."""

    titles: tuple[str, ...]
    records: tuple[ClusterRecord, ...]
    links: tuple[ClusterLink, ...]
    together: bool  # whether both records of the pair are in one cluster
    more: int  # records beyond those shown


def cluster_of(pair: ReviewedPair) -> ClusterView:
    """Return the cluster of a pair, or the clusters of its two records."""
    review = pair.review
    specification, opened = from_yaml(review.specification), _opened(review)
    names: list[dict[int, str]] = []
    records = []
    for side, word in enumerate("AB"):
        keys = pair.cluster["left" if side == 0 else "right"]
        values = view_records(specification, side, opened[side], keys)
        names.append({key: f"{word}{n}" for n, key in enumerate(keys, 1)})
        records += [
            ClusterRecord(
                names[side][key],
                review.sources[side]["title"],
                values[key],
                key == (pair.left, pair.right)[side],
            )
            for key in keys
            if key in values
        ]
    links = [
        ClusterLink(names[0][left], names[1][right], weight, bridge)
        for left, right, weight, bridge in pair.cluster["links"]
    ]
    size = len(pair.cluster["left"]) + len(pair.cluster["right"])
    return ClusterView(
        titles_of(specification),
        tuple(records),
        tuple(sorted(links, key=lambda each: -each.weight)),
        pair.cluster["together"],
        max(size + pair.cluster["more"] - len(records), 0),
    )


def labelled_for(project: Project, names: tuple[str, str]) -> Labelled | None:
    """Return what the newest review on request taught of two tables of a project."""
    for review in project.pair_reviews.filter(improves=True).order_by("-closed_at"):
        if tuple(each["name"] for each in review.sources) == names:
            assert review.result is not None
            return from_learned(review.reference, review.result["learned"])
    return None


def has_judged(person: Person, project: Project) -> bool:
    """Say whether the person judged or settled pairs of a project's people."""
    judged = Reviewer.objects.filter(review__project=project, person=person)
    settled = ReviewedPair.objects.filter(review__project=project, settled_by=person)
    return judged.exists() or settled.exists()


def _opened(review: Review) -> tuple[Opened, Opened]:
    store = open_store(settings.STORAGE_URL)
    try:
        paths = [
            tuple(
                snapshot_paths(
                    open_snapshot(each["snapshot"], store=store, digest=each["sha256"]),
                    store=store,
                )
            )
            for each in review.sources
        ]
    except NotFound as error:
        raise Conflict(GONE) from error
    return Opened(paths[0], review.id_column), Opened(paths[1], review.id_column)
