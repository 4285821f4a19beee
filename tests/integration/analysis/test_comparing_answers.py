"""Answers of one project beside each other: what is kept, compared, told, forgotten."""

from __future__ import annotations

import json

import pytest

from factories import (
    BY_BENEFIT,
    COUNTED,
    SPELLS_SEEN,
    population,
    question,
    stored,
    vote,
)
from staithe.analysis import asking, earlier
from staithe.analysis.actions import ShownMeanwhile, release_output, submit_output
from staithe.analysis.models import Output, Query
from staithe.base.errors import Damaged
from staithe.exchange.storage import the_store
from staithe.ledger.queries import events
from staithe.sharing import actions as sharing
from staithe.site.tidying import tidy
from staithe.tables.snapshot import open_snapshot, snapshot_paths


pytestmark = pytest.mark.django_db

BY_REGION = {"rows": "region", "columns": None, "measure": "records"}
ALL = "SELECT person, region FROM benefit_spells"


def but(people: int) -> str:
    """The same question without those who get the most, so many of them."""
    amounts = sorted(
        row["weekly_amount"]
        for row in population()["spells"].to_pylist()
        if row["weekly_amount"] is not None
    )
    return f"{ALL} WHERE coalesce(weekly_amount, 0) < {amounts[-people]}"


def hidden(query: Query) -> set[tuple[str | None, ...]]:
    assert query.result is not None, query.problem
    cells = query.result["review"]["cells"]
    return {tuple(cell["key"]) for cell in cells if cell["value"] is None}


def test_two_answers_that_differ_by_few_people_do_not_both_show_their_totals(one):
    """Everybody, then everybody but the three who get the most."""
    world, project = one
    first = question(world, project, sql=ALL, table=BY_REGION)
    second = question(world, project, sql=but(3), table=BY_REGION)
    assert (None,) not in hidden(first)
    assert (None,) in hidden(second)
    assert second.result is not None
    beside = second.result["beside"]
    assert beside["compared"] == beside["because_of"] == [first.reference]
    assert beside["hidden"] > 0
    assert any("beside an earlier answer" in e for e in second.result["explanation"])
    assert "fewer than 10 people" in beside["sentence"]
    bodies = [json.loads(e.body) for e in events(name="analysis:query:answered")]
    assert [body["compared"] for body in bodies] == [0, 1]


TOTAL = {"rows": "everyone", "measure": "records"}
WHOLE = ALL.replace("region", "'all' AS everyone")


def test_where_hiding_does_not_help_the_question_is_refused(one):
    """Without saying that it was the comparison: that would tell of somebody."""
    world, project = one
    first = question(world, project, sql=WHOLE, table=TOTAL)
    assert first.state == Query.State.DONE
    few = but(3).replace("region", "'all' AS everyone")
    second = question(world, project, sql=few, table=TOTAL)
    assert second.state == Query.State.REFUSED
    assert second.problem == asking.WITHHELD
    assert not second.counted_snapshot


def test_answers_that_differ_by_many_people_are_shown_whole(one):
    world, project = one
    first = question(world, project, sql=ALL, table=BY_REGION)
    again = question(world, project, sql=ALL, table=BY_REGION)
    assert again.result is not None
    assert first.result is not None
    assert again.result["csv"] == first.result["csv"]
    assert again.result["beside"]["hidden"] == 0


def test_another_project_is_another_matter(one):
    """Pseudonyms differ between projects, so nothing is compared across them."""
    world, project = one
    question(world, project, sql=ALL, table=BY_REGION)
    other = world.one_grant(world.bob).project
    table = other.grants.get().table_name
    sql = ALL.replace("benefit_spells", table)
    answer = question(world, other, sql=sql, table=BY_REGION)
    assert answer.result is not None
    assert answer.result["beside"]["compared"] == []
    assert "No other answer" in answer.result["beside"]["sentence"]


def test_an_answer_that_comes_in_between_is_compared_too(one, monkeypatch):
    """Two at once: whoever is second is compared with the first all the same."""
    world, project = one
    real, others = asking.protect_beside, []

    def slowly(*args):
        if not others:
            others.append(None)
            others[0] = question(world, project, sql=ALL, table=BY_REGION)
        return real(*args)

    monkeypatch.setattr(asking, "protect_beside", slowly)
    slow = question(world, project, sql=but(3), table=BY_REGION)
    assert slow.result is not None
    assert slow.result["beside"]["compared"] == [others[0].reference]
    assert (None,) in hidden(slow)


def test_who_is_always_overtaken_is_asked_to_come_again(one, monkeypatch):
    world, project = one
    real = asking.earlier_answers

    def not_the_last(project):
        found = real(project)
        return earlier.Earlier(found.seen[:-1], found.gone)

    question(world, project)
    before = stored()
    monkeypatch.setattr(asking, "earlier_answers", not_the_last)
    with pytest.raises(ShownMeanwhile, match="Ask again"):
        question(world, project)
    assert stored() == before, "who was counted is kept for no answer"
    assert Query.objects.count() == 1


def end_care(world, project, *, by):
    """End the agreement about hospital care, as who asked for the data may."""
    care = project.grants.get(table_name="hospital_care")
    sharing.end_agreement(
        agreement=care.agreement, reason="Done.", by=by, at=world.later()
    )
    world.work_off()


def test_ending_another_agreement_does_not_switch_the_comparison_off(two):
    """Everybody, everybody but one; again after the asker ended the other agreement."""
    world, project = two
    first = question(world, project, sql=WHOLE, table=TOTAL)
    assert first.read_grants == [
        project.grants.get(table_name="benefit_spells").reference
    ]
    few = but(1).replace("region", "'all' AS everyone")
    assert question(world, project, sql=few, table=TOTAL).state == Query.State.REFUSED
    end_care(world, project, by=world.ann)
    first.refresh_from_db()
    assert first.counted_snapshot in stored()
    again = question(world, project, sql=few, table=TOTAL)
    assert (again.state, again.problem) == (Query.State.REFUSED, asking.WITHHELD)


def test_a_table_whose_earlier_answers_cannot_be_compared_is_asked_no_more(two):
    """Who was counted goes with any of the tables that were read."""
    world, project = two
    joined = (
        "SELECT s.person, s.region FROM benefit_spells s "
        "JOIN Hospital_Care c ON s.person = c.person"
    )
    first = question(world, project, sql=joined, table=BY_REGION)
    assert first.state == Query.State.DONE, first.problem
    assert len(first.read_grants) == 2
    end_care(world, project, by=world.ann)
    first.refresh_from_db()
    assert first.counted_snapshot == ""
    assert not [name for name in stored() if name.startswith("CNT")]
    # Also where the data would refuse it: which of the two came would tell.
    for sql in (ALL, f"{ALL} WHERE weekly_amount < 0"):
        second = question(world, project, sql=sql, table=BY_REGION)
        assert second.state == Query.State.REFUSED
        assert "benefit_spells cannot be asked any more" in second.problem
        assert not second.withheld


def test_joining_again_does_not_lose_the_comparison(one):
    """People keep their pseudonyms from join to join."""
    world, project = one
    question(world, project, sql=ALL, table=BY_REGION)
    world.join(project)
    assert question(world, project, sql=but(3), table=BY_REGION).result["beside"][
        "hidden"
    ]


def test_damage_to_what_is_compared_is_said_and_nothing_is_shown(one):
    world, project = one
    first = question(world, project)
    store = the_store()
    manifest = open_snapshot(first.counted_snapshot, store=store)
    (path,) = snapshot_paths(manifest, store=store)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    second = question(world, project)
    assert second.state == Query.State.FAILED
    assert manifest.id in second.problem
    assert Damaged.code == "damaged"


def test_only_what_no_answer_names_is_tidied_away(one):
    world, project = one
    kept = question(world, project)
    lost = earlier.keep_counted(
        earlier.earlier_answers(project).seen[0].counted, at=world.at
    )
    tidy(older_than=0)
    assert kept.counted_snapshot in stored()
    assert lost.id not in stored()


def test_who_was_counted_is_no_ones_to_read(one, client):
    """No page and no call gives a pseudonym or the name of the snapshot away."""
    world, project = one
    query = question(world, project)
    client.force_login(world.ann)
    for path in (f"/queries/{query.reference}", f"/api/v1/queries/{query.reference}"):
        page = client.get(path).content.decode()
        assert query.counted_snapshot not in page
        assert "no other answer" in page.lower()


def test_the_page_says_what_an_answer_was_compared_with(one, client):
    world, project = one
    question(world, project, sql=BY_BENEFIT, table=COUNTED)
    second = question(world, project, sql=ALL, table=BY_REGION)
    client.force_login(world.ann)
    page = client.get(f"/queries/{second.reference}").content.decode()
    assert "Beside the answer shown before in this project" in page


def test_a_reviewer_is_shown_what_other_projects_released_of_the_same_data(one, client):
    """Pseudonyms differ there, so a person compares; others are not shown the list."""
    world, project = one
    grant = project.grants.get()
    first = _sent(world, question(world, project), "First of the same data")
    for reviewer in (world.ruth, world.raj):
        vote(world, first, reviewer)
    first.refresh_from_db()
    release_output(output=first, by=world.raj, at=world.later())
    other = world.project("Another look", world.bob)
    world.agree(other, grant.agreement.flow.asset, SPELLS_SEEN)
    world.join(other)
    table = other.grants.get().table_name
    sql = ALL.replace("benefit_spells", table)
    second = _sent(
        world, question(world, other, sql=sql, table=BY_REGION), "Second of it"
    )
    client.force_login(world.raj)
    page = client.get(f"/outputs/{second.reference}").content.decode()
    assert "Released before from the same data, in other projects" in page
    assert "First of the same data" in page
    client.force_login(world.ann)
    page = client.get(f"/outputs/{second.reference}").content.decode()
    assert "Released before from the same data" not in page


def _sent(world, query: Query, title: str) -> Output:
    return submit_output(
        query=query,
        title=title,
        description="Counts only.",
        by=world.ann,
        at=world.later(),
    )
