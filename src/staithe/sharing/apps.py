from __future__ import annotations

from django.apps import AppConfig


class SharingConfig(AppConfig):
    """Asking for data and agreeing about it."""

    name = "staithe.sharing"

    def ready(self) -> None:
        """Add this room's block to the asset's page."""
        from staithe.catalogue import panels as catalogue_panels
        from staithe.sharing import panels

        catalogue_panels.register("asset", panels.asset_requests)
