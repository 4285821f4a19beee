"""Finds every room's background handlers and ledger reactions at start-up."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


# A room's `jobs.py` registers kinds of job, its `handlers.py` reactions to events.
DISCOVERED = ("jobs", "handlers")


class JobsConfig(AppConfig):
    """The room of background work."""

    name = "staithe.jobs"

    def ready(self) -> None:
        """Import `jobs` and `handlers` of every room, so all processes know them."""
        for room in apps.get_app_configs():
            for module in DISCOVERED:
                name = f"{room.name}.{module}"
                if room.name.startswith("staithe.") and find_spec(name):
                    import_module(name)
