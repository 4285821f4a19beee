"""Loads the handlers of every room, so that no event is missed by one."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LedgerConfig(AppConfig):
    """The room of the log."""

    name = "staithe.ledger"

    def ready(self) -> None:
        """Import handlers.py of every installed room."""
        autodiscover_modules("handlers")
