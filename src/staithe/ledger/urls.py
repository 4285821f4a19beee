"""The addresses of the published log."""

from __future__ import annotations

from django.urls import path

from staithe.ledger import web


urlpatterns = [
    path("ledger/checkpoint", web.show_checkpoint, name="ledger-checkpoint-show"),
    path("ledger/key", web.show_keys, name="ledger-key-show"),
    path("ledger/tile/<path:path>", web.show_tile, name="ledger-tile-show"),
]
