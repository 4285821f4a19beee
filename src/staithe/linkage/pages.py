"""What the pages of a review show, worked out before a template sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from staithe.base.errors import UserError
from staithe.linkage.estimates import (
    agreement_of,
    differs,
    final_answer,
    judged_pairs,
)
from staithe.linkage.models import Review, ReviewedPair, Reviewer
from staithe.linkage.permissions import can_see_pairs
from staithe.linkage.policies import (
    REVIEWERS,
    can_see_answers,
    check_closes,
    check_explains,
    check_gives_up,
    check_joins,
    find_reviewer,
)
from staithe.linkage.queries import order_of, pairs_to_judge, progress_of
from staithe.people.models import Person


@dataclass(frozen=True)
class ReviewRow:
    """A review in the list, and what waits in it for the person who looks."""

    review: Review
    todo: str


@dataclass(frozen=True)
class Place:
    """Where a pair stands in a reviewer's own order, counted from 1."""

    number: int
    of: int
    before: int | None  # the pair before it


@dataclass(frozen=True)
class AnswerRow:
    """What both said of a pair, and what holds; `open` where they differ still."""

    number: int
    said: tuple[str, str]
    holds: str
    settled: bool
    open: bool


def rows_of(reviews: Iterable[Review], person: Person) -> list[ReviewRow]:
    """Return the reviews with what the person can do in each."""
    return [ReviewRow(review, _todo(review, person)) for review in reviews]


def _todo(review: Review, person: Person) -> str:
    if not can_see_pairs(person, review.project):
        return ""
    if review.state == Review.State.SETTLING:
        return "Settle and close"
    if review.state != Review.State.OPEN:
        return ""
    mine = find_reviewer(review, person)
    if mine is not None:
        return "" if mine.finished_at else "Carry on"
    return "Start judging" if review.reviewers.count() < REVIEWERS else ""


def place_of(reviewer: Reviewer, number: int) -> Place:
    """Return where a pair stands in a reviewer's own order."""
    order = order_of(reviewer)
    if number not in order:
        return Place(0, len(order), None)
    at = order.index(number)
    return Place(at + 1, len(order), order[at - 1] if at else None)


def review_page(review: Review, person: Person) -> dict[str, Any]:
    """Return the context of a review's page, no more than this person may see."""
    reviewer = find_reviewer(review, person)
    answers = _answers(review) if can_see_answers(review, person=person) else []
    explains = _allows(check_explains, review, person)
    return {
        "review": review,
        "linker": can_see_pairs(person, review.project),
        "pairs": pairs_to_judge(review),
        "progress": progress_of(review),
        "mine": reviewer,
        "judging": reviewer is not None
        and reviewer.finished_at is None
        and review.state == Review.State.OPEN,
        "may_join": _allows(check_joins, review, person),
        "may_stop": _allows(check_gives_up, review, person),
        "may_close": _allows(check_closes, review, person),
        "agreement": agreement_of(review) if answers else None,
        "answers": answers,
        "to_settle": [row for row in answers if row.open],
        "explains": explains,
        "bridges": list(review.pairs.filter(bridge=True)) if explains else [],
        "bands": _bands(review) if review.state == Review.State.CLOSED else [],
        "wrong": _wrong(review) if explains and answers else [],
    }


def _allows(check_it: Any, review: Review, person: Person) -> bool:
    try:
        check_it(review, person=person)
    except UserError:
        return False
    return True


def _answers(review: Review) -> list[AnswerRow]:
    words = dict(ReviewedPair.Answer.choices)
    found = []
    for pair in judged_pairs(review):
        said = {a.reviewer.place: words[a.answer] for a in pair.answers.all()}
        found.append(
            AnswerRow(
                pair.number,
                (said.get(1, ""), said.get(2, "")),
                words[final_answer(pair) or "cannot tell"],
                settled=bool(pair.settled),
                open=differs(pair) and not pair.settled,
            )
        )
    return found


def _wrong(review: Review) -> list[ReviewedPair]:
    """Return the pairs of which the linkage says the opposite of what people say."""
    opposite = {"match": False, "no match": True}
    return [
        pair
        for pair in judged_pairs(review)
        if opposite.get(str(final_answer(pair))) == pair.link
    ]


def _bands(review: Review) -> list[tuple[str, float, float, int, int, int]]:
    """Return each stratum: group, weights, pairs, how many were judged, matches."""
    given: Counter[int] = Counter()
    matches: Counter[int] = Counter()
    for pair in judged_pairs(review):
        answer = final_answer(pair)
        if pair.stratum is not None and answer in {"match", "no match"}:
            given[pair.stratum] += 1
            matches[pair.stratum] += answer == "match"
    return [
        (
            each["group"],
            round(each["lowest"], 1),
            round(each["highest"], 1),
            each["pairs"],
            given[number],
            matches[number],
        )
        for number, each in enumerate(review.strata)
    ]


def strata_rows(review: Review) -> tuple[Sequence[str], Iterator[tuple[object, ...]]]:
    """Return the bands of weight as a CSV's header and rows; none before the end."""
    header = ["group", "weight_from", "weight_to", "pairs", "judged", "matches"]
    closed = review.state == Review.State.CLOSED
    return header, iter(_bands(review) if closed else [])
