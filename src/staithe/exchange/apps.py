from __future__ import annotations

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "staithe.exchange"

    def ready(self) -> None:
        """Add this room's blocks to the pages of rooms above."""
        from staithe.catalogue import panels as catalogue_panels
        from staithe.exchange import panels
        from staithe.sharing import panels as sharing_panels

        sharing_panels.register("project", panels.project_data)
        sharing_panels.register("agreement", panels.agreement_access)
        catalogue_panels.register("asset", panels.asset_use)
