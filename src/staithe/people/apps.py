from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The room where organisations, people and their roles are kept."""

    name = "staithe.people"
