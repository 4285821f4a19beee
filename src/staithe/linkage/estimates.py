"""What a review's answers come to: one answer a pair, agreement, precision and recall."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict
from typing import Any, cast

from staithe.linkage.judgements import (
    Agreement,
    Answer,
    Judgement,
    agreement,
    estimate_of,
    pooled,
)
from staithe.linkage.labelled import LabelledPair, learn_m
from staithe.linkage.models import PairAnswer, Review, ReviewedPair


def judged_pairs(review: Review) -> list[ReviewedPair]:
    """Return the pairs that were drawn to be judged, with their answers."""
    found = review.pairs.exclude(stratum=None)
    return list(found.prefetch_related("answers__reviewer"))


def final_answer(pair: ReviewedPair) -> Answer | None:
    """Return what holds of a pair: what both said, or what was settled.

    A disagreement that nobody settled counts as “cannot tell”; None without an answer.
    """
    if pair.settled:
        return cast("Answer", pair.settled)
    said = {each.answer for each in pair.answers.all()}
    if not said:
        return None
    return cast("Answer", said.pop()) if len(said) == 1 else "cannot tell"


def differs(pair: ReviewedPair) -> bool:
    """Say whether the reviewers said different things of a pair."""
    return len({each.answer for each in pair.answers.all()}) > 1


def agreement_of(review: Review) -> Agreement:
    """Return how far the two reviewers agree, by their own answers."""
    given = PairAnswer.objects.filter(pair__review=review)
    rows = given.values_list("pair__number", "answer", "reviewer__place")
    return agreement(
        [
            Judgement(str(number), "", cast("Answer", answer), str(place))
            for number, answer, place in rows
        ]
    )


def result_of(review: Review, *, improve: bool) -> dict[str, Any]:
    """Return what the answers say of the linkage, as its report keeps it.

    A band in which nobody could tell is judged with the one beside it. Raises BadInput
    where of a whole group, such as all links, nobody could tell anything.
    """
    pairs = judged_pairs(review)
    answers: dict[int, list[Answer]] = defaultdict(list)
    labels: Counter[str] = Counter()
    for pair in pairs:
        answer = final_answer(pair)
        if answer is not None and pair.stratum is not None:
            answers[pair.stratum].append(answer)
            labels[answer] += 1
    # One pair alone of a band may be one that nobody can tell.
    strata, given = pooled(review.strata, answers)
    return {
        **estimate_of(strata, review.lost, given),
        "pooled": len(review.strata) - len(strata),
        "review": review.reference,
        "cannot_tell": labels["cannot tell"],
        "labels": dict(labels),
        "reviewers": review.reviewers.count(),
        "agreement": asdict(agreement_of(review)),
        "settled": sum(bool(pair.settled) for pair in pairs),
        "unsettled": sum(differs(pair) and not pair.settled for pair in pairs),
        "learned": _learned(review, pairs, answers) if improve else [],
    }


def _learned(
    review: Review, pairs: list[ReviewedPair], answers: dict[int, list[Answer]]
) -> list[dict[str, Any]]:
    """Return m of each level by the pairs called a match, weighed by their strata."""
    matches = [
        LabelledPair(
            review.strata[pair.stratum]["pairs"] / len(answers[pair.stratum]),
            pair.levels,
        )
        for pair in pairs
        if pair.stratum is not None and final_answer(pair) == "match"
    ]
    return learn_m(review.model, matches)
