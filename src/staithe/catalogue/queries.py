"""What a page, a program or another room reads of the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from staithe.base.errors import NotFound
from staithe.catalogue.models import Asset, AssetVersion
from staithe.catalogue.permissions import may_see_inside
from staithe.catalogue.policies import FREQUENCY_DAYS, matching_only
from staithe.catalogue.scorecard import Scorecard, judge_timeliness, scorecard
from staithe.catalogue.search import SearchPage, search, visible_assets
from staithe.people.models import Organisation
from staithe.people.permissions import Permission, Someone, can


__all__ = [
    "SearchPage",
    "brief",
    "card_of",
    "entry",
    "facets",
    "find_current_version",
    "get_asset",
    "get_current_version",
    "get_organisation",
    "holdings",
    "may_see_inside",
    "search",
    "visible_assets",
    "withdrawn_assets",
]


def get_asset(key: str) -> Asset:
    """Return an asset by slug or reference; a withdrawn one says so on its page."""
    found = Asset.objects.filter(Q(slug=key) | Q(reference=key))
    asset = found.select_related("organisation").first()
    if asset is None:
        raise NotFound(
            "The catalogue has no asset of that name. Check the address, or search."
        )
    return asset


def find_current_version(asset: Asset) -> AssetVersion | None:
    """Return the newest version of an asset, or None before there is one."""
    return asset.versions.order_by("-number").first()


def get_current_version(asset: Asset) -> AssetVersion:
    """Return the newest version of an asset; NotFound before there is one."""
    version = find_current_version(asset)
    if version is None:
        raise NotFound("This asset has no data yet.")
    return version


def facets() -> dict[str, list[tuple[str, str]]]:
    """Return the choices of the catalogue's filters."""
    holders = Organisation.objects.filter(
        pk__in=Asset.objects.filter(status=Asset.Status.PUBLISHED).values(
            "organisation"
        )
    )
    return {
        "organisation": list(holders.order_by("name").values_list("slug", "name")),
        "access_rights": list(Asset.AccessRights.choices),
        "kind": list(Asset.Kind.choices),
    }


def get_organisation(slug: str) -> Organisation:
    """Return an organisation; NotFound where there is none."""
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise NotFound("There is no organisation of that name here.")
    return organisation


def holdings(organisation: Organisation) -> QuerySet[Asset]:
    """Return what an organisation has in the catalogue, by title."""
    return visible_assets().filter(organisation=organisation)


def withdrawn_assets(organisation: Organisation, *, person: Someone) -> list[Asset]:
    """Return what an organisation withdrew, for the people who look after it."""
    if not can(person, Permission.EDIT_ASSET, organisation):
        return []
    gone = Asset.objects.filter(
        organisation=organisation, status=Asset.Status.WITHDRAWN
    )
    return list(gone.order_by("-withdrawn_at"))


def entry(asset: Asset, *, person: Someone) -> dict[str, Any]:
    """Return an asset as a program sees it: the inside only where permitted."""
    plain = brief(asset)
    if not may_see_inside(asset, person=person):
        return plain
    version = find_current_version(asset)
    return plain | {
        "description": asset.description,
        "keywords": asset.keywords,
        "theme": asset.theme,
        "licence": asset.licence,
        "update_frequency": asset.update_frequency,
        "contact_email": asset.contact_email,
        "version": version and _inside(version),
    }


def card_of(version: AssetVersion, *, at: datetime) -> Scorecard:
    """Return a version's quality as it reads on a day."""
    every_days = FREQUENCY_DAYS.get(version.asset.update_frequency)
    fresh = judge_timeliness(version.created_at, every_days=every_days, at=at)
    return scorecard(version.profile, timeliness=fresh)


def brief(asset: Asset) -> dict[str, Any]:
    """Return what anyone may read of an asset."""
    return {
        "reference": asset.reference,
        "slug": asset.slug,
        "kind": asset.kind,
        "title": asset.title,
        "summary": asset.summary,
        "holder": asset.organisation.slug,
        "holder_name": asset.organisation.name,
        "access_rights": asset.access_rights,
        "status": asset.status,
        "withdrawn_at": asset.withdrawn_at,
        "withdrawn_reason": asset.withdrawn_reason,
        "created_at": asset.created_at,
        "modified_at": asset.modified_at,
    }


def _inside(version: AssetVersion) -> dict[str, Any]:
    hidden = matching_only(version)
    return {
        "number": version.number,
        "created_at": version.created_at,
        "rows": version.rows,
        "bytes": version.bytes,
        "csv_bytes": version.csv_bytes,
        "csv_sha256": version.csv_sha256,
        "manifest_sha256": version.manifest_sha256,
        "damaged_at": version.damaged_at,
        "columns": [
            column | {"matching_only": column["name"] in hidden}
            for column in version.columns
        ],
        "quality": version.profile.get("dimensions", {}),
        "findings": version.profile.get("findings", []),
    }
