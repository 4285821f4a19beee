"""A review of a real join, built once in a run: nobody has started to judge it."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories import World, build, judge_pairs, review_of
from staithe.linkage.models import Review


@pytest.fixture
def fresh(home: Path, db: None) -> tuple[World, Review]:
    """Return a world with a review that nobody judges yet."""
    world, review = build("review", review_of, home=home)
    return world, Review.objects.get(pk=review.pk)


def _both(world: World) -> Review:
    review = review_of(world)
    link = review.pairs.filter(link=True).first()
    other = review.pairs.filter(link=False).first()
    assert link is not None
    assert other is not None
    judge_pairs(world, review, world.linkers[0])  # type: ignore[attr-defined]
    differing = {f"p{link.number}": "no match", f"p{other.number}": "cannot tell"}
    judge_pairs(world, review, world.linkers[1], **differing)  # type: ignore[attr-defined]
    return review


@pytest.fixture
def judged(home: Path, db: None) -> tuple[World, Review]:
    """Return a world with a review that both have judged; they differ on two pairs."""
    world, review = build("judged", _both, home=home)
    return world, Review.objects.get(pk=review.pk)
