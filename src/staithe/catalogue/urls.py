"""Addresses of the catalogue."""

from __future__ import annotations

from django.urls import path

from staithe.catalogue import web, web_edit, web_publish


urlpatterns = [
    path("catalogue", web.list_assets, name="catalogue-list"),
    path("catalogue/publish", web_publish.publish, name="catalogue-publish"),
    path(
        "catalogue/jobs/<str:reference>",
        web_publish.show_job,
        name="catalogue-job-show",
    ),
    path(
        "catalogue/jobs/<str:reference>/progress",
        web_publish.job_progress,
        name="catalogue-job-progress",
    ),
    path(
        "catalogue/jobs/<str:reference>/stop",
        web_publish.stop_job,
        name="catalogue-job-stop",
    ),
    path("catalogue/<slug:slug>", web.show_asset, name="catalogue-asset-show"),
    path("catalogue/<slug:slug>.csv", web.download, name="catalogue-asset-download"),
    path(
        "catalogue/<slug:slug>/published",
        web_publish.published,
        name="catalogue-asset-published",
    ),
    path("catalogue/<slug:slug>/edit", web_edit.edit, name="catalogue-asset-edit"),
    path(
        "catalogue/<slug:slug>/columns",
        web_edit.columns,
        name="catalogue-asset-columns",
    ),
    path(
        "catalogue/<slug:slug>/version",
        web_publish.new_version,
        name="catalogue-version-new",
    ),
    path(
        "catalogue/<slug:slug>/withdraw",
        web_edit.withdraw,
        name="catalogue-asset-withdraw",
    ),
    path("dataset/<slug:slug>", web.show_dataset, name="catalogue-dataset-show"),
    *(
        path(
            f"dataset/<slug:slug>.{ending}",
            web.show_metadata,
            {"ending": ending},
            name=f"catalogue-dataset-{ending}",
        )
        for ending in ("jsonld", "ttl")
    ),
    path(
        "organisations/<slug:slug>",
        web.show_organisation,
        name="catalogue-organisation-show",
    ),
]
