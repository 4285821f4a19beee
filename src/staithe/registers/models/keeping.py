"""How a register is kept: updates that are prepared, agreed and made; what feeds them.

Everything that a person changes in a register is an update: what it would change is
worked out once, shown line by line, and made as it was shown or not at all.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from staithe.base.ids import new_reference
from staithe.registers.models.log import Register


def new_update_reference() -> str:
    """Return a short random reference for an update."""
    return new_reference("UPD")


def new_watch_reference() -> str:
    """Return a short random reference for a watched place."""
    return new_reference("WAT")


class Mapping(models.Model):
    """How the columns of an owner's own file stand for fields: remembered."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    columns_digest = models.CharField(max_length=64)  # of the file's column names
    fields = models.JSONField()  # column -> field, "" for a column left out
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "columns_digest"], name="registers_mapping_once"
            ),
        ]


class Update(models.Model):
    """Changes to a register, worked out and shown before they are made."""

    class State(models.TextChoices):
        PREPARED = "prepared", "Not sent yet"
        WAITING = "waiting", "Waits for a second person"
        SCHEDULED = "scheduled", "Scheduled"
        APPLIED = "applied", "Made"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        STOPPED = "stopped", "Stopped"

    class Origin(models.TextChoices):
        FORM = "form", "Form"
        FILE = "file", "File"
        BULK = "bulk", "Bulk change"
        UNDO = "undo", "Undo"
        MEND = "mend", "Mended key"
        FIELDS = "fields", "Fields"
        DETAILS = "details", "About the register"
        WATCH = "watch", "Watched place"
        API = "api", "Program"
        CORRECTION = "correction", "Proposed correction"

    reference = models.CharField(
        max_length=16, unique=True, default=new_update_reference
    )
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=12, choices=Origin)
    title = models.CharField(max_length=255)  # what it is, for lists
    reason = models.TextField(blank=True)  # why, in public
    counts = models.JSONField()  # kind of line -> how many
    state = models.CharField(max_length=12, choices=State, default=State.PREPARED)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    apply_at = models.DateTimeField(null=True)  # not before; null: as soon as agreed
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decision = models.TextField(blank=True)  # why it was refused or stopped
    first_entry = models.BigIntegerField(null=True)  # what came of it in the log
    last_entry = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(
                name="registers_update_decided",
                condition=Q(
                    state__in=["prepared", "waiting", "scheduled"], decided_at=None
                )
                | (
                    Q(state__in=["applied", "refused", "withdrawn", "stopped"])
                    & Q(decided_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="registers_update_entries",
                condition=Q(first_entry=None, last_entry=None)
                | Q(state="applied", last_entry__gte=models.F("first_entry")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["apply_at"],
                name="registers_update_due",
                condition=Q(state="scheduled"),
            ),
        ]


class Line(models.Model):
    """One record, field or detail that an update changes, or a row that it cannot.

    Lines are dropped once the update is made: then the log says what it did.
    """

    class Kind(models.TextChoices):
        ADDED = "added", "Added"
        CHANGED = "changed", "Changed"
        ENDED = "ended", "Ended"
        WRONG = "wrong", "Wrong"
        FIELD = "field", "Field"
        DETAIL = "detail", "About the register"

    update = models.ForeignKey(Update, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()  # their order
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=255)  # of the record, field or detail
    values = models.JSONField()  # the whole of it as it shall be
    seen = models.BigIntegerField(default=0)  # the entry it was compared with
    row = models.PositiveIntegerField(null=True)  # of the owner's file
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["update", "number"], name="registers_line_once"
            ),
        ]
        indexes = [
            models.Index(fields=["update", "kind"], name="registers_line_kind"),
        ]


class Watch(models.Model):
    """A folder or an address where the owner's own process puts a file."""

    reference = models.CharField(
        max_length=16, unique=True, default=new_watch_reference
    )
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=500)  # https://... or a folder's name
    fields = models.JSONField()  # column -> field
    is_whole = models.BooleanField()  # what is not in the file has ended
    every_minutes = models.PositiveIntegerField()
    # A file that changes more than this share of the records waits for a person.
    most_percent = models.PositiveIntegerField(default=10)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)  # of the last file read
    outcome = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)  # one after another
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["made_at"]
        constraints = [
            models.CheckConstraint(
                name="registers_watch_sensible",
                condition=Q(every_minutes__gte=5)
                & Q(most_percent__gte=1)
                & Q(most_percent__lte=100),
            ),
        ]
