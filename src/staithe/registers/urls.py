"""Addresses of registers: their APIs, their logs as files, their pages."""

from __future__ import annotations

from django.urls import path, register_converter

from staithe.registers import (
    api_rsf,
    api_v1,
    api_v2,
    web,
    web_corrections,
    web_curies,
    web_edit,
    web_log,
    web_openings,
    web_records,
    web_shape,
    web_updates,
    web_upload,
)
from staithe.registers.web_records import or_record


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
        or_record(web_log.show_record_proof, ".tlog-proof"),
        name="registers-record-proof",
    ),
    path(
        f"{_AT}/openings/<str:digest>",
        web_openings.show_opening,
        name="registers-opening",
    ),
    path("curie/<path:text>", web_curies.follow, name="registers-curie"),
    path("registers", web.list_registers, name="registers-list"),
    path("registers/new", web_shape.new_register, name="registers-new"),
    path("registers/new/declaration", web_shape.declare, name="registers-declare"),
    path("registers/queue", web_updates.show_queue, name="registers-queue"),
    path(
        "registers/corrections",
        web_corrections.compare_corrections,
        name="registers-correction-figures",
    ),
    path(_AT, web.show_register, name="registers-register-show"),
    path(f"{_AT}/records", web_records.list_records, name="registers-record-list"),
    path(f"{_AT}/records.csv", web_records.download_csv, name="registers-csv"),
    path(f"{_AT}/records.json", web_records.download_json, name="registers-json"),
    path(f"{_AT}/changes", web_records.list_changes, name="registers-changes"),
    path(f"{_AT}/picker", web_records.show_picker, name="registers-picker-show"),
    path(f"{_AT}/picker.json", web_records.pick, name="registers-picker"),
    # What a register is.
    path(f"{_AT}/about", web_shape.edit_details, name="registers-details-edit"),
    path(f"{_AT}/reviewed", web_shape.note_review, name="registers-review"),
    path(f"{_AT}/fields/new", web_shape.add_field, name="registers-field-add"),
    path(
        f"{_AT}/fields/<slug:field>", web_shape.edit_field, name="registers-field-edit"
    ),
    path(
        f"{_AT}/fields/<slug:field>/replace",
        web_shape.replace_field,
        name="registers-field-replace",
    ),
    # How its records are changed.
    path(f"{_AT}/add", web_edit.add_record, name="registers-record-add"),
    path(f"{_AT}/many", web_edit.change_many, name="registers-bulk"),
    path(f"{_AT}/upload", web_upload.upload_file, name="registers-upload"),
    path(f"{_AT}/upload/columns", web_upload.map_columns, name="registers-upload-map"),
    path(f"{_AT}/watches", web_upload.list_watches, name="registers-watch-list"),
    path(f"{_AT}/watches/columns", web_upload.map_watch, name="registers-watch-map"),
    path(
        f"{_AT}/watches/<str:reference>/end",
        web_upload.end_watch,
        name="registers-watch-end",
    ),
    path(f"{_AT}/updates", web_updates.list_updates, name="registers-update-list"),
    path(
        f"{_AT}/updates/<str:reference>",
        web_updates.show_update,
        name="registers-update-show",
    ),
    path(
        f"{_AT}/updates/<str:reference>/undo",
        web_edit.undo_update,
        name="registers-update-undo",
    ),
    path(
        f"{_AT}/entries/<int:number>/undo",
        web_edit.undo_entry,
        name="registers-entry-undo",
    ),
    # What anyone says is wrong.
    path(f"{_AT}/propose", web_corrections.propose, name="registers-missing-propose"),
    path(
        f"{_AT}/corrections",
        web_corrections.list_corrections,
        name="registers-correction-list",
    ),
    path(
        f"{_AT}/corrections/<str:reference>",
        web_corrections.show_correction,
        name="registers-correction-show",
    ),
    path(
        f"{_AT}/records/<path:key>/edit",
        or_record(web_edit.edit_record, "/edit"),
        name="registers-record-edit",
    ),
    path(
        f"{_AT}/records/<path:key>/mend",
        or_record(web_edit.mend_record, "/mend"),
        name="registers-record-mend",
    ),
    path(
        f"{_AT}/records/<path:key>/propose",
        or_record(web_corrections.propose, "/propose"),
        name="registers-record-propose",
    ),
    path(
        f"{_AT}/records/<path:key>",
        web_records.show_record,
        name="registers-record-show",
    ),
]
