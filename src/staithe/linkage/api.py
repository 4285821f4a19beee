"""Clerical review over the API: the same rules and the same blindness as on pages."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from staithe.base.clock import now
from staithe.linkage.actions import (
    answer_pair,
    close_review,
    finish_judging,
    give_up_review,
    join_review,
    settle_pair,
)
from staithe.linkage.models import Review, ReviewedPair
from staithe.linkage.pages import AnswerRow, review_page
from staithe.linkage.policies import check_explains, check_sees_pair, get_reviewer
from staithe.linkage.queries import (
    answers_of,
    cluster_of,
    get_pair,
    get_review,
    order_of,
    pairs_to_judge,
    progress_of,
    records_of,
    reviews_for,
)
from staithe.linkage.schemas import (
    AnswerIn,
    BothAnswersOut,
    CloseReviewIn,
    ClusterLinkOut,
    ClusterOut,
    ClusterRecordOut,
    ComparedOut,
    HouseholdOut,
    JudgedPairOut,
    MyAnswerOut,
    PairReviewOut,
    ReviewerProgressOut,
    WeightStepOut,
)
from staithe.linkage.side_by_side import Household
from staithe.linkage.web_explain import steps_of
from staithe.people.tokens import API_AUTH, signed_in_person


router = Router(tags=["linkage"])
MOST = 200


@router.get("/reviews", response=list[PairReviewOut], auth=API_AUTH)
def list_reviews(request: HttpRequest) -> list[PairReviewOut]:
    """List the newest reviews that you judge or asked for."""
    found = reviews_for(signed_in_person(request))[:MOST]
    return [_review_out(review) for review in found]


@router.get("/reviews/{reference}", response=PairReviewOut, auth=API_AUTH)
def read_review(request: HttpRequest, reference: str) -> PairReviewOut:
    """Read how far a review is and what came of it."""
    return _review_out(_review(request, reference))


@router.post(
    "/reviews/{reference}/reviewers", response={201: PairReviewOut}, auth=API_AUTH
)
def start_judging(request: HttpRequest, reference: str) -> Status[PairReviewOut]:
    """Become one of the two who judge; needs the role of a trusted linker."""
    review = _review(request, reference)
    join_review(review=review, by=signed_in_person(request), at=now())
    return Status(201, _review_out(review))


@router.get("/reviews/{reference}/pairs", response=list[MyAnswerOut], auth=API_AUTH)
def list_my_pairs(request: HttpRequest, reference: str) -> list[MyAnswerOut]:
    """List the pairs that you judge in your own order, with your own answers."""
    review = _review(request, reference)
    reviewer = get_reviewer(review, person=signed_in_person(request))
    given = answers_of(reviewer)
    return [
        MyAnswerOut(number=number, answer=given.get(number))
        for number in order_of(reviewer)
    ]


@router.get(
    "/reviews/{reference}/pairs/{number}", response=JudgedPairOut, auth=API_AUTH
)
def read_pair(request: HttpRequest, reference: str, number: int) -> JudgedPairOut:
    """Read the two records of a pair and who else lives with each; no score."""
    review = _review(request, reference)
    check_sees_pair(review, person=signed_in_person(request))
    view = records_of(get_pair(review, number))
    return JudgedPairOut(
        number=number,
        fields=[
            ComparedOut(
                field=each.title,
                left="".join(text for text, _ in each.left),
                right="".join(text for text, _ in each.right),
                compared=each.verdict.lower(),
            )
            for each in view.fields
        ],
        households=[_household_out(each) for each in view.households],
    )


@router.put(
    "/reviews/{reference}/pairs/{number}/answer", response=MyAnswerOut, auth=API_AUTH
)
def answer(
    request: HttpRequest, reference: str, number: int, body: AnswerIn
) -> MyAnswerOut:
    """Give or change your answer to a pair, until you finish."""
    review = _review(request, reference)
    given = answer_pair(
        review=review,
        number=number,
        answer=body.answer,
        by=signed_in_person(request),
        at=now(),
    )
    return MyAnswerOut(number=number, answer=given.answer)


@router.post("/reviews/{reference}/finish", response=PairReviewOut, auth=API_AUTH)
def finish(request: HttpRequest, reference: str) -> PairReviewOut:
    """Finish judging; from then on your answers are fixed."""
    review = _review(request, reference)
    done = finish_judging(review=review, by=signed_in_person(request), at=now())
    return _review_out(done)


@router.get(
    "/reviews/{reference}/answers", response=list[BothAnswersOut], auth=API_AUTH
)
def list_answers(request: HttpRequest, reference: str) -> list[BothAnswersOut]:
    """List what both reviewers said, once both have finished; before that nothing."""
    person = signed_in_person(request)
    review = _review(request, reference)
    return [_answer_out(row) for row in review_page(review, person)["answers"]]


@router.put(
    "/reviews/{reference}/pairs/{number}/settlement",
    response=BothAnswersOut,
    auth=API_AUTH,
)
def settle(
    request: HttpRequest, reference: str, number: int, body: AnswerIn
) -> BothAnswersOut:
    """Say what holds of a pair on which the two reviewers differ."""
    person = signed_in_person(request)
    review = _review(request, reference)
    settle_pair(review=review, number=number, answer=body.answer, by=person, at=now())
    rows = review_page(review, person)["answers"]
    return next(_answer_out(row) for row in rows if row.number == number)


@router.post("/reviews/{reference}/stop", response=PairReviewOut, auth=API_AUTH)
def stop(request: HttpRequest, reference: str) -> PairReviewOut:
    """Stop a review that is no longer wanted; its answers are then of no use."""
    review = _review(request, reference)
    done = give_up_review(review=review, by=signed_in_person(request), at=now())
    return _review_out(done)


@router.post("/reviews/{reference}/close", response=PairReviewOut, auth=API_AUTH)
def close(request: HttpRequest, reference: str, body: CloseReviewIn) -> PairReviewOut:
    """Close a review: precision and recall go into the report of the join."""
    review = _review(request, reference)
    person = signed_in_person(request)
    closed = close_review(review=review, improve=body.improve, by=person, at=now())
    return _review_out(closed)


@router.get(
    "/reviews/{reference}/pairs/{number}/weights",
    response=list[WeightStepOut],
    auth=API_AUTH,
)
def read_weights(
    request: HttpRequest, reference: str, number: int
) -> list[WeightStepOut]:
    """Read step by step why a pair weighs what it weighs; not while you judge."""
    return [
        WeightStepOut(
            compared=step.name,
            found=step.found,
            weight=step.weight,
            rarity=step.rarity,
            total=step.total,
        )
        for step in steps_of(_explained(request, reference, number))
    ]


@router.get(
    "/reviews/{reference}/pairs/{number}/cluster", response=ClusterOut, auth=API_AUTH
)
def read_cluster(request: HttpRequest, reference: str, number: int) -> ClusterOut:
    """Read the cluster around a pair, its links and weak bridges; not while you judge."""
    view = cluster_of(_explained(request, reference, number))
    return ClusterOut(
        fields=list(view.titles),
        together=view.together,
        records=[
            ClusterRecordOut(
                name=each.name,
                source=each.source,
                values=list(each.values),
                of_pair=each.of_pair,
            )
            for each in view.records
        ],
        links=[
            ClusterLinkOut(
                left=each.left, right=each.right, weight=each.weight, bridge=each.bridge
            )
            for each in view.links
        ],
        more=view.more,
    )


def _review(request: HttpRequest, reference: str) -> Review:
    return get_review(reference, person=signed_in_person(request))


def _explained(request: HttpRequest, reference: str, number: int) -> ReviewedPair:
    review = _review(request, reference)
    check_explains(review, person=signed_in_person(request))
    return get_pair(review, number)


def _review_out(review: Review) -> PairReviewOut:
    row = Review.objects.select_related("project").get(pk=review.pk)
    return PairReviewOut(
        reference=row.reference,
        title=row.title,
        project=row.project.reference,
        join=row.join,
        run=row.run + 1,
        state=row.state,
        asked_at=row.asked_at,
        closed_at=row.closed_at,
        problem=row.problem,
        pairs=pairs_to_judge(row),
        reviewers=[
            ReviewerProgressOut(
                place=each.place,
                name=each.name,
                answered=each.answered,
                finished=each.finished,
            )
            for each in progress_of(row)
        ],
        improves=row.improves,
        result=row.result,
    )


def _household_out(household: Household) -> HouseholdOut:
    return HouseholdOut(
        place=household.place,
        fields=list(household.titles),
        records=[list(each.values) for each in household.records],
        more=household.more,
    )


def _answer_out(row: AnswerRow) -> BothAnswersOut:
    return BothAnswersOut(
        number=row.number,
        first=row.said[0],
        second=row.said[1],
        holds=row.holds,
        settled=row.settled,
        differs=row.said[0] != row.said[1],
    )
