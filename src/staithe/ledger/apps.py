from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The room of the log; handlers of its events are loaded by the room of jobs."""

    name = "staithe.ledger"
