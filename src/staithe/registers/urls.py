"""Addresses of registers: their APIs, their logs as files, their pages."""

from __future__ import annotations

from django.urls import path, register_converter

from staithe.registers import (
    api_rsf,
    api_v1,
    api_v2,
    web,
    web_edit,
    web_log,
    web_openings,
)


class Rest:
    """All that is left of an address, line ends too: a facet's value may hold them."""

    regex = r"(?s:.+)"

    def to_python(self, text: str) -> str:
        """Return the text as it is."""
        return text

    def to_url(self, text: str) -> str:
        """Return the text as it is."""
        return text


register_converter(Rest, "rest")

_AT = "registers/<slug:slug>"

urlpatterns = [
    path(f"{_AT}/v1", api_v1.answer, name="registers-v1-root"),
    path(f"{_AT}/v1/", api_v1.answer),
    path(f"{_AT}/v1/download-rsf.sig", web_log.show_seal, name="registers-seal-show"),
    path(f"{_AT}/v1/load-rsf", api_rsf.load, name="registers-load-rsf"),
    path(f"{_AT}/v1/<rest:rest>", api_v1.answer, name="registers-v1"),
    path(f"{_AT}/v2", api_v2.answer, name="registers-v2-root"),
    path(f"{_AT}/v2/", api_v2.answer),
    path(f"{_AT}/v2/load-rsf", api_rsf.load, name="registers-load-rsf-v2"),
    path(f"{_AT}/v2/<rest:rest>", api_v2.answer, name="registers-v2"),
    path(f"{_AT}/checkpoint", web_log.show_checkpoint, name="registers-checkpoint"),
    path(f"{_AT}/key", web_log.show_keys, name="registers-key"),
    path(f"{_AT}/tile/<path:path>", web_log.show_tile, name="registers-tile"),
    path(
        f"{_AT}/metadata/checkpoint",
        web_log.show_checkpoint,
        {"metadata": "metadata"},
        name="registers-metadata-checkpoint",
    ),
    path(
        f"{_AT}/metadata/key",
        web_log.show_keys,
        {"metadata": "metadata"},
        name="registers-metadata-key",
    ),
    path(
        f"{_AT}/metadata/tile/<path:path>",
        web_log.show_tile,
        {"metadata": "metadata"},
        name="registers-metadata-tile",
    ),
    path(f"{_AT}/feed.atom", web_log.show_feed, name="registers-feed"),
    path(
        f"{_AT}/feed/<int:number>.atom",
        web_log.show_feed_archive,
        name="registers-feed-archive",
    ),
    path(
        f"{_AT}/records/<path:key>.tlog-proof",
        web_log.show_record_proof,
        name="registers-record-proof",
    ),
    path(
        f"{_AT}/openings/<str:digest>",
        web_openings.show_opening,
        name="registers-opening",
    ),
    path("registers", web.list_registers, name="registers-list"),
    path(_AT, web.show_register, name="registers-register-show"),
    path(f"{_AT}/records", web.list_records, name="registers-record-list"),
    path(f"{_AT}/picker.json", web.pick, name="registers-picker"),
    path(f"{_AT}/add", web_edit.add_record, name="registers-record-add"),
    path(f"{_AT}/upload", web_edit.upload_file, name="registers-upload"),
    path(f"{_AT}/upload/columns", web_edit.map_columns, name="registers-upload-map"),
    path(
        f"{_AT}/uploads/<str:reference>",
        web_edit.show_upload,
        name="registers-upload-show",
    ),
    path(
        f"{_AT}/corrections",
        web_edit.list_corrections,
        name="registers-correction-list",
    ),
    path(
        f"{_AT}/corrections/<str:reference>",
        web_edit.show_correction,
        name="registers-correction-show",
    ),
    path(
        f"{_AT}/records/<path:key>/edit",
        web_edit.edit_record,
        name="registers-record-edit",
    ),
    path(
        f"{_AT}/records/<path:key>/propose",
        web_edit.propose,
        name="registers-record-propose",
    ),
    path(f"{_AT}/records/<path:key>", web.show_record, name="registers-record-show"),
]
