"""Which room answers which address."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from staithe.site.api import api
from staithe.site.web import healthz, readyz, show_metrics, start


# In the order of the journey; each room names its own paths from the root.
ROOMS_WITH_PAGES = [
    "ui",
    "ledger",
    "people",
    "registers",
    "catalogue",
    "law",
    "sharing",
    "linkage",
    "exchange",
    "analysis",
    "accountability",
]


def _room_urls() -> list[URLPattern | URLResolver]:
    names = [f"staithe.{room}.urls" for room in ROOMS_WITH_PAGES]
    return [path("", include(import_module(n))) for n in names if find_spec(n)]


urlpatterns = [
    path("", start, name="site-start"),
    path("healthz", healthz, name="site-healthz"),
    path("readyz", readyz, name="site-readyz"),
    path("metrics", show_metrics, name="site-metrics"),
    path("api/v1/", api.urls),
    *_room_urls(),
]
handler400 = "staithe.site.web.bad_request"
handler403 = "staithe.site.web.forbidden"
handler404 = "staithe.site.web.not_found"
handler500 = "staithe.site.web.server_error"
