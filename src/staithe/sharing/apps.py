from __future__ import annotations

from django.apps import AppConfig


class SharingConfig(AppConfig):
    """Asking for data and agreeing about it."""

    name = "staithe.sharing"
