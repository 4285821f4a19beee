"""Registers as stored: each log, its tree, its records, who is told of it.

Entries, items and rows of the tree are append-only by trigger (guards.py) and written
in bulk by plain SQL (storage.py), never through the ORM. What a register may hold is
not here: that is in its own log (schema.py).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from staithe.base.ids import new_reference
from staithe.ledger.tree import HASH_BYTES


def new_hook_reference() -> str:
    """Return a short random reference for a webhook."""
    return new_reference("HOOK")


class Register(models.Model):
    """A register and its counts; `size` and `records` are of data, not metadata."""

    name = models.CharField(max_length=80, unique=True)
    owner = models.ForeignKey(
        "people.Organisation", on_delete=models.PROTECT, null=True, related_name="+"
    )
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    owner_role = models.CharField(max_length=200, blank=True)  # a role, never a person
    licence = models.CharField(max_length=200, blank=True)
    copyright = models.CharField(max_length=200, blank=True)
    # Within how many days the owner promises to look at it again.
    review_every_days = models.PositiveIntegerField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    # Within how many days the owner promises to answer a proposed correction.
    answer_within_days = models.PositiveIntegerField(null=True)
    is_public = models.BooleanField(default=True)
    needs_second_person = models.BooleanField(default=False)
    # Bodies whose people may change records besides the owner's.
    writers = models.ManyToManyField("people.Organisation", related_name="+")
    ended_on = models.DateField(null=True)
    end_reason = models.CharField(max_length=500, blank=True)
    replacement = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    size = models.BigIntegerField(default=0)
    records = models.BigIntegerField(default=0)
    blobs = models.BigIntegerField(default=0)
    metadata_size = models.BigIntegerField(default=0)
    metadata_records = models.BigIntegerField(default=0)
    # False once an entry holds several items, which version 2 does not know.
    has_derived = models.BooleanField(default=True)
    last_entry_at = models.BigIntegerField(null=True)  # seconds, as in the log
    # How much of the log the index of words and values covers.
    indexed_size = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="registers_register_named", condition=~Q(name="") & ~Q(title="")
            ),
            models.CheckConstraint(
                name="registers_register_counts",
                condition=Q(size__gte=models.F("records"))
                & Q(metadata_size__gte=models.F("metadata_records")),
            ),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the name of this register in the ledger."""
        return f"register:{self.name}"


def register_key() -> models.ForeignKey[Register, Register]:
    """Return the first part of every key below; registers are never deleted."""
    return models.ForeignKey(
        Register,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )


class Item(models.Model):
    """Canonical JSON by its hash; `place` counts the items of data from 1."""

    pk = models.CompositePrimaryKey("register", "hash")
    register = register_key()
    hash = models.BinaryField(max_length=HASH_BYTES)
    blob = models.BinaryField(max_length=HASH_BYTES)
    data = models.TextField()
    place = models.BigIntegerField(null=True)  # null: cited by metadata only

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "place"], name="registers_item_place"
            ),
        ]
        indexes = [
            models.Index(fields=["register", "blob"], name="registers_item_blob")
        ]


class Entry(models.Model):
    """One line of the log; what each column means: loading.NewEntry."""

    pk = models.CompositePrimaryKey("register", "scope", "number")
    register = register_key()
    scope = models.PositiveSmallIntegerField()  # 0 metadata, 1 data
    number = models.BigIntegerField()
    key = models.CharField(max_length=255)
    at = models.BigIntegerField()  # seconds since 1970
    items = models.BinaryField()  # hashes, one after the other
    previous = models.BigIntegerField()
    place = models.BigIntegerField()
    records = models.BigIntegerField()
    blobs = models.BigIntegerField()
    after = models.BigIntegerField()


class Record(models.Model):
    """The newest entry of each key; `place` is the order in which keys first came."""

    pk = models.CompositePrimaryKey("register", "scope", "key")
    register = register_key()
    scope = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=255)
    place = models.BigIntegerField()
    number = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "scope", "place"], name="registers_record_place"
            ),
        ]


class Row(models.Model):
    """256 leaves of one level of a tree and what stands above them (growth.py)."""

    pk = models.CompositePrimaryKey("register", "tree", "level", "index")
    register = register_key()
    tree = models.PositiveSmallIntegerField()  # loading.TREES
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()


class Checkpoint(models.Model):
    """The newest signed head of each log, exactly as published."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    scope = models.PositiveSmallIntegerField()
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=HASH_BYTES)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "scope", "size"], name="registers_checkpoint_once"
            ),
        ]


class Opening(models.Model):
    """The value and salt behind a commitment in the log; deleting it erases both."""

    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    commitment = models.CharField(max_length=80)
    salt = models.BinaryField(max_length=HASH_BYTES)
    value = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["register", "commitment"], name="registers_opening_once"
            ),
        ]


class Hook(models.Model):
    """An address that is told, with a signature, when a register grows."""

    reference = models.CharField(max_length=16, unique=True, default=new_hook_reference)
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="+")
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=64)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    told_size = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
