"""The addresses of the legal library."""

from __future__ import annotations

from django.urls import path

from staithe.law import web


urlpatterns = [
    path("law", web.list_routes, name="law-route-list"),
    path("law/<slug:route_id>", web.show_route, name="law-route-show"),
]
