from __future__ import annotations

from django.apps import AppConfig


class LinkageConfig(AppConfig):
    """Linkage itself needs no Django; its clerical review does."""

    name = "staithe.linkage"
