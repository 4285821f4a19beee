"""The whole main job, then what anyone can read of it: real events of every room."""

from __future__ import annotations

import pytest

from staithe.accountability.journey import STEPS, Milestone
from staithe.accountability.queries import all_journeys, report
from staithe.demo.story import Scene, tell
from staithe.demo.telling import Telling


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(home, monkeypatch) -> Scene:
    monkeypatch.chdir(home)
    return tell(people=400, seed=5, telling=Telling("http://testserver", quiet=True))


def test_every_step_from_draft_to_release_is_measured_and_every_page_tells_it(
    scene, visit
):
    journeys = {each.holder: each for each in all_journeys()[0]}
    reached = {holder: set(each.times) for holder, each in journeys.items()}
    assert reached["dws"] == set(Milestone)
    assert reached["nhb"] == set(Milestone) - {Milestone.REVIEWED}
    assert reached["rs"] == {Milestone.DRAFTED, Milestone.SENT, Milestone.DECIDED}
    assert journeys["rs"].rungs == ("facilitate", "encourage", "enforce")

    progress = report(at=scene.at).progress
    assert all(step.count for step in progress.steps)
    assert len(progress.steps) == len(STEPS)
    assert (progress.counts.agreed, progress.counts.agreed_in_part) == (1, 1)

    anyone = visit()
    words = anyone.words("/progress")
    assert "The quality is too poor for the purpose" in words
    words = anyone.words("/transparency")
    assert "2 agreements" in words
    assert "Support places moved" in words
    for agreement in scene.agreements:
        words = anyone.words(f"/transparency/{agreement.reference}")
        assert "Published as open data" in words
        assert not any(person.name in words for person in people(scene))
    words = anyone.words("/organisations/dws")
    assert "Results that rest on its data" in words
    requester = visit(scene.cast["requester"])
    words = requester.words(f"/projects/{scene.project.reference}")
    assert "Credited to Department for Work and Skills , Northmoor" in words
    words = visit(scene.cast["overseer"]).words("/ledger")
    assert "Not yours to read" not in words
    assert "FLW-" not in visit(scene.cast["stranger"]).words("/ledger?page=2")


def people(scene: Scene) -> list:
    from staithe.people.models import Person

    return list(Person.objects.all())
