"""The shapes of the catalogue's API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field


class Strict(Schema):
    """A shape that refuses names it does not know: a typing error is said, not lost."""

    model_config = ConfigDict(extra="forbid")


class AssetSearchIn(Strict):
    """What to look for, and which page of it."""

    q: str = Field("", max_length=200)
    organisation: str = Field("", description="Slug of the body that holds it")
    access_rights: str = Field("", description="OPEN, INTERNAL or COMMERCIAL")
    kind: str = Field("", description="dataset or release")
    page: int = Field(1, ge=1)
    size: int = Field(25, ge=1, le=100)


class AssetBriefOut(Schema):
    """What anyone may read of an asset."""

    reference: str
    slug: str
    kind: str
    title: str
    summary: str
    holder: str
    holder_name: str
    access_rights: str
    status: str
    withdrawn_at: datetime | None
    withdrawn_reason: str
    created_at: datetime
    modified_at: datetime


class AssetColumnOut(Schema):
    """One column. Nobody is granted sight of one that is `matching_only`.

    That is each that `identifies` people, and each that names a row: an identifier,
    or a value that nearly every row has to itself.
    """

    name: str
    type: str
    semantic_type: str = ""
    nulls: int | None = None
    distinct: int | None = None
    identifies: bool
    matching_only: bool = False
    description: str = ""


class AssetQualityOut(Schema):
    """One dimension of quality: a score from 0 to 1, or null and the reason."""

    score: float | None
    reason: str = ""
    evidence: str = ""


class AssetFindingOut(Schema):
    """One thing worth knowing about the data."""

    severity: str
    dimension: str
    column: str | None = None
    message: str
    count: int
    examples: list[str] = []


class AssetVersionOut(Schema):
    """The newest version: its rows, its columns, how good it is."""

    number: int
    created_at: datetime
    rows: int
    bytes: int
    csv_bytes: int
    csv_sha256: str
    manifest_sha256: str
    damaged_at: datetime | None
    columns: list[AssetColumnOut]
    quality: dict[str, AssetQualityOut]
    findings: list[AssetFindingOut]


class AssetOut(AssetBriefOut):
    """An asset; what the reader may not see is null."""

    url: str
    description: str | None = None
    keywords: list[str] | None = None
    theme: str | None = None
    licence: str | None = None
    update_frequency: str | None = None
    contact_email: str | None = None
    version: AssetVersionOut | None = None


class AssetsFoundOut(Schema):
    """One page of a search, best first; `mended` maps words to what was sought instead."""

    items: list[AssetBriefOut]
    total: int
    page: int
    pages: int
    size: int
    mended: dict[str, str]


class PublicationOut(Schema):
    """A file that is being read in the background; `asset` once it is published."""

    reference: str
    state: str
    percent: int
    note: str
    error: str
    is_finished: bool
    asset: str | None
    url: str


class AssetDetailsIn(Strict):
    """What the catalogue says about an asset; an absent field stays as it is."""

    title: str = ""
    summary: str = ""
    description: str = ""
    keywords: list[str] = []
    theme: str = ""
    access_rights: str = "INTERNAL"
    licence: str = ""
    update_frequency: str = "irregular"
    contact_email: str = ""


class AssetPublishIn(AssetDetailsIn):
    """A new asset, beside its file. `identifies` names the columns that identify people.

    Without it the meaning of each column decides; `identifies_nobody` says that none does.
    """

    organisation: str = Field(description="Slug of the body that holds the data")
    title: str = Field(description="What a colleague in another body would search for")
    identifies: list[str] | None = None
    identifies_nobody: bool = False

    def details(self) -> dict[str, Any]:
        """Return what was said of the asset itself."""
        return self.dict(
            include=set(AssetDetailsIn.model_fields) & self.model_fields_set
        )

    def identifying(self) -> set[str] | None:
        """Return the columns that identify people, or None where nobody said."""
        if self.identifies_nobody:
            return set()
        return None if self.identifies is None else set(self.identifies)


class AssetColumnIn(Strict):
    """What the holder says of one column."""

    name: str
    identifies: bool
    description: str = ""


class AssetColumnsIn(Strict):
    """Every column of the newest version, each once."""

    columns: list[AssetColumnIn]


class AssetWithdrawIn(Strict):
    """Why an asset is withdrawn; anyone can read it."""

    reason: str


class HolderOut(Schema):
    """A body and how much it has in the catalogue."""

    slug: str
    name: str
    kind: str
    description: str
    contact_email: str
    assets: int
    url: str
