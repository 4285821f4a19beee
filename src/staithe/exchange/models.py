"""Grants as they are enforced, the joined data of a project, and its recipients."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models import Q

from staithe.people.models import Person
from staithe.sharing.models import Agreement, Project


class Grant(models.Model):
    """The compiled form of an agreement: what every door asks on every call."""

    class State(models.TextChoices):
        PREPARING = "preparing", "Being prepared"
        ACTIVE = "active", "Active"
        FAILED = "failed", "Could not be prepared"
        REVOKED = "revoked", "Revoked"
        EXPIRED = "expired", "Expired"

    reference = models.CharField(max_length=20, unique=True)
    agreement = models.OneToOneField(
        Agreement, on_delete=models.PROTECT, related_name="grant"
    )
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="grants"
    )
    # The frozen Grant of staithe.sharing.grant, as it was compiled.
    compiled = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.PREPARING)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    # Cut once, from the version current at the time: identifiers + row key for
    # linkage only, attributes + row key for the project only.
    asset_version = models.PositiveIntegerField(null=True)
    # Each snapshot with its digest, so that none can be put in another's place.
    identifiers_snapshot = models.CharField(max_length=80, blank=True)
    identifiers_sha256 = models.CharField(max_length=80, blank=True)
    attributes_snapshot = models.CharField(max_length=80, blank=True)
    attributes_sha256 = models.CharField(max_length=80, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    # What the recipient reads: attributes + pseudonym. Empty until joined.
    table_name = models.SlugField(max_length=80)
    table_snapshot = models.CharField(max_length=80, blank=True)
    table_sha256 = models.CharField(max_length=80, blank=True)
    table_version = models.PositiveIntegerField(default=0)
    people = models.PositiveBigIntegerField(default=0)  # pseudonyms in the table
    table_made_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "table_name"], name="grant_table_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["preparing", "active", "failed"])
                | Q(closed_at__isnull=False),
                name="grant_closed_when",
            ),
        ]

    @property
    def last_day(self) -> date:
        """Return the last day on which the doors are open (the end is exclusive)."""
        return (self.expires_at - timedelta(seconds=1)).date()

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this grant."""
        return f"grant:{self.reference}"


class Join(models.Model):
    """One run of linkage over a project's active grants."""

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        DONE = "done", "Joined"
        FAILED = "failed", "Failed"

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="joins")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    specification = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    grants = models.JSONField(default=list)  # references that took part
    # grant, row, person: sealed, so that a holder can have a wrong record traced;
    # no page, API or query reads it. Deleted when a grant of it closes.
    key_snapshot = models.CharField(max_length=80, blank=True)
    # For each linkage why its links weigh what they weigh: row keys and weights, no
    # value. [{"snapshot", "sha256", "specification"}]; deleted with the key.
    evidence = models.JSONField(default=list)

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="join_once")
        ]

    @property
    def kept_snapshots(self) -> list[str]:
        """Return the snapshots kept beside the tables: the key and the evidence."""
        return [self.key_snapshot, *(each["snapshot"] for each in self.evidence)]


class Recipient(models.Model):
    """A bearer token by which one person reads one grant with an open client."""

    grant = models.ForeignKey(
        Grant, on_delete=models.PROTECT, related_name="recipients"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "id")
