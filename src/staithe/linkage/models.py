"""Clerical review: a linkage whose pairs people judge, who judges, what they said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from staithe.people.models import Person
from staithe.sharing.models import Project


class Review(models.Model):
    """One linkage of two tables, given to two people to judge blind.

    Holds row keys, weights and levels, never a value: the records of a pair are read
    from the snapshots of identifiers, and are gone when those are.
    """

    class State(models.TextChoices):
        OPEN = "open", "Being judged"
        SETTLING = "settling", "Disagreements to settle"
        CLOSED = "closed", "Closed"
        STOPPED = "stopped", "Stopped"

    reference = models.CharField(max_length=20, unique=True)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="pair_reviews"
    )
    join = models.PositiveIntegerField()  # number of the join in its project
    run = models.PositiveSmallIntegerField()  # which linkage of the join
    title = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    closed_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)  # why it was stopped
    # For each side: its name in the report, its title, its snapshot and digest.
    sources = models.JSONField()
    id_column = models.CharField(max_length=80)
    specification = models.TextField()
    # Parts of the linkage's report: strata drawn from, matches lost, the model.
    strata = models.JSONField()
    lost = models.JSONField()
    model = models.JSONField()
    threshold = models.FloatField()  # match weight from which a pair is a link
    result = models.JSONField(null=True)
    improves = models.BooleanField(default=False)  # the next run learns from it

    class Meta:
        ordering = ("-asked_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "join", "run"],
                condition=Q(state__in=["open", "settling", "closed"]),
                name="pair_review_once",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", result__isnull=False)
                | (~Q(state="closed") & Q(result__isnull=True)),
                name="pair_review_result_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["closed", "stopped"], closed_at__isnull=False)
                | Q(state__in=["open", "settling"], closed_at__isnull=True),
                name="pair_review_closed_when",
            ),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this review."""
        return f"review:{self.reference}"


class ReviewedPair(models.Model):
    """One pair by its number: drawn to be judged, or a weak bridge to look at.

    `number` says nothing of the score. A bridge that was not drawn has no stratum and
    nobody judges it.
    """

    class Answer(models.TextChoices):
        MATCH = "match", "The same person"
        NO_MATCH = "no match", "Different people"
        CANNOT_TELL = "cannot tell", "Cannot tell"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="pairs")
    number = models.PositiveIntegerField()
    stratum = models.PositiveSmallIntegerField(null=True)
    left = models.PositiveBigIntegerField()  # row keys
    right = models.PositiveBigIntegerField()
    weight = models.FloatField()
    link = models.BooleanField()
    bridge = models.BooleanField(default=False)
    levels = models.JSONField()
    rarities = models.JSONField()
    # Row keys of the clusters of both records by side (left, right), the links in them
    # (left, right, weight, bridge), whether they are one (together), what was cut (more).
    cluster = models.JSONField()
    # What was agreed where the two differed, by a third look or in discussion.
    settled = models.CharField(max_length=12, choices=Answer, blank=True)
    settled_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(
                fields=["review", "number"], name="reviewed_pair_number_once"
            ),
            models.CheckConstraint(
                condition=Q(settled="", settled_by__isnull=True, settled_at=None)
                | (~Q(settled="") & Q(settled_by__isnull=False)),
                name="reviewed_pair_settled_by",
            ),
        ]


class Reviewer(models.Model):
    """One of the two people who judge a review, in an order of their own."""

    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="reviewers"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()  # 1 or 2
    seed = models.PositiveBigIntegerField()  # of the order
    joined_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("place",)
        constraints = [
            models.UniqueConstraint(
                fields=["review", "person"], name="reviewer_once_each"
            ),
            models.UniqueConstraint(
                fields=["review", "place"], name="reviewer_place_once"
            ),
            models.CheckConstraint(
                condition=Q(place__in=[1, 2]), name="reviewer_one_of_two"
            ),
        ]


class PairAnswer(models.Model):
    """What one reviewer said of one pair; theirs to change until they finish."""

    pair = models.ForeignKey(
        ReviewedPair, on_delete=models.PROTECT, related_name="answers"
    )
    reviewer = models.ForeignKey(
        Reviewer, on_delete=models.PROTECT, related_name="answers"
    )
    answer = models.CharField(max_length=12, choices=ReviewedPair.Answer)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pair__number", "reviewer__place")
        constraints = [
            models.UniqueConstraint(
                fields=["pair", "reviewer"], name="pair_answer_once_each"
            )
        ]
