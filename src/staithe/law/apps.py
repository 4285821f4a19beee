from __future__ import annotations

from django.apps import AppConfig


class LawConfig(AppConfig):
    """Legal gateways as dated data."""

    name = "staithe.law"
