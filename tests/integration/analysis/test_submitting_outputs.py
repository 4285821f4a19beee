"""Sending an answer to review: by its asker, once, where the agreements let it leave."""

from __future__ import annotations

import json

import pytest

from factories import SPELLS_SEEN, World, question
from staithe.analysis.actions import submit_output
from staithe.analysis.models import Output
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.ledger.queries import events
from staithe.people.models import Notice
from staithe.sharing import actions as sharing


pytestmark = pytest.mark.django_db


def submit(world, query, **changes):
    values = {
        "query": query,
        "title": "Benefits by region",
        "description": "Counts of people.",
        "by": world.ann,
        "at": world.later(),
    }
    return submit_output(**(values | changes))


def test_an_answer_becomes_an_output_in_review(answered):
    world, query = answered
    output = submit(world, query)
    assert output.state == Output.State.IN_REVIEW
    (event,) = events(name="analysis:output:submitted")
    assert json.loads(event.body)["query"] == query.reference


def test_those_who_may_review_are_told_and_nobody_else(answered):
    """At the holder, the operator and the asker; not elsewhere, not the author."""
    world, query = answered
    Notice.objects.all().delete()
    output = submit(world, query)
    told = {notice.person.name for notice in Notice.objects.all()}
    assert told == {"Ruth", "Raj", "Rose"}
    assert Notice.objects.first().link == f"/outputs/{output.reference}"


@pytest.mark.parametrize("who", ["bob", "cat", "olive", "ruth", "raj", "vera", "sam"])
def test_only_its_asker_sends_an_answer(answered, who):
    world, query = answered
    with pytest.raises(NotAllowed):
        submit(world, query, by=getattr(world, who))


def test_an_answer_is_sent_once(answered):
    world, query = answered
    submit(world, query)
    with pytest.raises(Conflict, match="already"):
        submit(world, query)


def test_a_question_without_an_answer_is_not_sent(one):
    world, project = one
    query = question(world, project, sql="SELECT nonsense")
    with pytest.raises(Conflict, match="no answer"):
        submit(world, query)


@pytest.mark.parametrize("field", ["title", "description"])
@pytest.mark.parametrize("text", ["", "  ", "a\0b", "x" * 6000])
def test_it_needs_a_title_and_a_description(answered, field, text):
    world, query = answered
    with pytest.raises(BadInput) as refusal:
        submit(world, query, **{field: text})
    assert refusal.value.field == field
    assert not Output.objects.exists()


def test_results_that_may_not_leave_do_not(home):
    world = World(home)
    project = world.project("Inside only")
    world.agree(project, world.spells(), SPELLS_SEEN, onward="none")
    world.join(project)
    query = question(world, project)
    with pytest.raises(NotAllowed, match="does not let results leave"):
        submit(world, query)


def test_they_do_not_leave_after_the_agreement_ran_out_either(home):
    """The rule is of the agreements behind the answer, not of those in force now."""
    world = World(home)
    project = world.project("Inside only")
    agreement = world.agree(project, world.spells(), SPELLS_SEEN, onward="none")
    world.join(project)
    query = question(world, project)
    sharing.end_agreement(
        agreement=agreement, reason="Done.", by=world.ann, at=world.later()
    )
    with pytest.raises(NotAllowed, match="does not let results leave"):
        submit(world, query)


def test_after_revocation_nothing_is_sent(answered):
    world, query = answered
    sharing.revoke_agreement(
        agreement=query.project.agreements.get(),
        reason="Stop.",
        by=world.olive,
        at=world.later(),
    )
    with pytest.raises(Conflict, match="revoked"):
        submit(world, query)


def test_who_left_the_project_sends_nothing(answered):
    world, query = answered
    query.project.members.filter(person=world.ann).update(ended_at=world.later())
    with pytest.raises(NotAllowed, match="no longer"):
        submit(world, query)
