"""Clerical review in a real browser: each page, and judging by keyboard without script."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from factories import World, build, judge_pairs, review_of
from staithe.linkage.actions import answer_pair, close_review, join_review
from staithe.linkage.models import Review
from staithe.linkage.queries import order_of


@pytest.fixture
def look(axe, reflow, screenshot):
    """Return a function that checks a page and keeps its picture."""

    def look(page, name: str) -> None:
        axe(page)
        reflow(page)
        screenshot(page, name)

    return look


@pytest.fixture
def fresh(live_server, live_home: Path) -> tuple[World, Review]:
    world, review = build("review", review_of, home=live_home)
    return world, Review.objects.get(pk=review.pk)


def differing(review: Review) -> dict[str, str]:
    pair = review.pairs.filter(link=True).first()
    assert pair is not None
    return {f"p{pair.number}": "no match"}


def test_judging_by_keyboard_without_javascript(
    fresh, page_without_javascript, sign_in, tab_to
):
    """Lin starts, answers, skips, changes an answer, comes to the end and finishes."""
    world, review = fresh
    page = page_without_javascript
    lin = world.linkers[0]

    def press(words: str, *, kind: str = "") -> None:
        tab_to(page, words, kind=kind)
        with page.expect_navigation():
            page.keyboard.press("Enter")

    def answer(words: str, steps: int) -> None:
        tab_to(page, "The same person", kind="field")
        for _ in range(steps):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        press("Save and go on", kind="button")

    sign_in(page, lin)
    page.goto("/reviews")
    press(review.title, kind="link")
    press("Start judging", kind="button")
    page.get_by_role("heading", name="Pair 1 of 40").wait_for()
    answer("The same person", 0)
    page.get_by_role("heading", name="Pair 2 of 40").wait_for()
    answer("Cannot tell", 2)
    press("Skip this pair for now")
    page.get_by_role("heading", name="Pair 4 of 40").wait_for()
    press("Go back to the pair before")
    press("Go back to the pair before")
    page.get_by_role("heading", name="Pair 2 of 40").wait_for()
    expect(page.get_by_label("Cannot tell")).to_be_checked()
    reviewer = review.reviewers.get()
    order = order_of(reviewer)
    said = dict(reviewer.answers.values_list("pair__number", "answer"))
    assert said == {order[0]: "match", order[1]: "cannot tell"}
    for number in order[2:-1]:
        answer_pair(
            review=review, number=number, answer="no match", by=lin, at=world.later()
        )
    press("See how far you are and finish")
    press("Go to the next pair without an answer")
    page.get_by_role("heading", name="Pair 40 of 40").wait_for()
    answer("The same person", 0)
    press("Finish", kind="button")
    page.get_by_text("You have finished. Answers are shown when").wait_for()
    reviewer.refresh_from_db()
    assert reviewer.finished_at


def test_pages_of_a_reviewer(fresh, page, look, sign_in):
    world, review = fresh
    sign_in(page, world.linkers[0])
    page.goto("/reviews")
    look(page, "reviews")
    page.get_by_role("link", name=review.title).click()
    look(page, "review-start")
    page.get_by_role("button", name="Start judging").click()
    look(page, "review-pair")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("alert").wait_for()
    look(page, "review-pair-error")
    page.get_by_role("link", name="See how far you are").click()
    look(page, "review-finish-early")
    lin = world.linkers[0]
    for number in order_of(review.reviewers.get()):
        answer_pair(
            review=review, number=number, answer="match", by=lin, at=world.later()
        )
    page.reload()
    look(page, "review-finish")
    page.get_by_role("button", name="Finish").click()
    look(page, "review-finished")


def test_pages_of_settling_closing_and_explaining(fresh, page, look, sign_in):
    world, review = fresh
    lin, leo, lea = world.linkers
    judge_pairs(world, review, lin)
    judge_pairs(world, review, leo, **differing(review))
    pair = review.pairs.filter(link=True).last()
    pair.bridge = True
    pair.save()
    sign_in(page, lea)
    page.goto(f"/reviews/{review.reference}")
    look(page, "review-settling")
    page.get_by_role("region", name="Pairs on which").get_by_role("link").click()
    look(page, "review-settle")
    page.get_by_role("button", name="Settle this pair").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("The same person").check()
    page.get_by_role("button", name="Settle this pair").click()
    page.get_by_text("Nothing is left to settle").wait_for()
    page.get_by_role("button", name="Close the review").click()
    look(page, "review-close")
    page.get_by_label("Let the next join").check()
    page.get_by_role("button", name="Close the review").click()
    page.get_by_text("of links are right").wait_for()
    look(page, "review-closed")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download as CSV").first.click()
    assert waiting.value.suggested_filename.endswith("-bands.csv")
    page.goto(f"/reviews/{review.reference}/pairs/{pair.number}")
    look(page, "review-pair-closed")
    page.get_by_role("link", name="Why this pair weighs").click()
    look(page, "review-weights")
    page.get_by_role("link", name="The cluster around them").click()
    look(page, "review-cluster")


def test_pages_of_the_member_who_asks(fresh, page, look, sign_in):
    world, review = fresh
    lin, leo, _ = world.linkers
    sign_in(page, world.ann)
    page.goto(f"/reviews/{review.reference}")
    look(page, "review-member")
    page.reload()
    page.get_by_text("Stop this review").click()
    page.get_by_role("button", name="Stop the review").click()
    page.get_by_text("Ann stopped it").wait_for()
    look(page, "review-stopped")
    page.goto(f"/projects/{review.project.reference}/joins/1")
    page.get_by_role("button", name="Have pairs judged").click()
    look(page, "review-ask")
    page.get_by_label("How many pairs?").fill("3")
    page.get_by_role("button", name="Have pairs judged").click()
    page.get_by_role("alert").wait_for()
    look(page, "review-ask-error")
    page.get_by_label("How many pairs?").fill("40")
    page.get_by_role("button", name="Have pairs judged").click()
    page.get_by_text("Trusted linkers have been asked").wait_for()
    again = Review.objects.exclude(pk=review.pk).get()
    for person in (lin, leo):
        judge_pairs(world, again, person)
    close_review(review=again, by=lin, at=world.later())
    page.goto(f"/projects/{review.project.reference}/joins/1")
    page.get_by_text("of true links were found").wait_for()
    look(page, "join-report-judged")


def test_nobody_sees_reviews_that_are_not_theirs(fresh, page, look, sign_in):
    world, review = fresh
    join_review(review=review, by=world.linkers[0], at=world.later())
    sign_in(page, world.sam)
    page.goto("/reviews")
    page.get_by_text("No reviews yet").wait_for()
    look(page, "reviews-empty")
