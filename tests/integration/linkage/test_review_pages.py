"""Pages of clerical review: who sees what, and what nobody sees while judging."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from factories import give_role, population
from staithe.linkage.actions import answer_pair, close_review, join_review, stop_review
from staithe.linkage.models import Review
from staithe.linkage.queries import order_of


pytestmark = pytest.mark.django_db
STRANGERS = ["cat", "olive", "ruth", "raj", "rose", "rex", "vera", "sam"]


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(response) -> str:
    return unescape(
        " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
    )


def path(review: Review, *more: object) -> str:
    return "/".join(["/reviews", review.reference, *map(str, more)])


def pair_pages(review: Review) -> list[str]:
    number = review.pairs.exclude(stratum=None)[0].number
    return [path(review, "pairs", number, *more) for more in ([], ["weights"], ["cluster"])]  # fmt: skip


# Who sees what


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_see_nothing_of_a_review(judged, who):
    world, review = judged
    client = signed_in(getattr(world, who))
    for address in (path(review), *pair_pages(review), path(review, "next")):
        assert client.get(address).status_code == 403, address
    assert review.title not in text(client.get("/reviews"))


@pytest.mark.parametrize("closed", [False, True])
def test_members_see_progress_and_result_and_no_pair(judged, closed):
    world, review = judged
    if closed:
        close_review(review=review, by=world.linkers[0], at=world.later())
    client = signed_in(world.ann)
    page = text(client.get(path(review)))
    assert "40 of 40" in page
    assert ("95% interval" in page) == closed
    for hidden in ("First reviewer", "Settle", "Pair 1", "Every pair"):
        assert hidden not in page
    for address in (*pair_pages(review), path(review, "next"), path(review, "close")):
        assert client.get(address).status_code == 403, address
    assert b"first_reviewer" in client.get(path(review) + "?format=csv").content
    assert client.get(path(review) + "?format=csv").content.count(b"\n") == 1
    assert review.title in text(client.get("/reviews"))


def test_who_is_not_signed_in_is_asked_to(fresh):
    _, review = fresh
    for address in ("/reviews", path(review), *pair_pages(review)):
        assert Client().get(address).status_code == 302


def test_a_linker_with_an_analysts_role_sees_no_pair(judged):
    world, review = judged
    give_role(world.linkers[0], "analyst", world.elsewhere)
    client = signed_in(world.linkers[0])
    for address in (path(review), *pair_pages(review)):
        assert client.get(address).status_code == 403


# Blindness


def test_neither_reviewer_sees_the_others_answers_until_both_have_finished(fresh):
    world, review = fresh
    lin, leo, lea = world.linkers
    pairs = list(review.pairs.exclude(stratum=None))
    for person in (lin, leo):
        join_review(review=review, by=person, at=world.later())
    for pair in pairs:
        answer_pair(
            review=review, number=pair.number, answer="cannot tell", by=leo, at=world.at
        )
    client = signed_in(lin)
    for address in (path(review), path(review, "pairs", pairs[0].number)):
        page = client.get(address)
        assert "Second reviewer" not in text(page)
        assert b"checked" not in page.content
    assert signed_in(leo).get(path(review, "pairs", pairs[0].number)).content.count(b" checked") == 1  # fmt: skip
    # Nor does anyone else, in the answers' file either.
    for person in (lin, leo, lea):
        rows = signed_in(person).get(path(review) + "?format=csv").content
        assert rows.count(b"\n") == 1


def test_no_page_of_who_judges_says_anything_of_the_score(fresh):
    world, review = fresh
    lin, leo, _ = world.linkers
    for person in (lin, leo):
        join_review(review=review, by=person, at=world.later())
    client = signed_in(lin)
    weights = {f"{p.weight:.{n}f}" for p in review.pairs.all() for n in (1, 2, 3)}
    weights = {w for w in weights if len(w) > 4}
    for pair in review.pairs.exclude(stratum=None)[:12]:
        page = text(client.get(path(review, "pairs", pair.number)))
        assert "eight" not in page.replace("Reviews", "")
        assert not [w for w in weights if w in page]
    page = text(client.get(path(review)))
    assert "weight" not in page.lower()
    for address in pair_pages(review)[1:]:
        assert client.get(address).status_code == 403


def test_weights_open_to_others_when_both_places_are_taken_and_to_all_at_the_end(fresh):
    """Before that whoever looks could still come to judge."""
    world, review = fresh
    lin, leo, lea = world.linkers
    addresses = pair_pages(review)[1:]
    join_review(review=review, by=lin, at=world.later())
    assert {signed_in(lea).get(a).status_code for a in addresses} == {403}
    join_review(review=review, by=leo, at=world.later())
    assert {signed_in(lea).get(a).status_code for a in addresses} == {200}
    assert {signed_in(lin).get(a).status_code for a in addresses} == {403}


# Judging


def test_judging_from_the_list_to_the_end(fresh):
    """Save leads on, skip comes round, going back changes an answer."""
    world, review = fresh
    client = signed_in(world.linkers[0])
    assert "Start judging" in text(client.get("/reviews"))
    response = client.post(path(review, "join"))
    assert response["Location"] == path(review, "next")
    reviewer = review.reviewers.get()
    order = order_of(reviewer)
    here = client.get(response["Location"])["Location"]
    assert here == path(review, "pairs", order[0])
    page = text(client.get(here))
    assert "Pair 1 of 40" in page
    refused = client.post(here, {})
    assert refused.status_code == 422
    assert "Select an answer, or skip this pair" in text(refused)
    skipped = client.get(path(review, "next") + f"?after={order[0]}")["Location"]
    assert skipped == path(review, "pairs", order[1])
    for number in order[1:]:
        saved = client.post(path(review, "pairs", number), {"answer": "match"})
        assert saved["Location"] == path(review, "next") + f"?after={number}"
    back = client.get(saved["Location"])["Location"]
    assert back == here
    assert "No answer yet 1" in text(client.get(path(review, "finish")))
    client.post(here, {"answer": "no match"})
    client.post(here, {"answer": "cannot tell"})
    done = client.get(path(review, "next"))
    assert done["Location"] == path(review, "finish")
    page = text(client.get(done["Location"]))
    assert "The same person 39" in page
    assert "Cannot tell 1" in page
    client.post(path(review, "finish"))
    reviewer.refresh_from_db()
    assert reviewer.finished_at
    assert client.post(here, {"answer": "match"}).status_code == 409
    assert "You have finished" in text(client.get(path(review)))


def test_a_pair_shows_both_records_what_differs_and_who_lives_there(fresh):
    world, review = fresh
    lin = world.linkers[0]
    join_review(review=review, by=lin, at=world.later())
    client = signed_in(lin)
    spells, care = population()["spells"], population()["care"]
    told, homes = 0, 0
    for pair in review.pairs.exclude(stratum=None)[:15]:
        response = client.get(path(review, "pairs", pair.number))
        page = text(response)
        left = spells.slice(pair.left - 1, 1).to_pylist()[0]
        right = care.slice(pair.right - 1, 1).to_pylist()[0]
        for value in (left["postcode"], right["POSTCODE"]):
            if value:
                assert value.replace(" ", "") in page.replace(" ", "")
        told += b"app-differs" in response.content
        homes += "Others with the same postcode in" in page
        assert "Benefit spells (Work Office)" in page
        assert "benefit_type" not in page
        assert str(left["benefit_type"]) not in page
        assert "no-store" in response["Cache-Control"]
    assert told
    assert homes


def test_no_address_holds_anything_but_reference_and_number(fresh):
    world, review = fresh
    lin = world.linkers[0]
    join_review(review=review, by=lin, at=world.later())
    client = signed_in(lin)
    pattern = re.compile(
        rf"/reviews/{review.reference}(/pairs/\d+)?(/\w+)?(\?after=\d+)?$"
    )
    for pair in review.pairs.exclude(stratum=None)[:5]:
        page = client.get(path(review, "pairs", pair.number)).content.decode()
        links = re.findall(r'(?:href|action)="(/reviews/[^"]+)"', page)
        assert links
        assert all(pattern.match(link) for link in links), links


# Settling, closing, explaining


def test_settling_and_closing_by_the_pages(judged):
    world, review = judged
    client = signed_in(world.linkers[2])
    page = client.get(path(review))
    assert "95.0%" in text(page)
    numbers = [p.number for p in review.pairs.all() if len({a.answer for a in p.answers.all()}) > 1]  # fmt: skip
    first = client.get(path(review, "pairs", numbers[0]))
    assert "First reviewer" in text(first)
    assert "Settle this pair" in text(first)
    response = client.post(path(review, "pairs", numbers[0]), {"answer": "match"})
    assert response["Location"] == path(review)
    page = text(client.get(path(review, "close")))
    assert "1 pair on which the reviewers differ" in page
    client.post(path(review, "close"), {"improve": "on"})
    review.refresh_from_db()
    assert review.state == Review.State.CLOSED
    assert review.improves
    page = text(client.get(path(review)))
    for words in ("of links are right", "Kappa", "Pairs judged, by band of weight",
                  "next join of these tables learns"):  # fmt: skip
        assert words in page
    rows = client.get(path(review) + "?format=csv").content.decode().splitlines()
    assert len(rows) == 41
    assert rows[0] == "pair,first_reviewer,second_reviewer,holds,settled"
    bands = client.get(path(review) + "?format=csv&table=bands").content.decode()
    assert len(bands.splitlines()) == 1 + len(review.strata)
    report = text(signed_in(world.ann).get(f"/projects/{review.project.reference}/joins/1"))  # fmt: skip
    assert "of true links were found" in report
    assert "The review of its pairs" in report


def test_the_waterfall_ends_at_the_weight_and_the_cluster_shows_its_links(judged):
    world, review = judged
    close_review(review=review, by=world.linkers[0], at=world.later())
    client = signed_in(world.linkers[0])
    for pair in review.pairs.all()[:10]:
        base = path(review, "pairs", pair.number)
        rows = client.get(f"{base}/weights?format=csv").content.decode().splitlines()
        assert float(rows[-1].split(",")[-1]) == pytest.approx(pair.weight)
        assert f"Match weight {pair.weight:.1f}" in text(client.get(f"{base}/weights"))
        page = text(client.get(f"{base}/cluster"))
        assert "A1 (of the pair)" in page
        assert "B1 (of the pair)" in page
        links = client.get(f"{base}/cluster?format=csv").content.decode().splitlines()
        if pair.link:
            assert "to be of one person" in page
            assert any(row.startswith("A1,B1,") for row in links)


def test_a_weak_bridge_is_flagged_in_its_cluster(judged):
    world, review = judged
    pair = review.pairs.filter(link=True).first()
    pair.bridge = True
    pair.cluster["links"] = [[pair.left, pair.right, pair.weight, True]]
    pair.save()
    close_review(review=review, by=world.linkers[0], at=world.later())
    client = signed_in(world.linkers[0])
    base = path(review, "pairs", pair.number)
    assert "Weak bridge" in text(client.get(f"{base}/cluster"))
    assert "falls into two groups" in text(client.get(f"{base}/weights"))
    assert f"Cluster of pair {pair.number}" in text(client.get(path(review)))


def test_a_member_asks_from_the_joins_page(fresh):
    world, review = fresh
    client = signed_in(world.ann)
    base = f"/projects/{review.project.reference}/joins/1"
    assert "Have pairs judged" not in text(client.get(base))
    assert client.post(path(review, "stop")).status_code == 302
    assert "Ann stopped it" in text(client.get(path(review)))
    assert "Have pairs judged" in text(client.get(base))
    page = client.get(f"{base}/runs/1/judge")
    assert "How many pairs?" in text(page)
    assert client.post(f"{base}/runs/1/judge", {"size": "7"}).status_code == 422
    assert client.get(f"{base}/runs/2/judge").status_code == 404
    response = client.post(f"{base}/runs/1/judge", {"size": "50"})
    new = Review.objects.exclude(pk=review.pk).get()
    assert response["Location"] == path(new)
    assert new.pairs.exclude(stratum=None).count() == 50
    assert "Nobody has started yet" in text(client.get(path(new)))
    again = client.post(f"{base}/runs/1/judge", {"size": "50"})
    assert "judged already, or being judged" in text(again)


def test_what_is_not_there_is_not_found(fresh):
    world, review = fresh
    client = signed_in(world.linkers[0])
    join_review(review=review, by=world.linkers[0], at=world.later())
    assert client.get("/reviews/REV-NONE").status_code == 404
    assert client.get(path(review, "pairs", 999)).status_code == 404
    stop_review(review=review, problem="Done.", by=None, at=world.later())
    assert client.get(pair_pages(review)[0]).status_code == 409


def test_nobody_has_a_review_yet(fresh):
    world, review = fresh
    client = signed_in(world.sam)
    assert "No reviews yet" in text(client.get("/reviews"))
    rows = signed_in(world.ann).get("/reviews?format=csv").content.decode()
    assert review.reference in rows
