"""What may be read of the catalogue, and how it is searched."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from staithe.base.errors import NotFound
from staithe.catalogue.models import Asset, AssetVersion, SearchWord
from staithe.catalogue.words import mend, query_words
from staithe.people.models import Organisation, Person
from staithe.people.permissions import Permission, can_somewhere


Reader = Person | AnonymousUser | None


@dataclass(frozen=True)
class SearchPage:
    """The assets found, best first; `mended` says what was searched for instead."""

    items: list[Asset]
    mended: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many assets were found."""
        return len(self.items)


def visible_assets() -> QuerySet[Asset]:
    """Return every asset in the catalogue: its entry is public, its rows are not."""
    return Asset.objects.filter(status=Asset.Status.PUBLISHED).select_related(
        "organisation"
    )


def search(
    text: str,
    *,
    organisation: str = "",
    access_rights: str = "",
    kind: str = "",
) -> SearchPage:
    """Find assets by words, all matching first; without words, the newest first."""
    assets = visible_assets()
    if organisation:
        assets = assets.filter(organisation__slug=organisation)
    if access_rights:
        assets = assets.filter(access_rights=access_rights)
    if kind:
        assets = assets.filter(kind=kind)
    words = query_words(text)
    if not words:
        return SearchPage(list(assets.order_by("-modified_at", "title")))
    words, mended = _mend_all(words)
    scores = _scores(words)
    found = {asset.pk: asset for asset in assets.filter(pk__in=scores)}
    ranked = sorted(found, key=lambda pk: (*scores[pk], found[pk].title))
    return SearchPage([found[pk] for pk in ranked], mended)


def _mend_all(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Replace words that the catalogue does not hold by the nearest that it does."""
    known = set(
        SearchWord.objects.filter(word__in=words).values_list("word", flat=True)
    )
    unknown = [word for word in words if word not in known]
    if not unknown:
        return words, {}
    vocabulary = list(SearchWord.objects.values_list("word", flat=True).distinct())
    fixes = {word: mend(word, vocabulary) for word in unknown}
    mended = {word: fix for word, fix in fixes.items() if fix}
    return [mended.get(word, word) for word in words], mended


def _scores(words: list[str]) -> dict[int, tuple[int, float]]:
    """Return (words missed, minus the weight of those found) for each asset.

    A rare word weighs more: log(1 + assets / assets with the word), as in BM25.
    """
    total = Asset.objects.count()
    rows = list(
        SearchWord.objects.filter(word__in=words).values_list(
            "asset_id", "word", "weight"
        )
    )
    frequency: dict[str, int] = {}
    for _, word, _ in rows:
        frequency[word] = frequency.get(word, 0) + 1
    hits: dict[int, dict[str, float]] = {}
    for asset, word, weight in rows:
        rarity = math.log(1 + total / frequency[word])
        hits.setdefault(asset, {})[word] = weight * rarity
    wanted = len(set(words))
    return {
        asset: (wanted - len(found), -sum(found.values()))
        for asset, found in hits.items()
    }


def get_asset(key: str) -> Asset:
    """Return an asset by slug or reference; a withdrawn one says so on its page."""
    found = Asset.objects.filter(Q(slug=key) | Q(reference=key))
    asset = found.select_related("organisation").first()
    if asset is None:
        raise NotFound("The catalogue has no asset of that name.")
    return asset


def get_current_version(asset: Asset) -> AssetVersion:
    """Return the newest version of an asset."""
    version = asset.versions.order_by("-number").first()
    if version is None:
        raise NotFound("This asset has no data yet.")
    return version


def may_see_inside(asset: Asset, *, person: Reader) -> bool:
    """Tell whether a person sees columns and quality: open, or works for a body."""
    if asset.access_rights == Asset.AccessRights.OPEN:
        return True
    return can_somewhere(person, Permission.SEE_INTERNAL_METADATA)


def facets() -> dict[str, list[tuple[str, str]]]:
    """Return the choices of the catalogue's filters."""
    holders = Organisation.objects.filter(assets__status=Asset.Status.PUBLISHED)
    return {
        "organisation": list(
            holders.distinct().order_by("name").values_list("slug", "name")
        ),
        "access_rights": list(Asset.AccessRights.choices),
        "kind": list(Asset.Kind.choices),
    }


def get_organisation(slug: str) -> Organisation:
    """Return an organisation; NotFound where there is none."""
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise NotFound("There is no organisation of that name.")
    return organisation


def entry(asset: Asset, *, person: Reader) -> dict[str, Any]:
    """Return an asset as the API shows it: columns and quality where permitted."""
    plain: dict[str, Any] = {
        "reference": asset.reference,
        "slug": asset.slug,
        "kind": asset.kind,
        "title": asset.title,
        "summary": asset.summary,
        "description": asset.description,
        "keywords": asset.keywords,
        "theme": asset.theme,
        "holder": asset.organisation.slug,
        "holder_name": asset.organisation.name,
        "licence": asset.licence,
        "access_rights": asset.access_rights,
        "update_frequency": asset.update_frequency,
        "status": asset.status,
        "created_at": asset.created_at,
        "modified_at": asset.modified_at,
    }
    version = asset.versions.order_by("-number").first()
    if version is None or not may_see_inside(asset, person=person):
        return plain | {"version": None}
    return plain | {
        "version": {
            "number": version.number,
            "rows": version.rows,
            "bytes": version.bytes,
            "manifest_sha256": version.manifest_sha256,
            "columns": version.columns,
            "quality": version.profile["dimensions"],
            "findings": version.profile["findings"],
        }
    }
