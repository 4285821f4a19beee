"""Calls of the catalogue room."""

from __future__ import annotations

from pathlib import Path

from staithe.catalogue import actions as catalogue
from staithe.catalogue.actions.damage import note_damage, note_repair
from staithe.demo.story import Scene


def call(told: Scene, folder: Path) -> None:
    """Edit, describe, damage and mend, publish again, withdraw."""
    owner = told.cast["owner"]
    asset = told.assets["rs"]
    catalogue.edit_asset(asset=asset, theme="Economy", by=owner, at=told.later())
    catalogue.describe_columns(
        asset=asset,
        identifies={"utr"},
        descriptions={"annual_pay": "Pounds a year"},
        by=owner,
        at=told.later(),
    )
    newer = folder / "newer.csv"
    newer.write_text("utr,annual_pay\n0001,5\n", "utf-8")
    version = asset.versions.get()
    note_damage(version=version, damage="part-00000 differs", at=told.later())
    note_repair(version=version, at=told.later())
    catalogue.publish_version(
        asset=asset, path=newer, source_name="newer.csv", by=owner, at=told.later()
    )
    catalogue.withdraw_asset(asset=asset, reason="Replaced", by=owner, at=told.later())
