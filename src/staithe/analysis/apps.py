from __future__ import annotations

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "staithe.analysis"

    def ready(self) -> None:
        """Add this room's block to the project's page."""
        from staithe.analysis import panels
        from staithe.sharing import panels as sharing_panels

        sharing_panels.register("project", panels.project_questions)
