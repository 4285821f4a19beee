"""The log, its tree and its signed heads; append-only by trigger (see guards.py).

No foreign keys on purpose: the log outlives what it speaks of, and this room
knows nothing of the rooms below it.
"""

from __future__ import annotations

from django.db import models

from staithe.ledger.entry import SALT_BYTES
from staithe.ledger.tree import HASH_BYTES


class Event(models.Model):
    """One write of the service; body and salt are null once erased."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    name = models.CharField(max_length=120, db_index=True)
    actor = models.CharField(max_length=200, db_index=True)
    organisation = models.CharField(max_length=200, blank=True, db_index=True)
    subject = models.CharField(max_length=255, db_index=True)
    body = models.TextField(null=True)  # noqa: DJ001  null is erased, '' is not JSON
    salt = models.BinaryField(max_length=SALT_BYTES, null=True)
    commitment = models.BinaryField(max_length=HASH_BYTES)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                name="ledger_event_number_from_zero",
                condition=models.Q(number__gte=0),
            ),
            models.CheckConstraint(
                name="ledger_event_erased_whole",
                condition=models.Q(body__isnull=True, salt__isnull=True)
                | models.Q(body__isnull=False, salt__isnull=False),
            ),
        ]


class Node(models.Model):
    """The hash of one perfect subtree of the log's tree."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=HASH_BYTES)


class Head(models.Model):
    """How many events there are: the one row that every writer queues for."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    size = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="ledger_head_single", condition=models.Q(id=1)),
        ]


class Checkpoint(models.Model):
    """A signed head, exactly as published (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=HASH_BYTES)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["size"]
