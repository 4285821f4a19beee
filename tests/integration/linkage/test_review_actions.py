"""Clerical review: who may do what when, what is recorded, what it comes to."""

from __future__ import annotations

from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import IntegrityError, transaction

from factories import (
    World,
    give_role,
    judge_pairs,
    make_person,
    population,
    stored,
)
from staithe.base.errors import BadInput, Conflict, NotAllowed
from staithe.exchange.judging import have_judged
from staithe.exchange.models import Grant
from staithe.exchange.policies import check_permitted
from staithe.exchange.storage import the_store
from staithe.ledger.queries import events
from staithe.linkage.actions import (
    answer_pair,
    close_review,
    finish_judging,
    give_up_review,
    join_review,
    settle_pair,
    start_review,
    stop_review,
)
from staithe.linkage.judgements import estimate_of, pooled
from staithe.linkage.models import PairAnswer, Review
from staithe.linkage.permissions import can_see_pairs, linkers
from staithe.linkage.queries import (
    answers_of,
    labelled_for,
    next_pair,
    order_of,
    records_of,
)
from staithe.people.models import Membership, Notice
from staithe.sharing import actions as sharing
from staithe.site.tidying import referenced_snapshots, tidy
from staithe.tables.snapshot import open_snapshot, snapshot_paths


pytestmark = pytest.mark.django_db


def first(review: Review):
    return review.pairs.exclude(stratum=None)[0]


def say(world: World, review: Review, person, number: int, answer: str):
    return answer_pair(
        review=review, number=number, answer=answer, by=person, at=world.later()
    )


# Starting


def test_every_band_of_weight_has_pairs_and_none_many_more_than_another(fresh):
    _, review = fresh
    counts = [0] * len(review.strata)
    for pair in review.pairs.all():
        counts[pair.stratum] += 1
    assert sum(counts) == 40
    assert min(counts) >= 1
    full = [c for c, s in zip(counts, review.strata, strict=True) if c < s["drawn"]]
    assert max(full) - min(full) <= 1


def test_numbers_tell_nothing_of_the_score(fresh):
    """Links and other pairs come mixed: no long run of either by number."""
    _, review = fresh
    links = list(review.pairs.order_by("number").values_list("link", flat=True))
    changes = sum(a != b for a, b in pairwise(links))
    assert changes > 8


@pytest.mark.parametrize("who", ["cat", "olive", "ruth", "rose", "vera", "sam"])
def test_only_members_have_pairs_judged(fresh, who):
    world, review = fresh
    stop_review(review=review, problem="Again.", by=None, at=world.later())
    join = review.project.joins.get()
    with pytest.raises(NotAllowed, match="Only members"):
        have_judged(join=join, run=0, size=40, by=getattr(world, who), at=world.later())
    have_judged(join=join, run=0, size=40, by=world.bob, at=world.later())


def test_a_linkage_is_judged_once(fresh):
    world, review = fresh
    join = review.project.joins.get()
    with pytest.raises(Conflict, match="being judged"):
        have_judged(join=join, run=0, size=40, by=world.ann, at=world.later())


@pytest.mark.parametrize(
    ("run", "size", "error"), [(0, 3, BadInput), (1, 40, Conflict)]
)
def test_what_cannot_be_judged_is_refused(fresh, run, size, error):
    world, review = fresh
    join = review.project.joins.get()
    with pytest.raises(error):
        have_judged(join=join, run=run, size=size, by=world.ann, at=world.later())


def test_linkers_are_told_and_may_start(fresh):
    world, review = fresh
    assert set(linkers()) == set(world.linkers)
    told = Notice.objects.filter(link=f"/reviews/{review.reference}")
    assert {notice.person for notice in told} == set(world.linkers)


# Who may judge


@pytest.mark.parametrize(
    "who", ["ann", "bob", "cat", "olive", "ruth", "raj", "rose", "rex", "vera", "sam"]
)
def test_nobody_but_a_linker_sees_identifiers(fresh, who):
    world, review = fresh
    person = getattr(world, who)
    assert not can_see_pairs(person, review.project)
    with pytest.raises(NotAllowed):
        join_review(review=review, by=person, at=world.later())


def test_a_linker_elsewhere_than_at_the_operator_is_none(fresh):
    world, review = fresh
    person = make_person("Lou", linker=world.work)
    assert not can_see_pairs(person, review.project)


def test_a_linker_who_is_an_analyst_anywhere_is_refused(fresh):
    world, review = fresh
    lin = world.linkers[0]
    assert can_see_pairs(lin, review.project)
    give_role(lin, "analyst", world.elsewhere)
    with pytest.raises(NotAllowed, match="never has both"):
        join_review(review=review, by=lin, at=world.later())
    assert lin not in linkers()


def test_a_linker_who_once_worked_on_the_project_is_refused(fresh):
    world, review = fresh
    lin = world.linkers[0]
    review.project.members.create(
        person=lin, added_at=world.later(), ended_at=world.later()
    )
    with pytest.raises(NotAllowed, match="worked on this project"):
        join_review(review=review, by=lin, at=world.later())


def test_a_linker_whose_role_ends_answers_no_more(fresh):
    world, review = fresh
    lin = world.linkers[0]
    join_review(review=review, by=lin, at=world.later())
    Membership.objects.filter(person=lin).update(ended_at=world.later())
    with pytest.raises(NotAllowed):
        say(world, review, lin, first(review).number, "match")


def test_two_people_judge_and_no_third(fresh):
    world, review = fresh
    lin, leo, lea = world.linkers
    join_review(review=review, by=lin, at=world.later())
    with pytest.raises(Conflict, match="already"):
        join_review(review=review, by=lin, at=world.later())
    join_review(review=review, by=leo, at=world.later())
    with pytest.raises(Conflict, match="Two people"):
        join_review(review=review, by=lea, at=world.later())
    with pytest.raises(NotAllowed, match="do not judge"):
        say(world, review, lea, first(review).number, "match")


# Judging


def test_the_two_see_the_pairs_in_different_orders(fresh):
    world, review = fresh
    one, two = (
        join_review(review=review, by=p, at=world.later()) for p in world.linkers[:2]
    )
    assert sorted(order_of(one)) == sorted(order_of(two))
    assert order_of(one) != order_of(two)
    assert order_of(one) == order_of(one)


def test_an_answer_changes_until_one_has_finished(fresh):
    world, review = fresh
    lin = world.linkers[0]
    reviewer = join_review(review=review, by=lin, at=world.later())
    number = first(review).number
    say(world, review, lin, number, "match")
    say(world, review, lin, number, "cannot tell")
    assert answers_of(reviewer) == {number: "cannot tell"}
    with pytest.raises(Conflict, match="39 pairs have no answer"):
        finish_judging(review=review, by=lin, at=world.later())
    for other in order_of(reviewer):
        say(world, review, lin, other, "no match")
    finish_judging(review=review, by=lin, at=world.later())
    with pytest.raises(Conflict, match="have finished"):
        say(world, review, lin, number, "match")
    review.refresh_from_db()
    assert review.state == Review.State.OPEN


@pytest.mark.parametrize(("number", "answer"), [(1, "perhaps"), (999, "match")])
def test_only_answers_to_pairs_are_kept(fresh, number, answer):
    world, review = fresh
    join_review(review=review, by=world.linkers[0], at=world.later())
    with pytest.raises(BadInput):
        say(world, review, world.linkers[0], number, answer)
    assert not PairAnswer.objects.exists()


def test_what_is_skipped_comes_round_again(fresh):
    world, review = fresh
    lin = world.linkers[0]
    reviewer = join_review(review=review, by=lin, at=world.later())
    order = order_of(reviewer)
    assert next_pair(reviewer) == order[0]
    assert next_pair(reviewer, after=order[0]) == order[1]
    for number in order[1:]:
        say(world, review, lin, number, "match")
    assert next_pair(reviewer, after=order[-1]) == order[0]
    assert next_pair(reviewer, after=order[0]) == order[0]
    say(world, review, lin, order[0], "match")
    assert next_pair(reviewer, after=order[0]) is None


def test_the_database_keeps_one_answer_each_and_one_place_each(fresh):
    world, review = fresh
    reviewer = join_review(review=review, by=world.linkers[0], at=world.later())
    pair = first(review)
    values = {"reviewer": reviewer, "answer": "match", "at": world.at}
    pair.answers.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        pair.answers.create(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        review.reviewers.create(
            person=world.linkers[1], place=1, seed=1, joined_at=world.at
        )


# Settling and closing


def test_disagreements_are_settled_by_a_third_look(judged):
    world, review = judged
    lea = world.linkers[2]
    assert review.state == Review.State.SETTLING
    differ = [p for p in review.pairs.all() if len({a.answer for a in p.answers.all()}) > 1]  # fmt: skip
    assert len(differ) == 2
    agreed = next(p for p in review.pairs.all() if p not in differ)
    with pytest.raises(Conflict, match="agree on this pair"):
        settle_pair(
            review=review,
            number=agreed.number,
            answer="match",
            by=lea,
            at=world.later(),
        )
    with pytest.raises(NotAllowed):
        settle_pair(
            review=review, number=differ[0].number, answer="match", by=world.ann, at=world.at
        )  # fmt: skip
    for pair in differ:
        answer = "match" if pair.link else "no match"
        settle_pair(
            review=review, number=pair.number, answer=answer, by=lea, at=world.later()
        )
    close_review(review=review, by=lea, at=world.later())
    review.refresh_from_db()
    assert review.result["settled"] == 2
    assert review.result["unsettled"] == review.result["cannot_tell"] == 0
    assert review.result["judged"] == 40


def test_closing_writes_the_estimate_into_the_joins_report(judged):
    """The figures are those of the same answers worked out by hand."""
    world, review = judged
    close_review(review=review, by=world.linkers[0], at=world.later())
    review.refresh_from_db()
    answers = {}
    for pair in review.pairs.all():
        said = {a.answer for a in pair.answers.all()}
        answer = said.pop() if len(said) == 1 else "cannot tell"
        answers.setdefault(pair.stratum, []).append(answer)
    strata, given = pooled(review.strata, answers)
    expected = estimate_of(strata, review.lost, given)
    (run,) = review.project.joins.get().report["runs"]
    for measure in ("precision", "recall"):
        assert run["estimate"][measure] == expected[measure]
        interval = expected[measure]
        assert 0 < interval["low"] <= interval["estimate"] <= interval["high"] <= 1
    assert run["estimate"]["review"] == review.reference
    assert run["estimate"]["cannot_tell"] == 2
    assert run["estimate"]["agreement"]["agreed"] == pytest.approx(38 / 40)
    assert 0.8 < run["estimate"]["agreement"]["kappa"] < 0.95
    assert "learned" not in run["estimate"]
    assert "people judged" in run["caveat"]
    assert Notice.objects.filter(person=world.ann, title__startswith="Pairs are judged")


def test_a_review_is_not_closed_before_both_have_finished_nor_twice(fresh):
    world, review = fresh
    lin, leo, lea = world.linkers
    judge_pairs(world, review, lin)
    with pytest.raises(Conflict, match="both reviewers"):
        close_review(review=review, by=lea, at=world.later())
    judge_pairs(world, review, leo)
    with pytest.raises(NotAllowed):
        close_review(review=review, by=world.ann, at=world.later())
    close_review(review=review, by=lea, at=world.later())
    with pytest.raises(Conflict):
        close_review(review=review, by=lea, at=world.later())


def unsure_of(review: Review, strata) -> dict[str, str]:
    pairs = review.pairs.filter(stratum__in=strata).values_list("number", flat=True)
    return {f"p{number}": "cannot tell" for number in pairs}


def test_a_band_in_which_nobody_could_tell_is_judged_with_the_next(fresh):
    world, review = fresh
    for person in world.linkers[:2]:
        judge_pairs(world, review, person, **unsure_of(review, [0]))
    close_review(review=review, by=world.linkers[2], at=world.later())
    review.refresh_from_db()
    assert review.result["pooled"] == 1
    assert review.result["judged"] == 40 - review.pairs.filter(stratum=0).count()


def test_where_nobody_could_tell_any_link_there_is_no_estimate(fresh):
    """The review then ends by being stopped, which a member or a linker may do."""
    world, review = fresh
    links = [n for n, each in enumerate(review.strata) if each["links"]]
    for person in world.linkers[:2]:
        judge_pairs(world, review, person, **unsure_of(review, links))
    with pytest.raises(BadInput, match="judge some of each"):
        close_review(review=review, by=world.linkers[2], at=world.later())
    review.refresh_from_db()
    assert review.state == Review.State.SETTLING
    assert review.result is None


def test_the_next_join_learns_from_labels_only_on_request(judged):
    world, review = judged
    names = tuple(each["name"] for each in review.sources)
    plain = world.join(review.project).report["runs"][0]
    assert "labels_from" not in plain["model"]
    close_review(review=review, improve=True, by=world.linkers[0], at=world.later())
    review.refresh_from_db()
    assert review.improves
    assert labelled_for(review.project, names).review == review.reference
    taught = world.join(review.project).report["runs"][0]
    assert taught["model"]["labels_from"] == review.reference
    learned = {each["name"]: each for each in review.result["learned"]}
    for comparison in taught["model"]["comparisons"]:
        wanted = {x["level"]: x["m"] for x in learned[comparison["name"]]["levels"]}
        found = {x["level"]: x["m"] for x in comparison["levels"]}
        assert found == pytest.approx(wanted)
    assert plain["model"]["comparisons"] != taught["model"]["comparisons"]


def test_without_the_request_nothing_is_learned(judged):
    world, review = judged
    close_review(review=review, by=world.linkers[0], at=world.later())
    names = tuple(each["name"] for each in review.sources)
    assert labelled_for(review.project, names) is None


# The other side of the wall


def test_who_has_judged_never_reads_the_projects_data_later(judged):
    """Lin gave the role up, is an analyst now and joins the project: the doors stay shut."""
    world, review = judged
    grant = review.project.grants.first()
    people = [world.linkers[0], world.linkers[2]]
    for person in people:
        Membership.objects.filter(person=person).update(ended_at=world.later())
        give_role(person, "analyst", world.evidence)
        sharing.add_project_member(
            project=review.project, person=person, by=world.ann, at=world.later()
        )
        grant.compiled["people"] = [*grant.compiled["people"], person.ledger_id]
    with pytest.raises(NotAllowed, match="You judged pairs"):
        check_permitted(grant, person=people[0], at=world.later())
    check_permitted(grant, person=people[1], at=world.later())


# What happens around a review


def test_tidying_leaves_the_evidence_of_the_newest_join(fresh):
    _, review = fresh
    (evidence,) = review.project.joins.get().evidence
    assert evidence["snapshot"] in stored()
    assert evidence["snapshot"] in referenced_snapshots()
    tidy(older_than=0)
    assert evidence["snapshot"] in stored()


def test_the_evidence_of_a_join_holds_no_value(fresh):
    """Row keys, weights and levels: looked for in the bytes of its files."""
    _, review = fresh
    (evidence,) = review.project.joins.get().evidence
    manifest = open_snapshot(evidence["snapshot"], store=the_store())
    table = pa.concat_tables(
        pq.read_table(path) for path in snapshot_paths(manifest, store=the_store())
    )
    assert table.column_names == [
        "left", "right", "match_weight", "link", "stratum", "bridge", "levels", "rarities"
    ]  # fmt: skip
    told = repr(table.to_pylist()).lower()
    for column in ("postcode", "surname", "first_name"):
        values = population()["spells"][column].to_pylist()
        assert not [v for v in values if v and len(v) > 4 and v.lower() in told]


def test_a_review_goes_on_when_the_data_is_joined_again(fresh):
    world, review = fresh
    world.join(review.project)
    for person in world.linkers[:2]:
        judge_pairs(world, review, person)
    close_review(review=review, by=world.linkers[2], at=world.later())
    assert records_of(first(review)).fields
    second, one = review.project.joins.order_by("-number")
    assert "estimate" in one.report["runs"][0]
    assert "estimate" not in second.report["runs"][0]


def test_when_an_agreement_closes_the_review_stops_and_its_records_are_gone(fresh):
    world, review = fresh
    lin = world.linkers[0]
    join_review(review=review, by=lin, at=world.later())
    grant = Grant.objects.filter(project=review.project).first()
    sharing.revoke_agreement(
        agreement=grant.agreement, reason="No more.", by=world.olive, at=world.later()
    )
    review.refresh_from_db()
    assert review.state == Review.State.STOPPED
    assert "deleted" in review.problem
    with pytest.raises(Conflict):
        say(world, review, lin, 1, "match")
    world.work_off()
    with pytest.raises(Conflict, match="gone"):
        records_of(first(review))
    assert review.project.joins.get().evidence == []


@pytest.mark.parametrize(
    ("who", "may"), [("bob", True), ("cat", False), ("olive", False)]
)
def test_a_member_or_a_linker_gives_a_review_up(fresh, who, may):
    world, review = fresh
    if not may:
        with pytest.raises(NotAllowed):
            give_up_review(review=review, by=getattr(world, who), at=world.later())
        give_up_review(review=review, by=world.linkers[0], at=world.later())
    else:
        give_up_review(review=review, by=getattr(world, who), at=world.later())
    review.refresh_from_db()
    assert review.state == Review.State.STOPPED
    with pytest.raises(Conflict, match="over"):
        give_up_review(review=review, by=world.ann, at=world.later())
    join = review.project.joins.get()
    have_judged(join=join, run=0, size=40, by=world.ann, at=world.later())


def test_every_act_is_an_event_and_no_event_holds_an_identifier_or_an_answer(judged):
    world, review = judged
    lea = world.linkers[2]
    close_review(review=review, by=lea, at=world.later())
    names = [e.name for e in events(subject=review.ledger_id)]
    assert names.count("linkage:pair:answered") == 80
    assert names.count("linkage:review:judged") == 2
    assert {"linkage:review:started", "linkage:review:joined"} <= set(names)
    assert names[-1] == "linkage:review:closed"
    answered = events(name="linkage:pair:answered", subject=review.ledger_id)
    assert not any("match" in e.body or "cannot tell" in e.body for e in answered)
    told = "".join(e.body for e in events(subject=review.ledger_id)).lower()
    assert review.reference.lower() in told
    spells, care = population()["spells"], population()["care"]
    for table, column in ((spells, "postcode"), (spells, "surname"), (care, "FAMILY_NAME")):  # fmt: skip
        values = {str(v).lower() for v in table[column].to_pylist() if v and len(v) > 5}
        assert values
        assert not [v for v in values if v in told]


def test_a_review_is_not_started_past_its_own_door(fresh):
    """The action itself asks who it is, whatever called it."""
    world, review = fresh
    with pytest.raises(NotAllowed):
        start_review(
            project=review.project, linkage=None, by=world.cat, at=world.later()
        )
