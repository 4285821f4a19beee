"""Every write of the catalogue."""

from __future__ import annotations

from staithe.catalogue.actions.assets import (
    keep_asset,
    keep_version,
    publish_asset,
    publish_version,
)
from staithe.catalogue.actions.damage import note_damage, note_repair
from staithe.catalogue.actions.entries import (
    describe_columns,
    edit_asset,
    withdraw_asset,
)


__all__ = [
    "describe_columns",
    "edit_asset",
    "keep_asset",
    "keep_version",
    "note_damage",
    "note_repair",
    "publish_asset",
    "publish_version",
    "withdraw_asset",
]
