"""Pages of clerical review: the list, a review, its pairs, how it ends.

No address names anything but a review and a pair's number. The pages that explain a
pair's weight are in web_explain.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staithe.base.clock import now
from staithe.base.errors import UserError
from staithe.linkage.actions import (
    answer_pair,
    close_review,
    finish_judging,
    give_up_review,
    join_review,
    settle_pair,
)
from staithe.linkage.forms import AnswerForm, CloseForm, SettleForm
from staithe.linkage.models import Review, ReviewedPair, Reviewer
from staithe.linkage.pages import Place, place_of, review_page, rows_of, strata_rows
from staithe.linkage.policies import (
    can_see_answers,
    check_closes,
    check_sees_pair,
    check_settles,
    find_reviewer,
    get_reviewer,
)
from staithe.linkage.queries import (
    answers_of,
    get_pair,
    get_review,
    next_pair,
    records_of,
    reviews_for,
)
from staithe.people.models import Person
from staithe.people.tokens import signed_in_person
from staithe.people.web import signed_in
from staithe.ui.csv import csv_response, wants_csv
from staithe.ui.paging import paginate
from staithe.ui.web import query_of, render_page


GET_POST = require_http_methods(["GET", "POST"])


@require_GET
@signed_in
def list_reviews(request: HttpRequest) -> HttpResponse:
    """List the reviews that a person judges or asked for."""
    person = signed_in_person(request)
    found = reviews_for(person)
    if wants_csv(request):
        header = ["reference", "tables", "project", "state", "asked", "closed"]
        rows = (
            (
                each.reference,
                each.title,
                each.project.title,
                each.state,
                each.asked_at,
                each.closed_at,
            )
            for each in found
        )
        return csv_response("reviews", header, rows)
    page = paginate(found, query=query_of(request))
    return render_page(
        request,
        "linkage/reviews.html",
        {"page": page, "rows": rows_of(page.items, person)},
    )


@require_GET
@signed_in
def show_review(request: HttpRequest, reference: str) -> HttpResponse:
    """Show how far a review is, what to settle, and what came of it."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    if wants_csv(request):
        return _csv(request, review, person)
    return render_page(request, "linkage/review.html", review_page(review, person))


def _csv(request: HttpRequest, review: Review, person: Person) -> HttpResponse:
    """Answer with the bands of weight (for all), or the answers (for linkers)."""
    if query_of(request).get("table") == "bands":
        header, rows = strata_rows(review)
        return csv_response(f"{review.reference}-bands", header, rows)
    page = review_page(review, person)
    header = ["pair", "first_reviewer", "second_reviewer", "holds", "settled"]
    return csv_response(
        f"{review.reference}-answers",
        header,
        [
            (each.number, *each.said, each.holds, each.settled)
            for each in page["answers"]
        ],
    )


@require_POST
@signed_in
def join(request: HttpRequest, reference: str) -> HttpResponse:
    """Start judging."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    join_review(review=review, by=person, at=now())
    return redirect("linkage-review-next", reference=reference)


@require_GET
@signed_in
def go_on(request: HttpRequest, reference: str) -> HttpResponse:
    """Lead to the next pair without an answer, or to the end where there is none."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    reviewer = get_reviewer(review, person=person)
    after = query_of(request).get("after", "")
    number = next_pair(reviewer, after=int(after) if after.isdecimal() else None)
    if number is None:
        return redirect("linkage-review-finish", reference=reference)
    return redirect("linkage-pair-show", reference=reference, number=number)


@GET_POST
@signed_in
def show_pair(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Show the two records of a pair; who judges answers here, without any score."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    check_sees_pair(review, person=person)
    pair = get_pair(review, number)
    reviewer = find_reviewer(review, person)
    if request.method == "POST":
        if review.state == review.State.OPEN:
            reviewer = get_reviewer(review, person=person)
        else:
            check_settles(review, pair, person=person)
    judging = reviewer is not None and _judges(review, pair, reviewer)
    form = _form(request, review, pair, reviewer if judging else None, person)
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            return _keep(review, pair, str(form.cleaned_data["answer"]), person)
        except UserError as error:
            form.refuse(error)
    place = place_of(reviewer, number) if reviewer and judging else Place(0, 0, None)
    return render_page(
        request,
        "linkage/pair.html",
        {
            "review": review,
            "pair": pair,
            "view": records_of(pair),
            "form": form,
            "judging": judging,
            "place": place,
            "said": _said(review, pair, person),
        },
        status=422 if form is not None and form.errors else 200,
    )


def _judges(review: Review, pair: ReviewedPair, reviewer: Reviewer) -> bool:
    """Say whether this pair is one that the reviewer may answer now."""
    unfinished = reviewer.finished_at is None and review.state == review.State.OPEN
    return unfinished and pair.stratum is not None


def _form(
    request: HttpRequest,
    review: Review,
    pair: ReviewedPair,
    reviewer: Reviewer | None,
    person: Person,
) -> AnswerForm | SettleForm | None:
    """Return the form that the person may send now, with what holds so far."""
    if reviewer is not None:
        given = answers_of(reviewer).get(pair.number)
        return AnswerForm(_sent(request), initial={"answer": given})
    try:
        check_settles(review, pair, person=person)
    except UserError:
        return None
    return SettleForm(_sent(request), initial={"answer": pair.settled})


def _sent(request: HttpRequest) -> QueryDict | None:
    """Return what was sent, even if it is nothing: an answer may be left out."""
    return request.POST if request.method == "POST" else None


def _keep(
    review: Review, pair: ReviewedPair, answer: str, person: Person
) -> HttpResponse:
    """Keep an answer and lead on: to the next pair, or back to what is left to settle."""
    values = {"review": review, "number": pair.number, "answer": answer}
    if review.state == review.State.OPEN:
        answer_pair(**values, by=person, at=now())  # type: ignore[arg-type]  # the values above
        response = redirect("linkage-review-next", reference=review.reference)
        response["Location"] += f"?after={pair.number}"
        return response
    settle_pair(**values, by=person, at=now())  # type: ignore[arg-type]  # the values above
    return redirect("linkage-review-show", reference=review.reference)


def _said(review: Review, pair: ReviewedPair, person: Person) -> list[tuple[str, str]]:
    """Return who said what, once both have finished."""
    if not can_see_answers(review, person=person):
        return []
    given = pair.answers.select_related("reviewer")
    words = {1: "First reviewer", 2: "Second reviewer"}
    said = [(words[a.reviewer.place], str(a.get_answer_display())) for a in given]
    if pair.settled:
        said.append(("Settled", str(pair.get_settled_display())))
    return said


@GET_POST
@signed_in
def finish(request: HttpRequest, reference: str) -> HttpResponse:
    """Finish judging: from then on no answer changes."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    reviewer = get_reviewer(review, person=person)
    if request.method == "POST":
        finish_judging(review=review, by=person, at=now())
        messages.success(
            request, "You have finished. Your answers are kept as they are."
        )
        return redirect("linkage-review-show", reference=reference)
    given = list(answers_of(reviewer).values())
    counts = [(words, given.count(code)) for code, words in ReviewedPair.Answer.choices]
    pairs = review.pairs.exclude(stratum=None).count()
    return render_page(
        request,
        "linkage/finish.html",
        {"review": review, "counts": counts, "left": pairs - len(given)},
    )


@require_POST
@signed_in
def stop(request: HttpRequest, reference: str) -> HttpResponse:
    """Stop a review that is no longer wanted."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    give_up_review(review=review, by=person, at=now())
    return redirect("linkage-review-show", reference=reference)


@GET_POST
@signed_in
def close(request: HttpRequest, reference: str) -> HttpResponse:
    """Close a review: precision and recall go into the report of the join."""
    person = signed_in_person(request)
    review = get_review(reference, person=person)
    check_closes(review, person=person)
    form = CloseForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            close_review(
                review=review,
                improve=form.cleaned_data["improve"],
                by=person,
                at=now(),
            )
        except UserError as error:
            form.refuse(error)
        else:
            return redirect("linkage-review-show", reference=reference)
    unsettled = [a for a in review_page(review, person)["answers"] if a.open]
    return render_page(
        request,
        "linkage/close.html",
        {"review": review, "form": form, "unsettled": len(unsettled)},
        status=422 if form.errors else 200,
    )
