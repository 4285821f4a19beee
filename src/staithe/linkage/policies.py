"""May this review, or this pair of it, have this done now.

Blindness is kept here: until both reviewers have finished, each sees their own answers
only, and nobody who judges or could still come to judge sees a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staithe.base.errors import Conflict, NotAllowed
from staithe.linkage.models import ReviewedPair, Reviewer
from staithe.linkage.permissions import check_see_pairs, check_see_review


if TYPE_CHECKING:
    from staithe.linkage.models import Review
    from staithe.people.models import Person


REVIEWERS = 2


def find_reviewer(review: Review, person: Person) -> Reviewer | None:
    """Return the person's part in a review, if they judge it."""
    return review.reviewers.filter(person=person).first()


def check_joins(review: Review, *, person: Person) -> None:
    """Raise unless the person may become one of the two who judge."""
    check_see_pairs(person, review.project)
    if review.state != review.State.OPEN:
        raise Conflict("This review is no longer being judged.")
    if find_reviewer(review, person):
        raise Conflict("You judge this review already.")
    if review.reviewers.count() >= REVIEWERS:
        raise Conflict("Two people judge this review already.")


def get_reviewer(review: Review, *, person: Person) -> Reviewer:
    """Return the person's part, if they judge the review and have not finished."""
    check_see_pairs(person, review.project)
    reviewer = find_reviewer(review, person)
    if reviewer is None:
        raise NotAllowed("You do not judge this review. Start judging it first.")
    if review.state == review.State.STOPPED:
        raise Conflict(f"This review was stopped. {review.problem}")
    if review.state != review.State.OPEN or reviewer.finished_at is not None:
        raise Conflict("You have finished, so your answers stay as they are.")
    return reviewer


def check_sees_pair(review: Review, *, person: Person) -> None:
    """Raise unless the person may see the two records of a pair of this review.

    While it is being judged its reviewers may, so that nobody looks before they judge.
    """
    check_see_pairs(person, review.project)
    if review.state == review.State.STOPPED:
        raise Conflict(f"This review was stopped. {review.problem}")
    if review.state == review.State.OPEN and not find_reviewer(review, person):
        check_explains(review, person=person)


def check_explains(review: Review, *, person: Person) -> None:
    """Raise unless the person may see why a pair weighs what it weighs.

    Reviewers may when the review is closed. Other linkers may once both places are
    taken: before that they could still come to judge.
    """
    check_see_pairs(person, review.project)
    if review.state == review.State.CLOSED:
        return
    if review.state == review.State.STOPPED:
        raise Conflict(f"This review was stopped. {review.problem}")
    if find_reviewer(review, person):
        raise NotAllowed("You judge this review: weights are shown when it is closed.")
    if review.reviewers.count() < REVIEWERS:
        raise NotAllowed(
            "Weights are shown when two people judge this review, or when it is "
            "closed: whoever has seen them cannot judge blind."
        )


def check_settles(review: Review, pair: ReviewedPair, *, person: Person) -> None:
    """Raise unless the pair is one on which the two differ and it may be settled now."""
    check_see_pairs(person, review.project)
    if review.state != review.State.SETTLING:
        raise Conflict(
            "Disagreements are settled after both have finished and before the "
            "review is closed."
        )
    if len({each.answer for each in pair.answers.all()}) < REVIEWERS:
        raise Conflict("The two reviewers agree on this pair.")


def check_closes(review: Review, *, person: Person) -> None:
    """Raise unless both have finished and the review is not closed."""
    check_see_pairs(person, review.project)
    if review.state != review.State.SETTLING:
        raise Conflict("A review is closed once, after both reviewers have finished.")


def check_gives_up(review: Review, *, person: Person) -> None:
    """Raise unless the review is not over and the person may see it."""
    check_see_review(person, review)
    if review.state not in {review.State.OPEN, review.State.SETTLING}:
        raise Conflict("This review is over.")


def can_see_answers(review: Review, *, person: Person) -> bool:
    """Say whether the person may see what both reviewers said."""
    open_ = review.state in {review.State.OPEN, review.State.STOPPED}
    if open_:
        return False
    try:
        check_see_pairs(person, review.project)
    except NotAllowed:
        return False
    return True
