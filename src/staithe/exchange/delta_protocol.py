"""What a Delta Sharing server answers, line by line (delta-sharing PROTOCOL.md).

Pure text: who may ask, and which bytes a file holds, is decided elsewhere. Hints are
never an access control, and only `limitHint` is used, which the protocol allows. File
statistics carry the number of rows only, because minima and maxima are values.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from staithe.base.errors import BadInput


NDJSON = "application/x-ndjson; charset=utf-8"
JSON = "application/json; charset=utf-8"
LONGEST_INT = 10  # digits of the protocol's int32


@dataclass(frozen=True)
class SharedFile:
    """One Parquet file as a client is told of it; times in ms since 1970."""

    url: str
    id: str
    size: int
    rows: int
    expires_ms: int


@dataclass(frozen=True)
class SharedTable:
    """One version of a shared table; `created_ms` in ms since 1970."""

    id: str
    name: str
    version: int
    schema_string: str
    created_ms: int
    files: Sequence[SharedFile]

    @property
    def rows(self) -> int:
        """Return the number of rows over all files."""
        return sum(file.rows for file in self.files)

    @property
    def bytes(self) -> int:
        """Return the size of all files."""
        return sum(file.size for file in self.files)


def response_format(capabilities: str) -> str:
    """Choose parquet unless the client's header names only delta."""
    for part in capabilities.lower().split(";"):
        name, _, value = part.partition("=")
        if name.strip() == "responseformat":
            formats = {text.strip() for text in value.split(",")}
            return (
                "parquet" if "parquet" in formats or "delta" not in formats else "delta"
            )
    return "parquet"


def wants_end_of_stream(capabilities: str) -> bool:
    """Tell whether the client asked for the endStreamAction line."""
    parts = [part.strip().lower() for part in capabilities.split(";")]
    return "includeendstreamaction=true" in parts


def metadata_lines(table: SharedTable, form: str) -> list[dict[str, Any]]:
    """Return the protocol line and the metadata line."""
    metadata: dict[str, Any] = {
        "id": table.id,
        "name": table.name,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": table.schema_string,
        "partitionColumns": [],
        "configuration": {},
    }
    if form == "delta":
        metadata["createdTime"] = table.created_ms
        return [
            {
                "protocol": {
                    "deltaProtocol": {"minReaderVersion": 1, "minWriterVersion": 1}
                }
            },
            {
                "metaData": {
                    "version": table.version,
                    "size": table.bytes,
                    "numFiles": len(table.files),
                    "deltaMetadata": metadata,
                }
            },
        ]
    metadata |= {"version": table.version, "size": table.bytes}
    metadata |= {"numFiles": len(table.files)}
    return [{"protocol": {"minReaderVersion": 1}}, {"metaData": metadata}]


def file_lines(table: SharedTable, form: str) -> list[dict[str, Any]]:
    """Return one line for each file."""
    return [_file_line(table, file, form) for file in table.files]


def _file_line(table: SharedTable, file: SharedFile, form: str) -> dict[str, Any]:
    stats = json.dumps({"numRecords": file.rows})
    if form == "delta":
        add = {
            "path": file.url,
            "partitionValues": {},
            "size": file.size,
            "modificationTime": table.created_ms,
            "dataChange": True,
            "stats": stats,
        }
        return {
            "file": {
                "id": file.id,
                "version": table.version,
                "timestamp": table.created_ms,
                "expirationTimestamp": file.expires_ms,
                "deltaSingleAction": {"add": add},
            }
        }
    return {
        "file": {
            "url": file.url,
            "id": file.id,
            "partitionValues": {},
            "size": file.size,
            "stats": stats,
            "version": table.version,
            "timestamp": table.created_ms,
            "expirationTimestamp": file.expires_ms,
        }
    }


def first_files(table: SharedTable, limit: int | None) -> SharedTable:
    """Leave out files that a reader of `limit` rows does not need (`limitHint`)."""
    if limit is None:
        return table
    kept: list[SharedFile] = []
    for file in table.files:
        if kept and sum(f.rows for f in kept) >= limit:
            break
        kept.append(file)
    return replace(table, files=kept)


def change_lines(table: SharedTable) -> list[dict[str, Any]]:
    """Return each file of this version as added: a version replaces the one before."""
    return [{"add": line["file"]} for line in file_lines(table, "parquet")]


def to_ndjson(lines: Iterable[Mapping[str, Any]]) -> str:
    """Write one JSON object a line."""
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def page(
    items: Sequence[dict[str, Any]], *, max_results: str | None, page_token: str | None
) -> dict[str, Any]:
    """Cut a list by `maxResults` and an opaque `pageToken`; BadInput where malformed."""
    start = _read_token(page_token)
    limit = _read_limit(max_results)
    if limit is None:
        return {"items": list(items[start:])}
    answer: dict[str, Any] = {"items": list(items[start : start + limit])}
    if start + limit < len(items):
        answer["nextPageToken"] = _write_token(start + limit)
    return answer


def _read_limit(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    is_short = len(text) <= LONGEST_INT
    if is_short and text.isascii() and text.isdigit() and int(text) < 2**31:
        return int(text)
    raise BadInput("maxResults must be a whole number from 0 to 2147483647.")


def _write_token(start: int) -> str:
    return base64.urlsafe_b64encode(f"s{start}".encode()).decode()


def _read_token(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise BadInput("pageToken is not one that this server gave.") from error
    digits = text[1:]
    if not text.startswith("s") or not digits.isdigit() or len(digits) > LONGEST_INT:
        raise BadInput("pageToken is not one that this server gave.")
    return int(digits)
