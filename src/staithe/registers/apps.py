from __future__ import annotations

from django.apps import AppConfig


class RegistersConfig(AppConfig):
    """The room of authoritative lists."""

    name = "staithe.registers"
