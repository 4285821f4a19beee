from __future__ import annotations

from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    name = "staithe.accountability"

    def ready(self) -> None:
        """Add this room's blocks to the pages of rooms above."""
        from staithe.accountability import panels
        from staithe.catalogue import panels as catalogue_panels
        from staithe.sharing import panels as sharing_panels

        sharing_panels.register("project", panels.project_outcomes)
        catalogue_panels.register("organisation", panels.organisation_credits)
        catalogue_panels.register("organisation", panels.organisation_decisions)
        catalogue_panels.register("asset", panels.asset_decisions)
