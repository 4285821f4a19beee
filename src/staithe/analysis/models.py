"""Questions asked of a project's data, and what may leave with the answers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from staithe.catalogue.models import Asset
from staithe.people.models import Person
from staithe.sharing.models import Project


class Query(models.Model):
    """One question in SQL, with the protected answer that a person may see."""

    class State(models.TextChoices):
        DONE = "done", "Answered"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    reference = models.CharField(max_length=20, unique=True)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="queries"
    )
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    title = models.CharField(max_length=200)
    sql = models.TextField()
    table = models.JSONField()  # the table specification: rows, columns, measure
    policy = models.JSONField()  # the strictest output policy of the agreements
    state = models.CharField(max_length=10, choices=State)
    problem = models.TextField(blank=True)
    # The protected table only: what was suppressed is never stored.
    result = models.JSONField(null=True)
    milliseconds = models.PositiveIntegerField(default=0)
    dataset = models.CharField(max_length=80, blank=True)  # which joined data
    grants = models.JSONField(default=list)  # references of the grants it rests on
    # Those of them whose tables the question read.
    read_grants = models.JSONField(default=list)
    # Refused for a reason that depends on the data, which may tell of somebody.
    withheld = models.BooleanField(default=False)
    # Who was counted where, to compare later answers with; gone with what was read.
    counted_snapshot = models.CharField(max_length=64, blank=True)
    counted_sha256 = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("-at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="done", result__isnull=False)
                | (~Q(state="done") & Q(result__isnull=True)),
                name="query_result_when_done",
            )
        ]

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this query."""
        return f"query:{self.reference}"


class Look(models.Model):
    """A reviewer looked at what a project asked in vain, so that it may ask on."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="looks")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    comment = models.TextField()

    class Meta:
        ordering = ("at", "id")


class Output(models.Model):
    """An answer on its way out: two independent reviewers, then release."""

    class State(models.TextChoices):
        IN_REVIEW = "in-review", "In review"
        APPROVED = "approved", "Approved"
        RETURNED = "returned", "Returned with changes to make"
        REJECTED = "rejected", "Rejected"
        RELEASED = "released", "Released"
        WITHDRAWN = "withdrawn", "Withdrawn"

    reference = models.CharField(max_length=20, unique=True)
    query = models.OneToOneField(Query, on_delete=models.PROTECT, related_name="output")
    title = models.CharField(max_length=200)
    description = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.IN_REVIEW)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    released_as = models.OneToOneField(
        Asset, on_delete=models.PROTECT, null=True, related_name="released_from"
    )

    class Meta:
        ordering = ("-submitted_at", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="released", released_as__isnull=False)
                | (~Q(state="released") & Q(released_as__isnull=True)),
                name="output_released_as_asset",
            )
        ]

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this output."""
        return f"output:{self.reference}"


class Review(models.Model):
    """One reviewer's vote; hidden from the other until both have voted."""

    class Vote(models.TextChoices):
        APPROVE = "approve", "Approve"
        RETURN = "return", "Return for changes"
        REJECT = "reject", "Reject"

    output = models.ForeignKey(Output, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    vote = models.CharField(max_length=10, choices=Vote)
    comment = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["output", "reviewer"], name="review_once_each"
            )
        ]
