"""Addresses of the exchange: the Delta Sharing door and its pages."""

from __future__ import annotations

from django.urls import path, re_path

from staithe.exchange import delta_web, web, web_judge


TABLE = "delta-sharing/shares/<str:share>/schemas/<str:schema>/tables/<str:table>"

urlpatterns = [
    path("delta-sharing/shares", delta_web.shares),
    path("delta-sharing/shares/<str:share>", delta_web.share),
    path("delta-sharing/shares/<str:share>/schemas", delta_web.schemas),
    path("delta-sharing/shares/<str:share>/all-tables", delta_web.tables),
    path(
        "delta-sharing/shares/<str:share>/schemas/<str:schema>/tables",
        delta_web.tables,
    ),
    path(f"{TABLE}/version", delta_web.version),
    path(f"{TABLE}/metadata", delta_web.metadata),
    path(f"{TABLE}/query", delta_web.query),
    path(f"{TABLE}/changes", delta_web.changes),
    path(
        "delta-sharing/files/<str:grant>/<int:version>/<int:index>",
        delta_web.table_file,
    ),
    re_path("^delta-sharing(?:/.*)?$", delta_web.unknown),
    path(
        "agreements/<str:reference>/connect", web.connect, name="exchange-grant-connect"
    ),
    path("projects/<str:reference>/join", web.join_data, name="exchange-join-ask"),
    path(
        "projects/<str:reference>/joins/<int:number>",
        web.show_join,
        name="exchange-join-show",
    ),
    path(
        "projects/<str:reference>/joins/<int:number>/progress",
        web.join_progress,
        name="exchange-join-progress",
    ),
    path(
        "projects/<str:reference>/joins/<int:number>/stop",
        web.stop,
        name="exchange-join-stop",
    ),
    path(
        "projects/<str:reference>/joins/<int:number>/runs/<int:run>/judge",
        web_judge.judge,
        name="exchange-join-judge",
    ),
    path(
        "agreements/<str:reference>/prepare", web.prepare, name="exchange-grant-prepare"
    ),
]
