from __future__ import annotations

from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "staithe.site"
    label = "staithe_site"  # "site" alone would shadow nothing, but reads like contrib
