"""Addresses of the catalogue."""

from __future__ import annotations

from django.urls import path

from staithe.catalogue import web


urlpatterns = [
    path("catalogue", web.list_assets, name="catalogue-list"),
    path("catalogue/publish", web.publish, name="catalogue-publish"),
    path("catalogue/jobs/<str:reference>", web.show_job, name="catalogue-job-show"),
    path(
        "catalogue/jobs/<str:reference>/progress",
        web.job_progress,
        name="catalogue-job-progress",
    ),
    path("catalogue/<slug:slug>", web.show_asset, name="catalogue-asset-show"),
    path("catalogue/<slug:slug>.csv", web.download, name="catalogue-asset-download"),
    path(
        "catalogue/<str:slug>/published",
        web.published,
        name="catalogue-asset-published",
    ),
    path("catalogue/<str:slug>/edit", web.edit, name="catalogue-asset-edit"),
    path("catalogue/<str:slug>/columns", web.columns, name="catalogue-asset-columns"),
    path("catalogue/<str:slug>/version", web.new_version, name="catalogue-version-new"),
    path(
        "catalogue/<str:slug>/withdraw", web.withdraw, name="catalogue-asset-withdraw"
    ),
    path(
        "organisations/<str:slug>",
        web.show_organisation,
        name="catalogue-organisation-show",
    ),
]
