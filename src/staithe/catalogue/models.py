"""What bodies hold: assets and their immutable versions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from staithe.people.models import Organisation


class Asset(models.Model):
    """One data set that a body holds, described well enough to be asked for."""

    class Kind(models.TextChoices):
        DATASET = "dataset", "Dataset"
        RELEASE = "release", "Released output"

    class AccessRights(models.TextChoices):
        # The values of the UK Cross-Government Metadata Exchange Model.
        OPEN = "OPEN", "Open"
        INTERNAL = "INTERNAL", "Government only, on request"
        COMMERCIAL = "COMMERCIAL", "Commercial terms"

    class Status(models.TextChoices):
        PUBLISHED = "published", "Published"
        WITHDRAWN = "withdrawn", "Withdrawn"

    reference = models.CharField(max_length=20, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.DATASET)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="assets"
    )
    title = models.CharField(max_length=200)
    summary = models.CharField(max_length=250, blank=True)
    description = models.TextField(blank=True)
    keywords = models.JSONField(default=list)
    theme = models.CharField(max_length=80, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    access_rights = models.CharField(
        max_length=12, choices=AccessRights, default=AccessRights.INTERNAL
    )
    security_classification = models.CharField(max_length=20, default="OFFICIAL")
    update_frequency = models.CharField(max_length=20, default="irregular")
    contact_email = models.EmailField(blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PUBLISHED)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        ordering = ("title", "id")
        indexes = [
            models.Index(fields=["status", "-modified_at"], name="asset_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["dataset", "release"]), name="asset_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["published", "withdrawn"]),
                name="asset_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="withdrawn", withdrawn_at__isnull=False)
                | Q(status="published", withdrawn_at=None),
                name="asset_withdrawn_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(access_rights__in=["OPEN", "INTERNAL", "COMMERCIAL"]),
                name="asset_access_rights_known",
            ),
            models.CheckConstraint(condition=~Q(title=""), name="asset_titled"),
        ]

    @property
    def ledger_id(self) -> str:
        """Return the subject under which the ledger knows this asset."""
        return f"asset:{self.reference}"


class AssetVersion(models.Model):
    """One immutable snapshot of an asset, with what profiling found in it."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    snapshot_id = models.CharField(max_length=80)
    manifest_sha256 = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()
    bytes = models.PositiveBigIntegerField()
    # [{name, type, semantic_type, nulls, distinct, identifies: bool, description}]
    columns = models.JSONField()
    profile = models.JSONField()
    source_name = models.CharField(max_length=255)
    # The version as one CSV file, as its open metadata describe it; 0 and "" where
    # nobody has measured it.
    csv_bytes = models.PositiveBigIntegerField(default=0)
    csv_sha256 = models.CharField(max_length=64, blank=True)
    # Since when the stored files are known to differ from the manifest, and how.
    damaged_at = models.DateTimeField(null=True, blank=True)
    damage = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "number"], name="asset_version_once"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1), name="asset_version_from_one"
            ),
        ]


class SearchWord(models.Model):
    """One stemmed word of an asset's entry and how much it says about the asset.

    `public_weight` counts only what anyone may read of the entry: a search by the
    public must not tell which words the rest of it holds.
    """

    asset = models.ForeignKey(
        Asset, on_delete=models.CASCADE, related_name="words", db_index=False
    )
    word = models.CharField(max_length=40)
    weight = models.FloatField()
    public_weight = models.FloatField(default=0.0)

    class Meta:
        indexes = [
            # Covers the whole of a search, so no row of the table is read.
            models.Index(
                fields=["word", "asset", "weight", "public_weight"],
                name="search_word_cover",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["asset", "word"], name="search_word_once")
        ]


class Spelling(models.Model):
    """A word as entries write it, with its stem: what a misspelt word is mended to."""

    word = models.CharField(max_length=40, unique=True)
    stem = models.CharField(max_length=40)
    initial = models.CharField(max_length=1)
    length = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["initial", "length"], name="spelling_near")]
