"""Every write of clerical review.

No event names a value of a record or a row: pairs go by number. That a pair was
answered is recorded at once, how only when its reviewer finishes, as a digest of all
their answers: an overseer who judges would otherwise read the other's.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from staithe.base.errors import BadInput, Conflict
from staithe.base.ids import new_reference
from staithe.ledger.actions import action, record
from staithe.linkage.estimates import result_of
from staithe.linkage.models import PairAnswer, Review, ReviewedPair, Reviewer
from staithe.linkage.permissions import check_ask, linkers
from staithe.linkage.policies import (
    REVIEWERS,
    check_closes,
    check_gives_up,
    check_joins,
    check_settles,
    get_reviewer,
)
from staithe.people.models import Person
from staithe.people.notices import notify
from staithe.sharing.models import Project


OPEN = (Review.State.OPEN, Review.State.SETTLING)


@dataclass(frozen=True)
class DrawnPair:
    """A pair to be judged, or (no stratum) a weak bridge to look at afterwards."""

    left: int
    right: int
    weight: float
    link: bool
    stratum: int | None
    levels: Sequence[int]
    rarities: Sequence[float]
    bridge: bool = False
    cluster: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Linkage:
    """What a review needs of one linkage; see the fields of Review."""

    join: int
    run: int
    title: str
    sources: list[dict[str, str]]
    id_column: str
    specification: str
    strata: list[dict[str, Any]]
    lost: dict[str, float]
    model: dict[str, Any]
    threshold: float
    pairs: Sequence[DrawnPair]


@action("linkage:review:started")
def start_review(
    *, project: Project, linkage: Linkage, by: Person, at: datetime
) -> Review:
    """Give the pairs of a linkage to two trusted linkers. Conflict if it was judged."""
    check_ask(by, project)
    again = project.pair_reviews.filter(join=linkage.join, run=linkage.run)
    if again.exclude(state=Review.State.STOPPED).exists():
        raise Conflict("The pairs of this linkage are judged already, or being judged.")
    review = Review.objects.create(
        reference=new_reference("REV"),
        project=project,
        join=linkage.join,
        run=linkage.run,
        title=linkage.title,
        asked_by=by,
        asked_at=at,
        sources=linkage.sources,
        id_column=linkage.id_column,
        specification=linkage.specification,
        strata=linkage.strata,
        lost=linkage.lost,
        model=linkage.model,
        threshold=linkage.threshold,
    )
    ReviewedPair.objects.bulk_create(
        ReviewedPair(
            review=review,
            number=number,
            stratum=each.stratum,
            left=each.left,
            right=each.right,
            weight=each.weight,
            link=each.link,
            bridge=each.bridge,
            levels=list(each.levels),
            rarities=list(each.rarities),
            cluster=each.cluster,
        )
        for number, each in enumerate(linkage.pairs, 1)
    )
    judged = sum(each.stratum is not None for each in linkage.pairs)
    _record(review, by=by, at=at, pairs=judged)
    notify(
        linkers(),
        title=f"Pairs to judge: {review.title}",
        body=f"{by.name} asks two people to judge {judged} pairs of {project.title}.",
        link=f"/reviews/{review.reference}",
        at=at,
    )
    return review


@action("linkage:review:joined")
def join_review(*, review: Review, by: Person, at: datetime) -> Reviewer:
    """Become one of the two who judge, with an order of pairs of one's own."""
    row = _locked(review)
    check_joins(row, person=by)
    reviewer = Reviewer.objects.create(
        review=row,
        person=by,
        place=row.reviewers.count() + 1,
        seed=secrets.randbits(32),
        joined_at=at,
    )
    _record(row, by=by, at=at, place=reviewer.place)
    return reviewer


@action("linkage:pair:answered")
def answer_pair(
    *, review: Review, number: int, answer: str, by: Person, at: datetime
) -> PairAnswer:
    """Keep or change one's answer to a pair, until one has finished."""
    row = _locked(review)
    reviewer = get_reviewer(row, person=by)
    _check_answer(answer)
    pair = row.pairs.filter(number=number).exclude(stratum=None).first()
    if pair is None:
        raise BadInput("This pair is not one to judge.")
    given, new = PairAnswer.objects.update_or_create(
        pair=pair, reviewer=reviewer, defaults={"answer": answer, "at": at}
    )
    _record(row, by=by, at=at, pair=number, changed=not new)
    return given


@action("linkage:review:judged")
def finish_judging(*, review: Review, by: Person, at: datetime) -> Review:
    """Finish: every pair has an answer and none changes any more."""
    row = _locked(review)
    reviewer = get_reviewer(row, person=by)
    answers = dict(reviewer.answers.values_list("pair__number", "answer"))
    left = row.pairs.exclude(stratum=None).count() - len(answers)
    if left:
        raise Conflict(
            f"{left} pair{'s have' if left > 1 else ' has'} no answer yet. "
            "“Cannot tell” is an answer."
        )
    reviewer.finished_at = at
    reviewer.save(update_fields=["finished_at"])
    finished = row.reviewers.exclude(finished_at=None).count()
    if finished == REVIEWERS:
        row.state = Review.State.SETTLING
        row.save(update_fields=["state"])
    _record(
        row,
        by=by,
        at=at,
        answers=len(answers),
        sha256=_digest(answers),
        state=row.state,
    )
    if finished == REVIEWERS:
        notify(
            [each.person for each in row.reviewers.all()],
            title=f"Both have judged: {row.title}",
            body="Settle what you differ on, then close the review.",
            link=f"/reviews/{row.reference}",
            at=at,
        )
    return row


@action("linkage:pair:settled")
def settle_pair(
    *, review: Review, number: int, answer: str, by: Person, at: datetime
) -> ReviewedPair:
    """Keep what holds of a pair on which the two reviewers differ."""
    row = _locked(review)
    _check_answer(answer)
    pair = row.pairs.filter(number=number).first()
    if pair is None:
        raise BadInput("There is no pair of that number.")
    check_settles(row, pair, person=by)
    pair.settled, pair.settled_by, pair.settled_at = answer, by, at
    pair.save(update_fields=["settled", "settled_by", "settled_at"])
    _record(row, by=by, at=at, pair=number, answer=answer)
    return pair


@action("linkage:review:closed")
def close_review(
    *, review: Review, improve: bool = False, by: Person, at: datetime
) -> Review:
    """Work out precision and recall, for the join's report; the answers are final.

    `improve` lets the project's next join of the two tables learn from the matches.
    """
    row = _locked(review)
    check_closes(row, person=by)
    row.result = result_of(row, improve=improve)
    row.state, row.closed_by, row.closed_at = Review.State.CLOSED, by, at
    row.improves = bool(row.result["learned"])
    row.save()
    _record(
        row,
        by=by,
        at=at,
        join=row.join,
        run=row.run,
        answers=row.result["labels"],
        precision=_plain(row.result["precision"]),
        recall=_plain(row.result["recall"]),
        improves=row.improves,
    )
    notify(
        row.asked_by,
        title=f"Pairs are judged: {row.title}",
        body="Precision and recall stand in the report of the join.",
        link=f"/reviews/{row.reference}",
        at=at,
    )
    return row


@action("linkage:review:stopped")
def stop_review(*, review: Review, problem: str, by: object, at: datetime) -> Review:
    """Stop a review that is not closed: its records are gone, or nobody needs it."""
    row = _locked(review)
    if row.state not in OPEN:
        raise Conflict("This review is over.")
    row.state, row.closed_at, row.problem = Review.State.STOPPED, at, problem
    row.save(update_fields=["state", "closed_at", "problem"])
    _record(row, by=by, at=at)
    return row


@transaction.atomic
def give_up_review(*, review: Review, by: Person, at: datetime) -> Review:
    """Stop a review that is no longer wanted, and say on it who did."""
    check_gives_up(review, person=by)
    return stop_review(review=review, problem=f"{by.name} stopped it.", by=by, at=at)


def _locked(review: Review) -> Review:
    return Review.objects.select_for_update().get(pk=review.pk)


def _check_answer(answer: str) -> None:
    if answer not in ReviewedPair.Answer.values:
        allowed = ", ".join(ReviewedPair.Answer.values)
        raise BadInput(f"An answer is one of: {allowed}.", field="answer")


def _digest(answers: dict[int, str]) -> str:
    """Return the SHA-256 of a reviewer's answers by pair number, as sorted JSON."""
    counted = {str(number): answers[number] for number in sorted(answers)}
    text = json.dumps(
        {"answers": counted, "counts": Counter(answers.values())}, sort_keys=True
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(interval: dict[str, float]) -> dict[str, str]:
    """Return an interval as an event holds it: an event has no fractions."""
    return {name: f"{share:.6f}" for name, share in interval.items()}


def _record(review: Review, *, by: object, at: datetime, **body: object) -> None:
    record(
        by=by,
        at=at,
        subject=review.ledger_id,
        organisation=review.project.organisation.slug,
        review=review.reference,
        project=review.project.reference,
        **body,
    )
