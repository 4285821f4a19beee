"""Calls of the linkage room: a review from its start to its end, and one given up."""

from __future__ import annotations

from staithe.demo.story import Scene
from staithe.exchange.judging import FEWEST, have_judged
from staithe.linkage.actions import (
    answer_pair,
    close_review,
    finish_judging,
    give_up_review,
    join_review,
    settle_pair,
)
from staithe.people.actions import add_member, create_person
from staithe.people.models import Organisation
from staithe.people.passwords import hash_password
from staithe.people.roles import Role


def call(told: Scene) -> None:
    """Have pairs judged by two new linkers, who differ once and settle it."""
    operator = Organisation.objects.get(is_operator=True)
    linkers = [
        create_person(
            email=f"{name}@staithe.example",
            name=name,
            password_hash=hash_password("A long one, for calls.", email="", name=""),
            by=None,
            at=told.later(),
        )
        for name in ("Gwen", "Huw")
    ]
    for person in linkers:
        add_member(
            person=person,
            organisation=operator,
            role=Role.LINKER,
            by=None,
            at=told.later(),
        )
    amara = told.cast["requester"]
    join = told.project.joins.get()
    values = {"join": join, "run": 0, "size": FEWEST, "by": amara}
    given_up = have_judged(**values, at=told.later())
    give_up_review(review=given_up, by=amara, at=told.later())
    review = have_judged(**values, at=told.later())
    pairs = list(review.pairs.exclude(stratum=None))
    odd = next(pair for pair in pairs if pair.link)
    for place, person in enumerate(linkers):
        join_review(review=review, by=person, at=told.later())
        for pair in pairs:
            answer = "match" if pair.link else "no match"
            if place and pair == odd:
                answer = "cannot tell"
            answer_pair(
                review=review, number=pair.number, answer=answer, by=person, at=told.at
            )
        finish_judging(review=review, by=person, at=told.later())
    settle_pair(
        review=review, number=odd.number, answer="match", by=linkers[0], at=told.later()
    )
    close_review(review=review, improve=True, by=linkers[0], at=told.later())
