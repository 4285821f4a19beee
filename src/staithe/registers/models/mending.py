"""What anyone says is wrong with a register, and who says so too."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from staithe.base.ids import new_reference
from staithe.registers.models.keeping import Update
from staithe.registers.models.log import Register


def new_correction_reference() -> str:
    """Return a short random reference for a proposed correction."""
    return new_reference("COR")


class Correction(models.Model):
    """A change to a record, or a record that is missing, that somebody proposes."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting"
        AGREED = "agreed", "Accepted, waits for a second person"
        ACCEPTED = "accepted", "Accepted"
        EDITED = "edited", "Accepted with changes"
        DECLINED = "declined", "Declined"
        SPAM = "spam", "Removed as spam"

    reference = models.CharField(
        max_length=16, unique=True, default=new_correction_reference
    )
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    number_seen = models.BigIntegerField()  # the entry that was looked at; 0: none
    changes = models.JSONField()  # field -> proposed value
    changes_digest = models.CharField(max_length=64)  # the same proposal, the same
    evidence = models.TextField()
    proposer = models.CharField(max_length=200, blank=True)  # ledger id, if signed in
    # Only to tell them the outcome; emptied when they are told.
    contact_email = models.EmailField(blank=True)
    source_hash = models.CharField(max_length=64, blank=True)  # keyed, of the address
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    reason = models.TextField(blank=True)
    update = models.ForeignKey(
        Update, on_delete=models.PROTECT, null=True, related_name="corrections"
    )
    entry_number = models.BigIntegerField(null=True)  # what came of it
    made_at = models.DateTimeField(db_index=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(
                name="registers_correction_decided",
                condition=Q(state__in=["open", "agreed"], decided_at=None)
                | (~Q(state__in=["open", "agreed"]) & Q(decided_at__isnull=False)),
            ),
            # Whoever says the same again supports what was said first.
            models.UniqueConstraint(
                fields=["register", "key", "changes_digest"],
                condition=Q(state="open"),
                name="registers_correction_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "state", "made_at"],
                name="registers_correction_queue",
            ),
        ]


class Support(models.Model):
    """Somebody else who says the same, with evidence of their own."""

    correction = models.ForeignKey(
        Correction, on_delete=models.CASCADE, related_name="supports"
    )
    evidence = models.TextField()
    proposer = models.CharField(max_length=200, blank=True)
    contact_email = models.EmailField(blank=True)
    source_hash = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["made_at"]
