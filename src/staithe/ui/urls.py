"""Addresses of the pages that belong to no room."""

from __future__ import annotations

from django.urls import path

from staithe.ui import web


urlpatterns = [
    path("accessibility", web.accessibility, name="ui-accessibility"),
    path("privacy", web.privacy, name="ui-privacy"),
    path("cookies", web.cookies, name="ui-cookies"),
    path("about", web.about, name="ui-about"),
    path("styleguide", web.styleguide, name="ui-styleguide"),
]
