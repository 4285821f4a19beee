"""The manifest of a snapshot: what it holds, where it came from, the digest of each file.

Its bytes are canonical JSON (RFC 8785) that carries its own digest, so any changed
byte is noticed and two programs agree on what was signed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import rfc8785

from staithe.base.clock import to_text
from staithe.base.errors import Damaged
from staithe.tables.columns import Column


FORMAT = 1


@dataclass(frozen=True)
class PartFile:
    """One Parquet file: name, bytes, SHA-256 in hexadecimal, rows."""

    name: str
    bytes: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Source:
    """Where the rows came from: an uploaded file, or other snapshots (`derived_from`)."""

    name: str
    reader: str = "derived"
    sha256: str = ""
    bytes: int = 0
    encoding: str = ""
    delimiter: str = ""
    notes: tuple[str, ...] = ()
    bad_rows: int = 0
    derived_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """An immutable snapshot, described; `digest` covers everything else here."""

    id: str
    created_at: datetime
    rows: int
    columns: tuple[Column, ...]
    files: tuple[PartFile, ...]
    source: Source
    digest: str = ""
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Size of the Parquet files together."""
        return sum(part.bytes for part in self.files)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)


def to_json(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest as JSON values, without its digest."""
    body = asdict(manifest)
    body["created_at"] = to_text(manifest.created_at)
    body["bytes"] = manifest.bytes
    del body["digest"]
    plain: dict[str, Any] = json.loads(json.dumps(body))  # tuples become lists
    return plain


def digest_of(manifest: Manifest) -> str:
    """Return `sha256:` and the digest of the canonical JSON without the digest itself."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(to_json(manifest))).hexdigest()


def to_bytes(manifest: Manifest) -> bytes:
    """Write the file `manifest.json`."""
    return rfc8785.dumps({**to_json(manifest), "digest": digest_of(manifest)})


def from_bytes(raw: bytes, *, id: str) -> Manifest:  # noqa: A002  the word of the format
    """Read `manifest.json`; raise Damaged unless it is byte for byte what was written."""
    damaged = Damaged(
        f"manifest.json of snapshot {id} is damaged: restore it from a copy."
    )
    try:
        body = json.loads(raw)
        manifest = _from_json(body)
        intact = to_bytes(manifest) == raw and manifest.digest == digest_of(manifest)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise damaged from error
    if not intact or manifest.id != id:
        raise damaged
    return manifest


def _from_json(body: dict[str, Any]) -> Manifest:
    source = dict(body["source"])
    for plural in ("notes", "derived_from"):
        source[plural] = tuple(source[plural])
    return Manifest(
        id=body["id"],
        created_at=datetime.fromisoformat(body["created_at"]),
        rows=body["rows"],
        columns=tuple(Column(**column) for column in body["columns"]),
        files=tuple(PartFile(**part) for part in body["files"]),
        source=Source(**source),
        digest=body["digest"],
        format=body["format"],
    )
