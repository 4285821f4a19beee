"""Refusals that depend on the data: one sentence, few of them, then a reviewer looks."""

from __future__ import annotations

import json

import pytest

from factories import BY_BENEFIT, COUNTED, population, question
from staithe.analysis import budget
from staithe.analysis.actions import look_at_refusals
from staithe.analysis.asking import WITHHELD
from staithe.analysis.models import Query
from staithe.base.errors import AnswerIsNo, NotAllowed
from staithe.ledger.queries import events
from staithe.people.models import Notice


pytestmark = pytest.mark.django_db

BY_X = {"rows": "x", "columns": None, "measure": "count"}
IN_VAIN = (
    "SELECT person, benefit_type, region FROM benefit_spells WHERE weekly_amount < 0"
)


def of_one_person() -> str:
    """Return a condition that holds for the one record of the largest amount."""
    amounts = [row["weekly_amount"] for row in population()["spells"].to_pylist()]
    return f"weekly_amount = {max(amounts)}"


ATTACKS = {
    "conversion": (
        (
            "SELECT person, CASE WHEN {} THEN CAST(CAST(region || 'x' AS INT) AS "
            "VARCHAR) ELSE 'a' END AS x FROM benefit_spells"
        ),
        "count",
    ),
    "two cells": (
        (
            "SELECT person, 'a' AS x FROM benefit_spells UNION ALL "
            "SELECT person, 'b' FROM benefit_spells WHERE {}"
        ),
        "count",
    ),
    "nobody": ("SELECT person, 'a' AS x FROM benefit_spells WHERE {}", "count"),
    "many copies": (
        "SELECT person, 'a' AS x FROM benefit_spells"
        + " UNION ALL SELECT person, 'a' FROM benefit_spells WHERE {}" * 20,
        "records",
    ),
    "rare label": (
        "SELECT person, CASE WHEN {} THEN 'ab' ELSE 'a' END AS x FROM benefit_spells",
        "count",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_refusal_does_not_say_what_it_is_about_the_data(one, attack):
    """A condition on one person: the same lines as without it, or the one sentence."""
    world, project = one
    sql, measure = ATTACKS[attack]
    table = BY_X | {"measure": measure}
    lines = []
    for condition in ("weekly_amount = -1", of_one_person()):
        query = question(world, project, sql=sql.replace("{}", condition), table=table)
        if query.state == Query.State.DONE:
            assert query.result is not None
            lines.append([row[0] for row in query.result["grid"]["rows"]])
        else:
            assert query.problem == WITHHELD
            assert query.withheld
    assert all(each == ["a", "Total"] for each in lines)


def test_what_takes_too_long_is_refused_in_the_same_words(one, monkeypatch):
    from staithe.analysis import asking, limits, sandbox

    world, project = one
    short = limits.Limits(seconds=0.01)
    monkeypatch.setattr(
        asking, "run_query", lambda *a, **k: sandbox.run_query(*a, **k, limits=short)
    )
    assert question(world, project).problem == WITHHELD


def test_what_follows_from_the_text_is_said_and_costs_nothing(one, monkeypatch):
    world, project = one
    monkeypatch.setattr(budget, "REFUSALS", 1)
    for sql, words in (
        ("SELECT person, nothing FROM benefit_spells", "nothing"),
        ("SELECT person, region + 1 AS region FROM benefit_spells", "region"),
        ("SELECT person FROM", "understood"),
    ):
        query = question(world, project, sql=sql)
        assert words in query.problem or query.problem.startswith("The query")
        assert not query.withheld
    assert question(world, project).state == Query.State.DONE


def test_past_the_limit_a_reviewer_looks_first(one, monkeypatch, client):
    world, project = one
    monkeypatch.setattr(budget, "REFUSALS", 2)
    for _ in range(2):
        assert question(world, project, sql=IN_VAIN).withheld
    with pytest.raises(AnswerIsNo, match="A reviewer has been asked"):
        question(world, project, sql=BY_BENEFIT, table=COUNTED)
    bodies = [json.loads(e.body) for e in events(name="analysis:query:answered")]
    assert [body["withheld"] for body in bodies] == [True, True]
    told = Notice.objects.filter(title__startswith="Look at what was asked")
    assert {each.person.name for each in told} >= {"Ruth", "Raj"}
    for person in (world.ann, world.sam):
        with pytest.raises(NotAllowed):
            look_at_refusals(project=project, comment="Fine.", by=person, at=world.at)
    address = f"/projects/{project.reference}/refusals"
    client.force_login(world.sam)
    assert client.get(address).status_code == 403
    client.force_login(world.ruth)
    page = client.get(address).content.decode()
    assert "weekly_amount &lt; 0" in page
    assert client.post(address, {"comment": ""}).status_code == 422
    assert client.post(address, {"comment": "A slip."}).status_code == 302
    (event,) = events(name="analysis:refusals:looked")
    assert len(json.loads(event.body)["refused"]) == 2
    assert question(world, project).state == Query.State.DONE


def test_a_day_later_the_project_asks_on_if_it_was_not_spent(one, monkeypatch):
    world, project = one
    monkeypatch.setattr(budget, "REFUSALS", 2)
    question(world, project, sql=IN_VAIN)
    world.later(days=2)
    question(world, project, sql=IN_VAIN)
    assert question(world, project).state == Query.State.DONE
