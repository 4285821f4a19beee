"""An open asset's rows as CSV, streamed from the verified snapshot."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pa_csv
from django.conf import settings
from django.http import StreamingHttpResponse

from staithe.catalogue.models import Asset, AssetVersion
from staithe.tables.snapshot import open_snapshot, read_batches
from staithe.tables.store import open_store


def open_csv(asset: Asset, version: AssetVersion) -> StreamingHttpResponse:
    """Stream a version as CSV, exactly as published: for programs, not neutralised."""
    store = open_store(settings.STORAGE_URL)
    manifest = open_snapshot(
        version.snapshot_id, store=store, digest=f"sha256:{version.manifest_sha256}"
    )
    batches = read_batches(manifest, store=store)
    response = StreamingHttpResponse(
        _rows(batches), content_type="text/csv; charset=utf-8"
    )
    name = f"{asset.slug}-v{version.number}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    first = True
    for batch in batches:
        out = io.BytesIO()
        options = pa_csv.WriteOptions(include_header=first)
        pa_csv.write_csv(batch, out, write_options=options)
        first = False
        yield out.getvalue()
