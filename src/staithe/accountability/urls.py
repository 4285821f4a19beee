"""Addresses of this room: progress, the ledger's pages, transparency, results."""

from __future__ import annotations

from django.urls import path

from staithe.accountability import web, web_ledger


urlpatterns = [
    path("progress", web.show_progress, name="accountability-progress-show"),
    path(
        "transparency", web.list_transparency, name="accountability-transparency-list"
    ),
    path(
        "transparency/<str:reference>",
        web.show_transparency,
        name="accountability-transparency-show",
    ),
    path(
        "projects/<str:reference>/outcomes/new",
        web.new_outcome,
        name="accountability-outcome-new",
    ),
    path("ledger", web_ledger.list_events, name="accountability-event-list"),
    path(
        "ledger/events/<int:number>",
        web_ledger.show_event,
        name="accountability-event-show",
    ),
    path(
        "ledger/events/<int:number>/receipt.json",
        web_ledger.download_receipt,
        name="accountability-event-receipt",
    ),
    path(
        "ledger/events/<int:number>/proof.tlog-proof",
        web_ledger.download_proof,
        name="accountability-event-proof",
    ),
    path(
        "ledger/log.jsonl", web_ledger.download_log, name="accountability-log-download"
    ),
]
