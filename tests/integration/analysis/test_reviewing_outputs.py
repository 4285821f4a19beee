"""Reviewing: two independent people, blind to each other until both have voted."""

from __future__ import annotations

import json

import pytest

from factories import give_role, vote
from staithe.analysis.actions import (
    release_output,
    review_output,
    withdraw_output,
)
from staithe.analysis.models import Review
from staithe.analysis.policies import can_review, check_reviews
from staithe.analysis.queries import votes_shown, waiting_for
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.ledger.queries import events
from staithe.people.models import Notice
from staithe.sharing import actions as sharing


pytestmark = pytest.mark.django_db

# person → whether they may review Ann's output
MAY = {
    "ruth": True,  # reviewer at the holder
    "raj": True,  # reviewer at the operator
    "rose": True,  # reviewer at the asking body, not on the project
    "rex": False,  # reviewer elsewhere
    "ann": False,  # its author
    "bob": False,  # analyst on the project
    "cat": False,  # analyst at the asking body
    "olive": False,  # data owner at the holder
    "vera": False,  # overseer
    "sam": False,  # nobody
}


@pytest.mark.parametrize(("who", "may"), MAY.items())
def test_who_may_review(sent, who, may):
    world, output = sent
    person = getattr(world, who)
    assert can_review(output, person=person) is may
    assert (output in waiting_for(person)) is may
    if may:
        check_reviews(output, person=person)
        return
    with pytest.raises(NotAllowed):
        review_output(
            output=output, vote="approve", comment="x", by=person, at=world.later()
        )
    assert not output.reviews.exists()


def test_an_author_with_the_role_cannot_review_their_own(sent):
    world, output = sent
    give_role(world.ann, "reviewer", world.centre)
    with pytest.raises(NotAllowed, match="your own"):
        check_reviews(output, person=world.ann)


def test_who_works_or_worked_on_the_project_is_not_independent(sent):
    world, output = sent
    give_role(world.bob, "reviewer", world.centre)
    with pytest.raises(NotAllowed, match="You work on this project"):
        check_reviews(output, person=world.bob)
    sharing.end_project_member(
        project=output.query.project, person=world.bob, by=world.ann, at=world.later()
    )
    with pytest.raises(NotAllowed, match="You work on this project"):
        check_reviews(output, person=world.bob)


def test_a_reviewer_votes_once(sent):
    world, output = sent
    vote(world, output, world.ruth)
    with pytest.raises(Conflict, match="already"):
        vote(world, output, world.ruth)


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("approve", "approve", "approved"),
        ("approve", "return", "returned"),
        ("return", "approve", "returned"),
        ("approve", "reject", "rejected"),
        ("reject", "approve", "rejected"),
        ("reject", "return", "rejected"),
        ("return", "return", "returned"),
    ],
)
def test_the_second_vote_settles_it_and_tells_the_author(sent, first, second, state):
    world, output = sent
    Notice.objects.all().delete()
    assert vote(world, output, world.ruth, first).state == "in-review"
    assert not Notice.objects.exists(), "the first vote tells nobody"
    settled = vote(world, output, world.raj, second)
    assert settled.state == state
    assert (settled.closed_at is None) == (state == "approved")
    (notice,) = Notice.objects.all()
    assert notice.person == world.ann


def test_a_third_vote_comes_too_late(approved):
    world, output = approved
    with pytest.raises(Conflict, match="no longer in review"):
        vote(world, output, world.rose)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"vote": "maybe"}, "vote"),
        ({"vote": ""}, "vote"),
        ({"comment": " "}, "comment"),
        ({"comment": "a\0b"}, "comment"),
    ],
)
def test_a_vote_needs_a_choice_and_a_reason(sent, changes, field):
    world, output = sent
    values = {"vote": "approve", "comment": "Fine."} | changes
    with pytest.raises(BadInput) as refusal:
        review_output(output=output, by=world.ruth, at=world.later(), **values)
    assert refusal.value.field == field
    assert not Review.objects.exists()


# Blind


def test_until_both_have_voted_each_sees_their_own_vote_only(sent):
    world, output = sent
    vote(world, output, world.ruth, "reject")
    assert [v.reviewer for v in votes_shown(output, person=world.ruth)] == [world.ruth]
    for name in ("raj", "rose", "ann", "bob", "vera", "sam"):
        assert votes_shown(output, person=getattr(world, name)) == []
    vote(world, output, world.raj, "approve")
    for name in ("ruth", "raj", "rose", "ann", "bob", "vera"):
        assert len(votes_shown(output, person=getattr(world, name))) == 2


def test_the_ledger_holds_no_vote_until_both_are_in(sent):
    world, output = sent
    vote(world, output, world.ruth, "reject")
    (first,) = events(name="analysis:review:recorded")
    assert "reject" not in first.body
    assert json.loads(first.body)["votes"] == {}
    vote(world, output, world.raj, "approve")
    _, second = events(name="analysis:review:recorded")
    assert json.loads(second.body)["votes"] == {
        world.ruth.ledger_id: "reject",
        world.raj.ledger_id: "approve",
    }


def test_a_vote_on_what_was_withdrawn_stays_hidden(sent):
    world, output = sent
    vote(world, output, world.ruth, "reject")
    withdraw_output(output=output, by=world.ann, at=world.later())
    output.refresh_from_db()
    assert votes_shown(output, person=world.ann) == []


def test_readers_of_what_is_out_do_not_see_how_it_was_reviewed(approved):
    world, output = approved
    released = release_output(output=output, by=world.raj, at=world.later())
    assert votes_shown(released, person=world.sam) == []
    assert len(votes_shown(released, person=world.ann)) == 2
