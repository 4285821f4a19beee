"""The CSV file that stands beside every table.

RFC 4180 lines, UTF-8 without a byte order mark. A cell of text that a spreadsheet
would run as a formula is made harmless with a leading apostrophe (OWASP, CSV
injection); numbers keep their sign.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from staithe.base.ids import to_slug
from staithe.ui.cells import safe_cell


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a table as CSV text with CRLF line ends."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe_cell(name) for name in header])
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"row of {len(row)} cells under {len(header)} columns")
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue()


def csv_response(
    filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """Answer with a table as a CSV download; `filename` may be a title."""
    name = to_slug(filename.removesuffix(".csv")) + ".csv"
    response = HttpResponse(
        to_csv(header, rows), content_type="text/csv; charset=utf-8; header=present"
    )
    disposition = content_disposition_header(as_attachment=True, filename=name)
    response["Content-Disposition"] = disposition or "attachment"
    return response


def wants_csv(request: HttpRequest) -> bool:
    """Say whether the page was asked for as CSV: `?format=csv`."""
    return request.GET.get("format") == "csv"
