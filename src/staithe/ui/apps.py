from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """The room that every page is drawn in; it has no state."""

    name = "staithe.ui"
