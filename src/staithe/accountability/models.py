"""What came of a share, credited to those who made it possible."""

from __future__ import annotations

from django.db import models

from staithe.people.models import Organisation, Person
from staithe.sharing.models import Project


class Outcome(models.Model):
    """A result that somebody measured, with the cost it took."""

    reference = models.CharField(max_length=20, unique=True)
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, related_name="outcomes"
    )
    title = models.CharField(max_length=200)
    description = models.TextField()
    measure = models.CharField(max_length=200, blank=True)
    value = models.CharField(max_length=60, blank=True)
    evidence_link = models.CharField(max_length=500, blank=True)
    preparation_cost = models.PositiveIntegerField(null=True)  # whole pounds, actual
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "id")


class Credit(models.Model):
    """A holder whose data a result rests on; shown on the holder's page."""

    outcome = models.ForeignKey(
        Outcome, on_delete=models.PROTECT, related_name="credits"
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="credits"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["outcome", "organisation"], name="credit_once"
            )
        ]
