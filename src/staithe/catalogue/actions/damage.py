"""When stored files are found not to be what was published, and when they are again."""

from __future__ import annotations

from datetime import datetime

from staithe.catalogue.actions.rows import record_change
from staithe.catalogue.models import AssetVersion
from staithe.ledger.actions import action
from staithe.people.models import Organisation, Person
from staithe.people.notices import notify
from staithe.people.queries import find_operator, people_with_role
from staithe.people.roles import Role


@action("catalogue:damage:found")
def note_damage(*, version: AssetVersion, damage: str, at: datetime) -> AssetVersion:
    """Mark a version as damaged, and tell its owners and who runs the service."""
    version.damaged_at, version.damage = at, damage
    version.save(update_fields=["damaged_at", "damage"])
    asset = version.asset
    notify(
        _to_be_told(asset.organisation),
        title=f"Damaged: {asset.title}, version {version.number}",
        body=f"{damage} Until then it cannot be downloaded, cut or joined.",
        link=f"/catalogue/{asset.slug}",
        at=at,
        organisation=asset.organisation,
    )
    record_change(
        asset, by=None, at=at, version=version.number, snapshot=version.snapshot_id
    )
    return version


@action("catalogue:damage:repaired")
def note_repair(*, version: AssetVersion, at: datetime) -> AssetVersion:
    """Take the mark away: every file is again what the manifest says."""
    version.damaged_at, version.damage = None, ""
    version.save(update_fields=["damaged_at", "damage"])
    asset = version.asset
    notify(
        _to_be_told(asset.organisation),
        title=f"Whole again: {asset.title}, version {version.number}",
        body="Its files are again exactly what was published.",
        link=f"/catalogue/{asset.slug}",
        at=at,
        organisation=asset.organisation,
    )
    record_change(
        asset, by=None, at=at, version=version.number, snapshot=version.snapshot_id
    )
    return version


def _to_be_told(holder: Organisation) -> list[Person]:
    """Return the owners, and at the operator who oversees and who can restore."""
    told = list(people_with_role(Role.DATA_OWNER, holder))
    operator = find_operator()
    if operator is not None:
        for role in (Role.OVERSEER, Role.ADMINISTRATOR):
            told += people_with_role(role, operator)
    return told
