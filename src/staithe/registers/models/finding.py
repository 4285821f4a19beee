"""How records are found and listed: made from the log after the fact, and again."""

from __future__ import annotations

from django.db import models

from staithe.registers.models.log import register_key


class Term(models.Model):
    """A word or a value by which current records are found; made after the fact."""

    pk = models.CompositePrimaryKey("register", "field", "text", "place")
    register = register_key()
    field = models.CharField(max_length=80)  # "" for words of any naming field
    text = models.CharField(max_length=100)
    place = models.BigIntegerField()  # of the record
